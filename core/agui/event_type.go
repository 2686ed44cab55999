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

// parseEventType returns the event type that text names, if there is one. It returns
// constants, so it doesn't allocate.
func parseEventType(text []byte) (EventType, bool) {
	switch EventType(text) {
	case EventTypeRunStarted:
		return EventTypeRunStarted, true
	case EventTypeRunFinished:
		return EventTypeRunFinished, true
	case EventTypeRunError:
		return EventTypeRunError, true
	case EventTypeStepStarted:
		return EventTypeStepStarted, true
	case EventTypeStepFinished:
		return EventTypeStepFinished, true
	case EventTypeTextMessageStart:
		return EventTypeTextMessageStart, true
	case EventTypeTextMessageContent:
		return EventTypeTextMessageContent, true
	case EventTypeTextMessageEnd:
		return EventTypeTextMessageEnd, true
	case EventTypeTextMessageChunk:
		return EventTypeTextMessageChunk, true
	case EventTypeToolCallStart:
		return EventTypeToolCallStart, true
	case EventTypeToolCallArgs:
		return EventTypeToolCallArgs, true
	case EventTypeToolCallEnd:
		return EventTypeToolCallEnd, true
	case EventTypeToolCallChunk:
		return EventTypeToolCallChunk, true
	case EventTypeToolCallResult:
		return EventTypeToolCallResult, true
	case EventTypeStateSnapshot:
		return EventTypeStateSnapshot, true
	case EventTypeStateDelta:
		return EventTypeStateDelta, true
	case EventTypeMessagesSnapshot:
		return EventTypeMessagesSnapshot, true
	case EventTypeActivitySnapshot:
		return EventTypeActivitySnapshot, true
	case EventTypeActivityDelta:
		return EventTypeActivityDelta, true
	case EventTypeReasoningStart:
		return EventTypeReasoningStart, true
	case EventTypeReasoningMessageStart:
		return EventTypeReasoningMessageStart, true
	case EventTypeReasoningMessageContent:
		return EventTypeReasoningMessageContent, true
	case EventTypeReasoningMessageEnd:
		return EventTypeReasoningMessageEnd, true
	case EventTypeReasoningMessageChunk:
		return EventTypeReasoningMessageChunk, true
	case EventTypeReasoningEnd:
		return EventTypeReasoningEnd, true
	case EventTypeReasoningEncryptedValue:
		return EventTypeReasoningEncryptedValue, true
	case EventTypeSubagentStarted:
		return EventTypeSubagentStarted, true
	case EventTypeSubagentFinished:
		return EventTypeSubagentFinished, true
	case EventTypeSubagentError:
		return EventTypeSubagentError, true
	case EventTypeRaw:
		return EventTypeRaw, true
	case EventTypeCustom:
		return EventTypeCustom, true
	case EventTypeThinkingStart:
		return EventTypeThinkingStart, true
	case EventTypeThinkingEnd:
		return EventTypeThinkingEnd, true
	case EventTypeThinkingTextMessageStart:
		return EventTypeThinkingTextMessageStart, true
	case EventTypeThinkingTextMessageContent:
		return EventTypeThinkingTextMessageContent, true
	case EventTypeThinkingTextMessageEnd:
		return EventTypeThinkingTextMessageEnd, true
	}
	return "", false
}
