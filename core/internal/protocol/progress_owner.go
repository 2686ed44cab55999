package protocol

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
)

// owners are the subagents, or the run's own agent as "", that the messages and tool
// calls of a run belong to: whoever began one keeps it for the run, and an event that
// names a subagent must name that one. The zero value is ready for use.
type owners struct {
	known map[entity]string
	// unread are the events with messages, RUN_STARTED and the last snapshot, whose
	// messages have no subagent. They are read when a subagent turns up, which in most
	// runs never happens.
	unread [2]agui.Event
}

// entity is something that has an owner. Ids are unique among one kind.
type entity struct {
	kind entityKind
	id   string
}

type entityKind string

const (
	textEntity      entityKind = "message"
	reasoningEntity entityKind = "reasoning message"
	activityEntity  entityKind = "activity"
	callEntity      entityKind = "tool call"
)

// lookup returns the owner of an entity, and whether it is known.
func (o *owners) lookup(kind entityKind, id []byte) (owner string, known bool) {
	owner, known = o.known[entity{kind, string(id)}]
	return owner, known
}

// check fails when an event names another subagent than the entity's. An event
// that names none goes with the entity.
func (o *owners) check(kind entityKind, id, subagent []byte) error {
	if len(subagent) == 0 {
		return nil
	}
	for i, event := range o.unread {
		if event != nil {
			o.unread[i] = nil
			o.read(messagesOf(event), (*owners).claim)
		}
	}
	if owner, known := o.lookup(kind, id); known && owner != string(subagent) {
		return fmt.Errorf("%s %q is not of subagent %q", kind, string(id), string(subagent))
	}
	return nil
}

// claim makes the subagent the owner unless there is one, and returns the owner.
func (o *owners) claim(kind entityKind, id, subagent []byte) string {
	if owner, known := o.lookup(kind, id); known {
		return owner
	}
	return o.set(kind, id, subagent)
}

func (o *owners) set(kind entityKind, id, subagent []byte) string {
	if o.known == nil {
		o.known = map[entity]string{}
	}
	owner := string(subagent)
	o.known[entity{kind, string(id)}] = owner
	return owner
}

// seed records the owners of the messages that RUN_STARTED or a snapshot restates.
func (o *owners) seed(event agui.Event) {
	encoded, ok := event.(agui.Encoded)
	if ok && !bytes.Contains(encoded.JSON(), []byte(`"subagentRunId"`)) {
		o.postpone(event)
		return
	}
	messages := messagesOf(event)
	if !slices.ContainsFunc(messages, func(m agui.Message) bool { return m.SubagentRunID != "" }) {
		o.postpone(event)
		return
	}
	if event.EventType() == agui.EventTypeMessagesSnapshot {
		o.read(messages, (*owners).set)
	} else {
		o.read(messages, (*owners).claim)
	}
}

func (o *owners) postpone(event agui.Event) {
	if event.EventType() == agui.EventTypeRunStarted {
		o.unread[0] = event
	} else {
		o.unread[1] = event
	}
}

func messagesOf(event agui.Event) []agui.Message {
	if encoded, ok := event.(agui.Encoded); ok {
		decoded, err := encoded.Decode()
		if err != nil {
			return nil
		}
		event = decoded
	}
	switch v := event.(type) {
	case agui.RunStartedEvent:
		if v.Input != nil {
			return v.Input.Messages
		}
	case agui.MessagesSnapshotEvent:
		return v.Messages
	}
	return nil
}

func (o *owners) read(messages []agui.Message, take func(*owners, entityKind, []byte, []byte) string) {
	for i := range messages {
		kind := textEntity
		switch messages[i].Role {
		case agui.RoleReasoning:
			kind = reasoningEntity
		case agui.RoleActivity:
			kind = activityEntity
		}
		subagent := []byte(messages[i].SubagentRunID)
		take(o, kind, []byte(messages[i].ID), subagent)
		for _, call := range messages[i].ToolCalls {
			take(o, callEntity, []byte(call.ID), subagent)
		}
	}
}

// observeOwners records the events that open and end nothing, but are about something
// that has an owner.
func (p *Progress) observeOwners(eventType agui.EventType, event agui.Event) error {
	switch eventType {
	case agui.EventTypeMessagesSnapshot:
		p.owners.seed(event)
	case agui.EventTypeActivitySnapshot:
		id, replace := textOf(event, "messageId"), true
		switch v := event.(type) {
		case agui.ActivitySnapshotEvent:
			replace = !v.NoReplace
		case agui.Encoded:
			value, _ := v.Field("replace")
			replace = string(value) != "false"
		}
		if _, known := p.owners.lookup(activityEntity, id); replace || !known {
			p.owners.set(activityEntity, id, textOf(event, "subagentRunId"))
		}
	case agui.EventTypeActivityDelta:
		return p.owners.check(activityEntity, textOf(event, "messageId"), textOf(event, "subagentRunId"))
	case agui.EventTypeReasoningEncryptedValue:
		id, subagent := textOf(event, "entityId"), textOf(event, "subagentRunId")
		if string(textOf(event, "subtype")) == "tool-call" {
			return p.owners.check(callEntity, id, subagent)
		}
		if err := p.owners.check(textEntity, id, subagent); err != nil {
			return err
		}
		if _, known := p.owners.lookup(textEntity, id); !known {
			return p.owners.check(reasoningEntity, id, subagent)
		}
	}
	return nil
}

// textOf returns a field of an event that is a string, nil for none.
func textOf(event agui.Event, name string) []byte {
	if encoded, ok := event.(agui.Encoded); ok {
		text, _ := encoded.Text(name)
		return text
	}
	if name == "subagentRunId" {
		return []byte(agui.SubagentOf(event))
	}
	switch v := event.(type) {
	case agui.ToolCallStartEvent: // parentMessageId
		return []byte(v.ParentMessageID)
	case agui.ToolCallResultEvent: // messageId
		return []byte(v.MessageID)
	case agui.SubagentStartedEvent: // parentSubagentRunId
		return []byte(v.ParentSubagentRunID)
	case agui.ActivitySnapshotEvent: // messageId
		return []byte(v.MessageID)
	case agui.ActivityDeltaEvent: // messageId
		return []byte(v.MessageID)
	case agui.ReasoningEncryptedValueEvent:
		if name == "subtype" {
			return []byte(v.Subtype)
		}
		return []byte(v.EntityID)
	}
	return nil
}
