package agui

import (
	"fmt"
	"strings"
)

// event appends the JSON object of an event: type, its own fields, then those
// that every event may have.
func (e *encoder) event(event Event) {
	switch v := event.(type) {
	case TextMessageContentEvent:
		e.begin(EventTypeTextMessageContent)
		e.str("messageId", v.MessageID)
		e.str("delta", v.Delta)
		e.finish(&v.BaseEvent)
	case ToolCallArgsEvent:
		e.begin(EventTypeToolCallArgs)
		e.str("toolCallId", v.ToolCallID)
		e.str("delta", v.Delta)
		e.finish(&v.BaseEvent)
	case ReasoningMessageContentEvent:
		e.begin(EventTypeReasoningMessageContent)
		e.str("messageId", v.MessageID)
		e.str("delta", v.Delta)
		e.finish(&v.BaseEvent)
	case RunStartedEvent, RunFinishedEvent, RunErrorEvent, StepStartedEvent, StepFinishedEvent,
		SubagentStartedEvent, SubagentFinishedEvent, SubagentErrorEvent:
		e.lifecycleEvent(event)
	case TextMessageStartEvent, TextMessageEndEvent, TextMessageChunkEvent,
		ReasoningStartEvent, ReasoningMessageStartEvent, ReasoningMessageEndEvent, ReasoningMessageChunkEvent,
		ReasoningEndEvent, ReasoningEncryptedValueEvent, ThinkingEvent:
		e.textEvent(event)
	case ToolCallStartEvent, ToolCallEndEvent, ToolCallChunkEvent, ToolCallResultEvent:
		e.toolCallEvent(event)
	default:
		e.dataEvent(event)
	}
}

func (e *encoder) lifecycleEvent(event Event) {
	switch v := event.(type) {
	case RunStartedEvent:
		e.begin(EventTypeRunStarted)
		e.str("threadId", v.ThreadID)
		e.str("runId", v.RunID)
		e.optStr("protocolVersion", v.ProtocolVersion)
		e.optStr("parentRunId", v.ParentRunID)
		if v.Input != nil {
			e.member("input")
			e.input(v.Input)
		}
		e.finish(&v.BaseEvent)
	case RunFinishedEvent:
		e.begin(EventTypeRunFinished)
		e.str("threadId", v.ThreadID)
		e.str("runId", v.RunID)
		e.optRaw("result", v.Result)
		if v.Outcome != nil {
			e.member("outcome")
			e.outcome(v.Outcome)
		}
		e.usage(v.Usage)
		e.finish(&v.BaseEvent)
	case RunErrorEvent:
		e.begin(EventTypeRunError)
		e.str("message", v.Message)
		e.optStr("code", v.Code)
		e.usage(v.Usage)
		e.finish(&v.BaseEvent)
	case StepStartedEvent:
		e.begin(EventTypeStepStarted)
		e.str("stepName", v.StepName)
		e.finish(&v.BaseEvent)
	case StepFinishedEvent:
		e.begin(EventTypeStepFinished)
		e.str("stepName", v.StepName)
		e.finish(&v.BaseEvent)
	case SubagentStartedEvent:
		e.begin(EventTypeSubagentStarted)
		e.str("subagentRunId", v.SubagentRunID)
		e.str("name", v.Name)
		e.optStr("description", v.Description)
		e.optStr("parentSubagentRunId", v.ParentSubagentRunID)
		e.optStr("parentToolCallId", v.ParentToolCallID)
		e.optStr("parentMessageId", v.ParentMessageID)
		e.common(&v.BaseEvent)
	case SubagentFinishedEvent:
		e.begin(EventTypeSubagentFinished)
		e.str("subagentRunId", v.SubagentRunID)
		e.optRaw("result", v.Result)
		if v.Outcome != nil {
			e.member("outcome")
			e.open()
			e.str("type", v.Outcome.Type)
			e.strs("interruptIds", v.Outcome.InterruptIDs)
			e.extra(v.Outcome.Extra)
			e.close()
		}
		e.common(&v.BaseEvent)
	case SubagentErrorEvent:
		e.begin(EventTypeSubagentError)
		e.str("subagentRunId", v.SubagentRunID)
		e.str("message", v.Message)
		e.optStr("code", v.Code)
		e.common(&v.BaseEvent)
	}
}

