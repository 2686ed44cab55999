package agui

import "github.com/copilotkit-go/runtime/core/internal/jsonscan"

// UnmarshalEvent decodes and validates the JSON of an event. Its error is a
// [*SyntaxError] where data isn't JSON, and a [*ValidationError] with the JSON paths
// of what the protocol doesn't allow.
func UnmarshalEvent(data []byte) (Event, error) {
	value, err := jsonscan.Check(data)
	if err != nil {
		return nil, err
	}
	var d decoder
	event := d.event(value)
	if err := d.err(); err != nil {
		return nil, err
	}
	return event, nil
}

func (d *decoder) event(value []byte) Event {
	if !d.is("object", value, nil) {
		return nil
	}
	eventType, ok := d.eventType(value)
	if !ok {
		return nil
	}
	switch eventType {
	case EventTypeRunStarted, EventTypeRunFinished, EventTypeRunError, EventTypeStepStarted, EventTypeStepFinished,
		EventTypeSubagentStarted, EventTypeSubagentFinished, EventTypeSubagentError:
		return d.lifecycleEvent(eventType, value)
	case EventTypeTextMessageStart, EventTypeTextMessageContent, EventTypeTextMessageEnd, EventTypeTextMessageChunk:
		return d.textEvent(eventType, value)
	case EventTypeToolCallStart, EventTypeToolCallArgs, EventTypeToolCallEnd, EventTypeToolCallChunk, EventTypeToolCallResult:
		return d.toolCallEvent(eventType, value)
	case EventTypeReasoningStart, EventTypeReasoningMessageStart, EventTypeReasoningMessageContent,
		EventTypeReasoningMessageEnd, EventTypeReasoningMessageChunk, EventTypeReasoningEnd, EventTypeReasoningEncryptedValue:
		return d.reasoningEvent(eventType, value)
	case EventTypeStateSnapshot, EventTypeStateDelta, EventTypeMessagesSnapshot, EventTypeActivitySnapshot,
		EventTypeActivityDelta, EventTypeRaw, EventTypeCustom:
		return d.dataEvent(eventType, value)
	default:
		return d.thinkingEvent(eventType, value)
	}
}

// eventType reads the type of an event.
func (d *decoder) eventType(event []byte) (EventType, bool) {
	at := &path{name: "type"}
	value, ok := jsonscan.Lookup(event, "type")
	if !ok {
		d.fail(at, "required")
		return "", false
	}
	if !d.is("string", value, at) {
		return "", false
	}
	eventType, ok := parseEventType(jsonscan.Text(value))
	if !ok {
		d.fail(at, "no event type of AG-UI")
	}
	return eventType, ok
}

// fields reads an event's own fields and those that every event may have.
func (d *decoder) fields(value []byte, base *BaseEvent, own ...field) {
	d.object(value, nil, &base.Extra, append(own,
		elsewhere("type"),
		optional("timestamp", number(&base.Timestamp)),
		optional("rawEvent", anything(&base.RawEvent)),
		optional("metadata", rawOf("object", &base.Metadata)),
		optional("subagentRunId", text(&base.SubagentRunID)),
	)...)
}

func (d *decoder) lifecycleEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeRunStarted:
		var e RunStartedEvent
		d.fields(value, &e.BaseEvent,
			required("threadId", text(&e.ThreadID)),
			required("runId", text(&e.RunID)),
			newer("protocolVersion", isString, text(&e.ProtocolVersion)),
			optional("parentRunId", text(&e.ParentRunID)),
			optional("input", reader{custom: func(d *decoder, value []byte, at *path) {
				e.Input = &RunAgentInput{}
				d.input(value, at, e.Input)
			}}))
		return e
	case EventTypeRunFinished:
		var e RunFinishedEvent
		d.fields(value, &e.BaseEvent,
			required("threadId", text(&e.ThreadID)),
			required("runId", text(&e.RunID)),
			optional("result", anything(&e.Result)),
			optional("outcome", reader{custom: func(d *decoder, value []byte, at *path) {
				// Some frameworks write null for none.
				if !jsonscan.IsNull(value) {
					e.Outcome = &Outcome{}
					d.outcome(value, at, e.Outcome)
				}
			}}),
			optional("usage", array(&e.Usage, (*decoder).usage)))
		return e
	case EventTypeRunError:
		var e RunErrorEvent
		d.fields(value, &e.BaseEvent,
			required("message", text(&e.Message)),
			optional("code", text(&e.Code)),
			optional("usage", array(&e.Usage, (*decoder).usage)))
		return e
	case EventTypeStepStarted:
		var e StepStartedEvent
		d.fields(value, &e.BaseEvent, required("stepName", text(&e.StepName)))
		return e
	case EventTypeStepFinished:
		var e StepFinishedEvent
		d.fields(value, &e.BaseEvent, required("stepName", text(&e.StepName)))
		return e
	default:
		return d.subagentEvent(eventType, value)
	}
}

