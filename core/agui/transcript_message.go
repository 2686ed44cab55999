package agui

import (
	"bytes"
	"encoding/json"
	"slices"
)

// unquoted gives the text of a JSON string's content.
func unquoted(content []byte) []byte {
	if bytes.IndexByte(content, '\\') < 0 {
		return content
	}
	return unescape(make([]byte, 0, len(content)), content)
}

// addDelta adds to the text of a message or to the arguments of a call.
func addDelta[T string | []byte](t *Transcript, eventType EventType, id, delta T, metadata json.RawMessage) {
	if eventType == EventTypeToolCallArgs {
		e, call := t.call(string(id))
		if call == nil {
			return
		}
		arguments := e.args[call.ID]
		if arguments == nil {
			if e.args == nil {
				e.args = map[string]*[]byte{}
			}
			begun := []byte(call.Arguments)
			arguments = &begun
			e.args[call.ID] = arguments
		}
		*arguments = append(*arguments, delta...)
		call.Metadata = mergeMetadata(call.Metadata, metadata)
		return
	}
	e := t.byID[string(id)]
	if e == nil || e.Role == RoleActivity {
		return
	}
	if e.text == nil {
		var text []byte
		if e.Content.kind == contentText {
			text = []byte(e.Content.text)
		}
		e.text = &text
	}
	*e.text = append(*e.text, delta...)
	e.Metadata = mergeMetadata(e.Metadata, metadata)
}

// settle puts what has grown into the message.
func (e *entry) settle() {
	if e.text != nil {
		e.Content = TextContent(string(*e.text))
		e.text = nil
	}
	for id, arguments := range e.args {
		if i := slices.IndexFunc(e.ToolCalls, func(call ToolCall) bool { return call.ID == id }); i >= 0 {
			e.ToolCalls[i].Arguments = string(*arguments)
		}
	}
	e.args = nil
}

// start opens a message unless it is there: a tool call may have made it.
func (t *Transcript) start(message Message, base *BaseEvent) {
	e := t.byID[message.ID]
	if e == nil {
		message.Content = TextContent("")
		message.SubagentRunID = base.SubagentRunID
		e = t.push(message)
	} else if e.Role == RoleActivity {
		return
	}
	e.Metadata = mergeMetadata(e.Metadata, base.Metadata)
}

// note adds the metadata of an end, where it often first is complete.
func (t *Transcript) note(id string, metadata json.RawMessage) {
	if e := t.byID[id]; e != nil && e.Role != RoleActivity {
		e.Metadata = mergeMetadata(e.Metadata, metadata)
	}
}

// call finds a tool call and the message that has it. The call may be changed.
func (t *Transcript) call(id string) (*entry, *ToolCall) {
	e := t.byCall[id]
	if e == nil {
		return nil, nil
	}
	for i := range e.ToolCalls {
		if e.ToolCalls[i].ID == id {
			return e, &e.ToolCalls[i]
		}
	}
	return nil, nil
}

// startCall adds a call to its parent message, or to a new one. A call that is
// there already only takes the name: it may have come with the run's input.
func (t *Transcript) startCall(event ToolCallStartEvent) {
	if _, call := t.call(event.ToolCallID); call != nil {
		call.Name = event.ToolCallName
		call.Metadata = mergeMetadata(call.Metadata, event.Metadata)
		return
	}
	parent := t.byID[event.ParentMessageID]
	switch {
	case event.ParentMessageID != "" && parent == nil:
		parent = t.push(Message{ID: event.ParentMessageID, Role: RoleAssistant, SubagentRunID: event.SubagentRunID})
	case event.ParentMessageID == "" || parent.Role != RoleAssistant:
		_, exists := t.byID[event.ToolCallID]
		parent = t.push(Message{ID: event.ToolCallID, Role: RoleAssistant})
		if !exists {
			parent.SubagentRunID = event.SubagentRunID
		}
	}
	parent.ToolCalls = append(parent.ToolCalls, ToolCall{
		ID: event.ToolCallID, Name: event.ToolCallName, Metadata: event.Metadata,
	})
	t.byCall[event.ToolCallID] = parent
}

// addResult puts a result after the message with its call and the results that
// are there already; providers ask for that order.
func (t *Transcript) addResult(event ToolCallResultEvent) {
	content := TextContent(event.Content)
	if event.Parts != nil {
		content = PartsContent(event.Parts...)
	}
	e := &entry{Message: Message{
		ID:            event.MessageID,
		Role:          RoleTool,
		ToolCallID:    event.ToolCallID,
		Content:       content,
		SubagentRunID: event.SubagentRunID,
		Metadata:      event.Metadata,
	}}
	at := len(t.messages)
	if owner := t.byCall[event.ToolCallID]; owner != nil && owner.Role == RoleAssistant {
		at = slices.Index(t.messages, owner) + 1
		for at < len(t.messages) && t.messages[at].Role == RoleTool {
			at++
		}
	}
	t.messages = slices.Insert(t.messages, at, e)
	t.index(e)
}

func (t *Transcript) setActivity(event ActivitySnapshotEvent) {
	content := event.Content
	if content == nil {
		content = json.RawMessage("{}")
	}
	message := Message{
		ID:            event.MessageID,
		Role:          RoleActivity,
		ActivityType:  event.ActivityType,
		Content:       ObjectContent(content),
		SubagentRunID: event.SubagentRunID,
	}
	e := t.byID[event.MessageID]
	switch {
	case e == nil:
		e = t.push(message)
	case event.NoReplace && e.Role != RoleActivity:
		return
	case event.NoReplace:
	case e.Role == RoleActivity:
		message.Metadata, message.Extra = e.Metadata, e.Extra
		e.Message = message
	default:
		e.Message, e.text, e.args = message, nil, nil
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
}

func (t *Transcript) patchActivity(event ActivityDeltaEvent) {
	e := t.byID[event.MessageID]
	if e == nil || e.Role != RoleActivity {
		return
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
	patched, err := ApplyPatch(e.Content.object, event.Patch)
	if err != nil || kindOf(patched) != "object" {
		return
	}
	e.Content, e.ActivityType = ObjectContent(patched), event.ActivityType
}

func (t *Transcript) setEncryptedValue(event ReasoningEncryptedValueEvent) {
	if event.Subtype == "tool-call" {
		if e, call := t.call(event.EntityID); call != nil && e.Role == RoleAssistant {
			call.EncryptedValue = event.EncryptedValue
		}
	} else if e := t.byID[event.EntityID]; e != nil && e.Role != RoleActivity {
		e.EncryptedValue = event.EncryptedValue
	}
}