func (e *encoder) textEvent(event Event) {
	switch v := event.(type) {
	case TextMessageStartEvent:
		e.begin(EventTypeTextMessageStart)
		e.str("messageId", v.MessageID)
		e.str("role", string(orRole(v.Role, RoleAssistant)))
		e.optStr("name", v.Name)
		e.finish(&v.BaseEvent)
	case TextMessageEndEvent:
		e.begin(EventTypeTextMessageEnd)
		e.str("messageId", v.MessageID)
		e.finish(&v.BaseEvent)
	case TextMessageChunkEvent:
		e.begin(EventTypeTextMessageChunk)
		e.optStr("messageId", v.MessageID)
		e.optStr("role", string(v.Role))
		e.delta(v.Delta, v.HasDelta)
		e.optStr("name", v.Name)
		e.finish(&v.BaseEvent)
	case ReasoningStartEvent:
		e.begin(EventTypeReasoningStart)
		e.str("messageId", v.MessageID)
		e.finish(&v.BaseEvent)
	case ReasoningMessageStartEvent:
		e.begin(EventTypeReasoningMessageStart)
		e.str("messageId", v.MessageID)
		e.str("role", string(RoleReasoning))
		e.finish(&v.BaseEvent)
	case ReasoningMessageEndEvent:
		e.begin(EventTypeReasoningMessageEnd)
		e.str("messageId", v.MessageID)
		e.finish(&v.BaseEvent)
	case ReasoningMessageChunkEvent:
		e.begin(EventTypeReasoningMessageChunk)
		e.optStr("messageId", v.MessageID)
		e.delta(v.Delta, v.HasDelta)
		e.finish(&v.BaseEvent)
	case ReasoningEndEvent:
		e.begin(EventTypeReasoningEnd)
		e.str("messageId", v.MessageID)
		e.finish(&v.BaseEvent)
	case ReasoningEncryptedValueEvent:
		e.begin(EventTypeReasoningEncryptedValue)
		e.str("subtype", v.Subtype)
		e.str("entityId", v.EntityID)
		e.str("encryptedValue", v.EncryptedValue)
		e.finish(&v.BaseEvent)
	case ThinkingEvent:
		if !strings.HasPrefix(string(v.Type), "THINKING_") {
			e.fail("type", fmt.Errorf("%q is not a thinking event", v.Type))
		}
		e.begin(v.Type)
		e.optStr("title", v.Title)
		e.delta(v.Delta, v.Type == EventTypeThinkingTextMessageContent)
		e.finish(&v.BaseEvent)
	}
}

func (e *encoder) toolCallEvent(event Event) {
	switch v := event.(type) {
	case ToolCallStartEvent:
		e.begin(EventTypeToolCallStart)
		e.str("toolCallId", v.ToolCallID)
		e.str("toolCallName", v.ToolCallName)
		e.optStr("parentMessageId", v.ParentMessageID)
		e.finish(&v.BaseEvent)
	case ToolCallEndEvent:
		e.begin(EventTypeToolCallEnd)
		e.str("toolCallId", v.ToolCallID)
		e.finish(&v.BaseEvent)
	case ToolCallChunkEvent:
		e.begin(EventTypeToolCallChunk)
		e.optStr("toolCallId", v.ToolCallID)
		e.optStr("toolCallName", v.ToolCallName)
		e.optStr("parentMessageId", v.ParentMessageID)
		e.delta(v.Delta, v.HasDelta)
		e.finish(&v.BaseEvent)
	case ToolCallResultEvent:
		e.begin(EventTypeToolCallResult)
		e.str("messageId", v.MessageID)
		e.str("toolCallId", v.ToolCallID)
		if v.Parts != nil {
			e.list("content")
			for i := range v.Parts {
				e.element()
				e.part(&v.Parts[i])
			}
			e.endList()
		} else {
			e.str("content", v.Content)
		}
		e.optStr("role", string(v.Role))
		e.finish(&v.BaseEvent)
	}
}