func (d *decoder) subagentEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeSubagentStarted:
		var e SubagentStartedEvent
		d.fields(value, &e.BaseEvent,
			required("subagentRunId", text(&e.SubagentRunID)),
			required("name", text(&e.Name)),
			optional("description", text(&e.Description)),
			optional("parentSubagentRunId", text(&e.ParentSubagentRunID)),
			optional("parentToolCallId", text(&e.ParentToolCallID)),
			optional("parentMessageId", text(&e.ParentMessageID)))
		return e
	case EventTypeSubagentFinished:
		var e SubagentFinishedEvent
		d.fields(value, &e.BaseEvent,
			required("subagentRunId", text(&e.SubagentRunID)),
			optional("result", anything(&e.Result)),
			optional("outcome", reader{custom: func(d *decoder, value []byte, at *path) {
				e.Outcome = &SubagentOutcome{}
				d.object(value, at, &e.Outcome.Extra,
					required("type", word(&e.Outcome.Type, "success", "suspended")),
					optional("interruptIds", texts(&e.Outcome.InterruptIDs)))
			}}))
		return e
	default:
		var e SubagentErrorEvent
		d.fields(value, &e.BaseEvent,
			required("subagentRunId", text(&e.SubagentRunID)),
			required("message", text(&e.Message)),
			optional("code", text(&e.Code)))
		return e
	}
}

func (d *decoder) textEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeTextMessageStart:
		e := TextMessageStartEvent{Role: RoleAssistant}
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			optional("role", textRole(&e.Role)),
			optional("name", text(&e.Name)))
		return e
	case EventTypeTextMessageContent:
		var e TextMessageContentEvent
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			required("delta", text(&e.Delta)))
		return e
	case EventTypeTextMessageEnd:
		var e TextMessageEndEvent
		d.fields(value, &e.BaseEvent, required("messageId", text(&e.MessageID)))
		return e
	default:
		var e TextMessageChunkEvent
		d.fields(value, &e.BaseEvent,
			optional("messageId", text(&e.MessageID)),
			optional("role", textRole(&e.Role)),
			optional("delta", markedText(&e.Delta, &e.HasDelta)),
			optional("name", text(&e.Name)))
		return e
	}
}

func textRole(dst *Role) reader {
	return word(dst, RoleDeveloper, RoleSystem, RoleAssistant, RoleUser)
}

func (d *decoder) toolCallEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeToolCallStart:
		var e ToolCallStartEvent
		d.fields(value, &e.BaseEvent,
			required("toolCallId", text(&e.ToolCallID)),
			required("toolCallName", text(&e.ToolCallName)),
			optional("parentMessageId", nullableText(&e.ParentMessageID)))
		return e
	case EventTypeToolCallArgs:
		var e ToolCallArgsEvent
		d.fields(value, &e.BaseEvent,
			required("toolCallId", text(&e.ToolCallID)),
			required("delta", text(&e.Delta)))
		return e
	case EventTypeToolCallEnd:
		var e ToolCallEndEvent
		d.fields(value, &e.BaseEvent, required("toolCallId", text(&e.ToolCallID)))
		return e
	case EventTypeToolCallChunk:
		var e ToolCallChunkEvent
		d.fields(value, &e.BaseEvent,
			optional("toolCallId", text(&e.ToolCallID)),
			optional("toolCallName", text(&e.ToolCallName)),
			optional("parentMessageId", nullableText(&e.ParentMessageID)),
			optional("delta", markedText(&e.Delta, &e.HasDelta)))
		return e
	default:
		var e ToolCallResultEvent
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			required("toolCallId", text(&e.ToolCallID)),
			required("content", reader{custom: func(d *decoder, value []byte, at *path) {
				var content Content
				d.content(&content, value, at)
				e.Content, e.Parts = content.text, content.parts
			}}),
			optional("role", word(&e.Role, RoleTool)))
		return e
	}
}

func (d *decoder) reasoningEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeReasoningStart:
		var e ReasoningStartEvent
		d.fields(value, &e.BaseEvent, required("messageId", text(&e.MessageID)))
		return e
	case EventTypeReasoningMessageStart:
		// The schema requires the role, yet the protocol's own expansion of
		// chunks leaves it out.
		var e ReasoningMessageStartEvent
		var role Role
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			optional("role", word(&role, RoleReasoning)))
		return e
	case EventTypeReasoningMessageContent:
		var e ReasoningMessageContentEvent
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			required("delta", text(&e.Delta)))
		return e
	case EventTypeReasoningMessageEnd:
		var e ReasoningMessageEndEvent
		d.fields(value, &e.BaseEvent, required("messageId", text(&e.MessageID)))
		return e
	case EventTypeReasoningMessageChunk:
		var e ReasoningMessageChunkEvent
		d.fields(value, &e.BaseEvent,
			optional("messageId", text(&e.MessageID)),
			optional("delta", markedText(&e.Delta, &e.HasDelta)))
		return e
	case EventTypeReasoningEnd:
		var e ReasoningEndEvent
		d.fields(value, &e.BaseEvent, required("messageId", text(&e.MessageID)))
		return e
	default:
		var e ReasoningEncryptedValueEvent
		d.fields(value, &e.BaseEvent,
			required("subtype", word(&e.Subtype, "tool-call", "message")),
			required("entityId", text(&e.EntityID)),
			required("encryptedValue", text(&e.EncryptedValue)))
		return e
	}
}
