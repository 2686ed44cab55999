package agui

// idField names the field that says what an event is about, "" for events that
// are about nothing that opens and ends.
func idField(eventType EventType) string {
	switch eventType {
	case EventTypeTextMessageStart, EventTypeTextMessageContent, EventTypeTextMessageEnd,
		EventTypeReasoningStart, EventTypeReasoningMessageStart, EventTypeReasoningMessageContent,
		EventTypeReasoningMessageEnd, EventTypeReasoningEnd:
		return "messageId"
	case EventTypeToolCallStart, EventTypeToolCallArgs, EventTypeToolCallEnd, EventTypeToolCallResult:
		return "toolCallId"
	case EventTypeStepStarted, EventTypeStepFinished:
		return "stepName"
	case EventTypeSubagentStarted, EventTypeSubagentFinished, EventTypeSubagentError:
		return "subagentRunId"
	}
	return ""
}

// idOf gives the value of that field.
func idOf(event Event) (string, bool) {
	switch v := event.(type) {
	case TextMessageStartEvent:
		return v.MessageID, true
	case TextMessageContentEvent:
		return v.MessageID, true
	case TextMessageEndEvent:
		return v.MessageID, true
	case ToolCallStartEvent:
		return v.ToolCallID, true
	case ToolCallArgsEvent:
		return v.ToolCallID, true
	case ToolCallEndEvent:
		return v.ToolCallID, true
	case ToolCallResultEvent:
		return v.ToolCallID, true
	case ReasoningStartEvent:
		return v.MessageID, true
	case ReasoningMessageStartEvent:
		return v.MessageID, true
	case ReasoningMessageContentEvent:
		return v.MessageID, true
	case ReasoningMessageEndEvent:
		return v.MessageID, true
	case ReasoningEndEvent:
		return v.MessageID, true
	case StepStartedEvent:
		return v.StepName, true
	case StepFinishedEvent:
		return v.StepName, true
	case SubagentStartedEvent:
		return v.SubagentRunID, true
	case SubagentFinishedEvent:
		return v.SubagentRunID, true
	case SubagentErrorEvent:
		return v.SubagentRunID, true
	}
	return "", false
}

// identity gives the id and the subagent of an event in one walk. The bytes may
// be the event's own.
func (e Encoded) identity(field string) (id, subagent []byte, ok bool) {
	for m := membersOf(e.JSON()); m.next(); {
		if m.value[0] != '"' {
			continue
		}
		if string(m.name) == field {
			id, ok = stringBytes(m.value), true
		}
		if string(m.name) == "subagentRunId" {
			subagent = stringBytes(m.value)
		}
	}
	return id, subagent, ok
}
