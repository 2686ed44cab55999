package agui

func (d *decoder) dataEvent(eventType EventType, value []byte) Event {
	switch eventType {
	case EventTypeStateSnapshot:
		var e StateSnapshotEvent
		d.fields(value, &e.BaseEvent, optional("snapshot", anything(&e.Snapshot)))
		return e
	case EventTypeStateDelta:
		var e StateDeltaEvent
		d.fields(value, &e.BaseEvent, required("delta", rawOf("array", &e.Delta)))
		return e
	case EventTypeMessagesSnapshot:
		var e MessagesSnapshotEvent
		d.fields(value, &e.BaseEvent, required("messages", array(&e.Messages, (*decoder).message)))
		return e
	case EventTypeActivitySnapshot:
		var e ActivitySnapshotEvent
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			required("activityType", text(&e.ActivityType)),
			required("content", rawOf("object", &e.Content)),
			optional("replace", reader{custom: func(d *decoder, value []byte, at *path) {
				e.NoReplace = d.is("boolean", value, at) && value[0] == 'f'
			}}))
		return e
	case EventTypeActivityDelta:
		var e ActivityDeltaEvent
		d.fields(value, &e.BaseEvent,
			required("messageId", text(&e.MessageID)),
			required("activityType", text(&e.ActivityType)),
			required("patch", rawOf("array", &e.Patch)))
		return e
	case EventTypeRaw:
		var e RawEvent
		d.fields(value, &e.BaseEvent,
			optional("event", anything(&e.Event)),
			optional("source", text(&e.Source)))
		return e
	default:
		var e CustomEvent
		d.fields(value, &e.BaseEvent,
			required("name", text(&e.Name)),
			optional("value", anything(&e.Value)))
		return e
	}
}

func (d *decoder) thinkingEvent(eventType EventType, value []byte) Event {
	e := ThinkingEvent{Type: eventType}
	var own []field
	switch eventType {
	case EventTypeThinkingStart:
		own = append(own, optional("title", text(&e.Title)))
	case EventTypeThinkingTextMessageContent:
		own = append(own, required("delta", text(&e.Delta)))
	}
	d.fields(value, &e.BaseEvent, own...)
	return e
}

func (d *decoder) outcome(value []byte, at *path, outcome *Outcome) {
	d.object(value, at, &outcome.Extra,
		required("type", word(&outcome.Type, "success", "interrupt", "cancelled")),
		optional("interrupts", array(&outcome.Interrupts, (*decoder).interrupt)),
		optional("pendingToolCallIds", texts(&outcome.PendingToolCallIDs)))
	if outcome.Type == "interrupt" && len(outcome.Interrupts) == 0 {
		d.fail(&path{parent: at, name: "interrupts"}, "at least one is required")
	}
}

func (d *decoder) interrupt(value []byte, at *path, interrupt *Interrupt) {
	d.object(value, at, &interrupt.Extra,
		required("id", text(&interrupt.ID)),
		required("reason", text(&interrupt.Reason)),
		optional("message", text(&interrupt.Message)),
		optional("toolCallId", text(&interrupt.ToolCallID)),
		optional("responseSchema", rawOf("object", &interrupt.ResponseSchema)),
		optional("expiresAt", text(&interrupt.ExpiresAt)),
		optional("subagentRunId", text(&interrupt.SubagentRunID)),
		optional("metadata", rawOf("object", &interrupt.Metadata)))
}

func (d *decoder) usage(value []byte, at *path, usage *TokenUsage) {
	d.object(value, at, &usage.Extra,
		optional("provider", text(&usage.Provider)),
		optional("model", text(&usage.Model)),
		optional("inputTokens", count(&usage.InputTokens)),
		optional("outputTokens", count(&usage.OutputTokens)),
		optional("totalTokens", count(&usage.TotalTokens)),
		optional("reasoningTokens", count(&usage.ReasoningTokens)),
		optional("cachedInputTokens", count(&usage.CachedInputTokens)),
		newer("cacheWriteInputTokens", isCount, count(&usage.CacheWriteInputTokens)))
}
