package agui

// EventType names an AG-UI event on the wire.
//
// Source: https://docs.ag-ui.com/concepts/events
type EventType string

// The event types of AG-UI. The THINKING ones are the protocol's older names
// for reasoning: they are carried, never produced.
const (
	EventTypeRunStarted                 EventType = "RUN_STARTED"
	EventTypeRunFinished                EventType = "RUN_FINISHED"
	EventTypeRunError                   EventType = "RUN_ERROR"
	EventTypeStepStarted                EventType = "STEP_STARTED"
	EventTypeStepFinished               EventType = "STEP_FINISHED"
	EventTypeTextMessageStart           EventType = "TEXT_MESSAGE_START"
	EventTypeTextMessageContent         EventType = "TEXT_MESSAGE_CONTENT"
	EventTypeTextMessageEnd             EventType = "TEXT_MESSAGE_END"
	EventTypeTextMessageChunk           EventType = "TEXT_MESSAGE_CHUNK"
	EventTypeToolCallStart              EventType = "TOOL_CALL_START"
	EventTypeToolCallArgs               EventType = "TOOL_CALL_ARGS"
	EventTypeToolCallEnd                EventType = "TOOL_CALL_END"
	EventTypeToolCallChunk              EventType = "TOOL_CALL_CHUNK"
	EventTypeToolCallResult             EventType = "TOOL_CALL_RESULT"
	EventTypeStateSnapshot              EventType = "STATE_SNAPSHOT"
	EventTypeStateDelta                 EventType = "STATE_DELTA"
	EventTypeMessagesSnapshot           EventType = "MESSAGES_SNAPSHOT"
	EventTypeActivitySnapshot           EventType = "ACTIVITY_SNAPSHOT"
	EventTypeActivityDelta              EventType = "ACTIVITY_DELTA"
	EventTypeReasoningStart             EventType = "REASONING_START"
	EventTypeReasoningMessageStart      EventType = "REASONING_MESSAGE_START"
	EventTypeReasoningMessageContent    EventType = "REASONING_MESSAGE_CONTENT"
	EventTypeReasoningMessageEnd        EventType = "REASONING_MESSAGE_END"
	EventTypeReasoningMessageChunk      EventType = "REASONING_MESSAGE_CHUNK"
	EventTypeReasoningEnd               EventType = "REASONING_END"
	EventTypeReasoningEncryptedValue    EventType = "REASONING_ENCRYPTED_VALUE"
	EventTypeSubagentStarted            EventType = "SUBAGENT_STARTED"
	EventTypeSubagentFinished           EventType = "SUBAGENT_FINISHED"
	EventTypeSubagentError              EventType = "SUBAGENT_ERROR"
	EventTypeRaw                        EventType = "RAW"
	EventTypeCustom                     EventType = "CUSTOM"
	EventTypeThinkingStart              EventType = "THINKING_START"
	EventTypeThinkingEnd                EventType = "THINKING_END"
	EventTypeThinkingTextMessageStart   EventType = "THINKING_TEXT_MESSAGE_START"
	EventTypeThinkingTextMessageContent EventType = "THINKING_TEXT_MESSAGE_CONTENT"
	EventTypeThinkingTextMessageEnd     EventType = "THINKING_TEXT_MESSAGE_END"
)

// eventTypeOf gives the event type that text names.
func eventTypeOf(text []byte) (EventType, bool) {
	// A switch over constants neither allocates nor needs a table.
	switch eventType := EventType(text); eventType {
	case EventTypeRunStarted,
		EventTypeRunFinished,
		EventTypeRunError,
		EventTypeStepStarted,
		EventTypeStepFinished,
		EventTypeTextMessageStart,
		EventTypeTextMessageContent,
		EventTypeTextMessageEnd,
		EventTypeTextMessageChunk,
		EventTypeToolCallStart,
		EventTypeToolCallArgs,
		EventTypeToolCallEnd,
		EventTypeToolCallChunk,
		EventTypeToolCallResult,
		EventTypeStateSnapshot,
		EventTypeStateDelta,
		EventTypeMessagesSnapshot,
		EventTypeActivitySnapshot,
		EventTypeActivityDelta,
		EventTypeReasoningStart,
		EventTypeReasoningMessageStart,
		EventTypeReasoningMessageContent,
		EventTypeReasoningMessageEnd,
		EventTypeReasoningMessageChunk,
		EventTypeReasoningEnd,
		EventTypeReasoningEncryptedValue,
		EventTypeSubagentStarted,
		EventTypeSubagentFinished,
		EventTypeSubagentError,
		EventTypeRaw,
		EventTypeCustom,
		EventTypeThinkingStart,
		EventTypeThinkingEnd,
		EventTypeThinkingTextMessageStart,
		EventTypeThinkingTextMessageContent,
		EventTypeThinkingTextMessageEnd:
		return eventType, true
	}
	return "", false
}
