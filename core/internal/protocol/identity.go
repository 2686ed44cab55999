package protocol

import (
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// idField returns the name of the field that says what an event is about, "" for
// events that are about nothing that opens and ends.
func idField(eventType agui.EventType) string {
	switch eventType {
	case agui.EventTypeTextMessageStart, agui.EventTypeTextMessageContent, agui.EventTypeTextMessageEnd,
		agui.EventTypeReasoningStart, agui.EventTypeReasoningMessageStart, agui.EventTypeReasoningMessageContent,
		agui.EventTypeReasoningMessageEnd, agui.EventTypeReasoningEnd:
		return "messageId"
	case agui.EventTypeToolCallStart, agui.EventTypeToolCallArgs, agui.EventTypeToolCallEnd, agui.EventTypeToolCallResult:
		return "toolCallId"
	case agui.EventTypeStepStarted, agui.EventTypeStepFinished:
		return "stepName"
	case agui.EventTypeSubagentStarted, agui.EventTypeSubagentFinished, agui.EventTypeSubagentError:
		return "subagentRunId"
	}
	return ""
}

// idOf returns the value of that field.
func idOf(event agui.Event) (string, bool) {
	switch v := event.(type) {
	case agui.TextMessageStartEvent:
		return v.MessageID, true
	case agui.TextMessageContentEvent:
		return v.MessageID, true
	case agui.TextMessageEndEvent:
		return v.MessageID, true
	case agui.ToolCallStartEvent:
		return v.ToolCallID, true
	case agui.ToolCallArgsEvent:
		return v.ToolCallID, true
	case agui.ToolCallEndEvent:
		return v.ToolCallID, true
	case agui.ToolCallResultEvent:
		return v.ToolCallID, true
	case agui.ReasoningStartEvent:
		return v.MessageID, true
	case agui.ReasoningMessageStartEvent:
		return v.MessageID, true
	case agui.ReasoningMessageContentEvent:
		return v.MessageID, true
	case agui.ReasoningMessageEndEvent:
		return v.MessageID, true
	case agui.ReasoningEndEvent:
		return v.MessageID, true
	case agui.StepStartedEvent:
		return v.StepName, true
	case agui.StepFinishedEvent:
		return v.StepName, true
	case agui.SubagentStartedEvent:
		return v.SubagentRunID, true
	case agui.SubagentFinishedEvent:
		return v.SubagentRunID, true
	case agui.SubagentErrorEvent:
		return v.SubagentRunID, true
	}
	return "", false
}

// identify returns the id and the subagent of an event in one walk. The bytes may
// be the event's own.
func identify(event agui.Encoded, field string) (id, subagent []byte, ok bool) {
	for m := jsonscan.MembersOf(event.JSON()); m.Next(); {
		if m.Value[0] != '"' {
			continue
		}
		if string(m.Name) == field {
			id, ok = jsonscan.Text(m.Value), true
		}
		if string(m.Name) == "subagentRunId" {
			subagent = jsonscan.Text(m.Value)
		}
	}
	return id, subagent, ok
}