func (e *encoder) dataEvent(event Event) {
	switch v := event.(type) {
	case StateSnapshotEvent:
		e.begin(EventTypeStateSnapshot)
		e.raw("snapshot", v.Snapshot, "null")
		e.finish(&v.BaseEvent)
	case StateDeltaEvent:
		e.begin(EventTypeStateDelta)
		e.raw("delta", v.Delta, "[]")
		e.finish(&v.BaseEvent)
	case MessagesSnapshotEvent:
		e.begin(EventTypeMessagesSnapshot)
		e.list("messages")
		for i := range v.Messages {
			e.element()
			e.message(&v.Messages[i])
		}
		e.endList()
		e.finish(&v.BaseEvent)
	case ActivitySnapshotEvent:
		e.begin(EventTypeActivitySnapshot)
		e.str("messageId", v.MessageID)
		e.str("activityType", v.ActivityType)
		e.raw("content", v.Content, "{}")
		if v.NoReplace {
			e.member("replace")
			e.buf = append(e.buf, "false"...)
		}
		e.finish(&v.BaseEvent)
	case ActivityDeltaEvent:
		e.begin(EventTypeActivityDelta)
		e.str("messageId", v.MessageID)
		e.str("activityType", v.ActivityType)
		e.raw("patch", v.Patch, "[]")
		e.finish(&v.BaseEvent)
	case RawEvent:
		e.begin(EventTypeRaw)
		e.raw("event", v.Event, "null")
		e.optStr("source", v.Source)
		e.finish(&v.BaseEvent)
	case CustomEvent:
		e.begin(EventTypeCustom)
		e.str("name", v.Name)
		e.raw("value", v.Value, "null")
		e.finish(&v.BaseEvent)
	default:
		e.fail("event", fmt.Errorf("%T is not one of this package's events by value", event))
	}
}

func (e *encoder) begin(eventType EventType) {
	e.buf = append(e.buf, `{"type":"`...)
	e.buf = append(e.buf, eventType...)
	e.buf = append(e.buf, '"')
}

func (e *encoder) finish(base *BaseEvent) {
	e.optStr("subagentRunId", base.SubagentRunID)
	e.common(base)
}

func (e *encoder) common(base *BaseEvent) {
	e.optFloat("timestamp", base.Timestamp)
	e.optRaw("rawEvent", base.RawEvent)
	e.optRaw("metadata", base.Metadata)
	e.extra(base.Extra)
	e.close()
}

func (e *encoder) delta(delta string, has bool) {
	if has || delta != "" {
		e.str("delta", delta)
	}
}

func (e *encoder) outcome(outcome *Outcome) {
	e.open()
	e.str("type", outcome.Type)
	if outcome.Interrupts != nil {
		e.list("interrupts")
		for i := range outcome.Interrupts {
			e.element()
			e.interrupt(&outcome.Interrupts[i])
		}
		e.endList()
	}
	e.strs("pendingToolCallIds", outcome.PendingToolCallIDs)
	e.extra(outcome.Extra)
	e.close()
}

func (e *encoder) interrupt(interrupt *Interrupt) {
	e.open()
	e.str("id", interrupt.ID)
	e.str("reason", interrupt.Reason)
	e.optStr("message", interrupt.Message)
	e.optStr("toolCallId", interrupt.ToolCallID)
	e.optRaw("responseSchema", interrupt.ResponseSchema)
	e.optStr("expiresAt", interrupt.ExpiresAt)
	e.optStr("subagentRunId", interrupt.SubagentRunID)
	e.optRaw("metadata", interrupt.Metadata)
	e.extra(interrupt.Extra)
	e.close()
}

func (e *encoder) usage(usage []TokenUsage) {
	if usage == nil {
		return
	}
	e.list("usage")
	for i := range usage {
		u := &usage[i]
		e.element()
		e.open()
		e.optStr("provider", u.Provider)
		e.optStr("model", u.Model)
		e.optInt("inputTokens", u.InputTokens)
		e.optInt("outputTokens", u.OutputTokens)
		e.optInt("totalTokens", u.TotalTokens)
		e.optInt("reasoningTokens", u.ReasoningTokens)
		e.optInt("cachedInputTokens", u.CachedInputTokens)
		e.optInt("cacheWriteInputTokens", u.CacheWriteInputTokens)
		e.extra(u.Extra)
		e.close()
	}
	e.endList()
}

func orRole(role, fallback Role) Role {
	if role == "" {
		return fallback
	}
	return role
}
