package fold

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// unquoted gives the text of a JSON string's content.
func unquoted(content []byte) []byte {
	if bytes.IndexByte(content, '\\') < 0 {
		return content
	}
	return jsonscan.AppendText(make([]byte, 0, len(content)), content)
}

// addDelta adds to the text of a message or to the arguments of a call.
func addDelta[T string | []byte](t *Transcript, eventType agui.EventType, id, delta T, metadata json.RawMessage) {
	if eventType == agui.EventTypeToolCallArgs {
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
	if e == nil || e.Role == agui.RoleActivity {
		return
	}
	if e.text == nil {
		var text []byte
		if e.Content.Parts() == nil {
			text = []byte(e.Content.Text())
		}
		e.text = &text
	}
	*e.text = append(*e.text, delta...)
	e.Metadata = mergeMetadata(e.Metadata, metadata)
}

// settle puts what has grown into the message.
func (e *entry) settle() {
	if e.text != nil {
		e.Content = agui.TextContent(string(*e.text))
		e.text = nil
	}
	for id, arguments := range e.args {
		if i := slices.IndexFunc(e.ToolCalls, func(call agui.ToolCall) bool { return call.ID == id }); i >= 0 {
			e.ToolCalls[i].Arguments = string(*arguments)
		}
	}
	e.args = nil
}

// start opens a message unless it is there: a tool call may have made it.
func (t *Transcript) start(message agui.Message, base *agui.BaseEvent) {
	e := t.byID[message.ID]
	if e == nil {
		message.Content = agui.TextContent("")
		message.SubagentRunID = base.SubagentRunID
		e = t.push(message)
	} else if e.Role == agui.RoleActivity {
		return
	}
	e.Metadata = mergeMetadata(e.Metadata, base.Metadata)
}

// note adds the metadata of an end, where it often first is complete.
func (t *Transcript) note(id string, metadata json.RawMessage) {
	if e := t.byID[id]; e != nil && e.Role != agui.RoleActivity {
		e.Metadata = mergeMetadata(e.Metadata, metadata)
	}
}

// call finds a tool call and the message that has it. The call may be changed.
func (t *Transcript) call(id string) (*entry, *agui.ToolCall) {
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
func (t *Transcript) startCall(event agui.ToolCallStartEvent) {
	if _, call := t.call(event.ToolCallID); call != nil {
		call.Name = event.ToolCallName
		call.Metadata = mergeMetadata(call.Metadata, event.Metadata)
		return
	}
	parent := t.byID[event.ParentMessageID]
	switch {
	case event.ParentMessageID != "" && parent == nil:
		parent = t.push(agui.Message{ID: event.ParentMessageID, Role: agui.RoleAssistant, SubagentRunID: event.SubagentRunID})
	case event.ParentMessageID == "" || parent.Role != agui.RoleAssistant:
		_, exists := t.byID[event.ToolCallID]
		parent = t.push(agui.Message{ID: event.ToolCallID, Role: agui.RoleAssistant})
		if !exists {
			parent.SubagentRunID = event.SubagentRunID
		}
	}
	parent.ToolCalls = append(parent.ToolCalls, agui.ToolCall{
		ID: event.ToolCallID, Name: event.ToolCallName, Metadata: event.Metadata,
	})
	t.byCall[event.ToolCallID] = parent
}

// addResult puts a result after the message with its call and the results that
// are there already; providers ask for that order.
func (t *Transcript) addResult(event agui.ToolCallResultEvent) {
	content := agui.TextContent(event.Content)
	if event.Parts != nil {
		content = agui.PartsContent(event.Parts...)
	}
	e := &entry{Message: agui.Message{
		ID:            event.MessageID,
		Role:          agui.RoleTool,
		ToolCallID:    event.ToolCallID,
		Content:       content,
		SubagentRunID: event.SubagentRunID,
		Metadata:      event.Metadata,
	}}
	at := len(t.messages)
	if owner := t.byCall[event.ToolCallID]; owner != nil && owner.Role == agui.RoleAssistant {
		at = slices.Index(t.messages, owner) + 1
		for at < len(t.messages) && t.messages[at].Role == agui.RoleTool {
			at++
		}
	}
	t.messages = slices.Insert(t.messages, at, e)
	t.index(e)
}

func (t *Transcript) setActivity(event agui.ActivitySnapshotEvent) {
	content := event.Content
	if content == nil {
		content = json.RawMessage("{}")
	}
	message := agui.Message{
		ID:            event.MessageID,
		Role:          agui.RoleActivity,
		ActivityType:  event.ActivityType,
		Content:       agui.ObjectContent(content),
		SubagentRunID: event.SubagentRunID,
	}
	e := t.byID[event.MessageID]
	switch {
	case e == nil:
		e = t.push(message)
	case event.NoReplace && e.Role != agui.RoleActivity:
		return
	case event.NoReplace:
	case e.Role == agui.RoleActivity:
		message.Metadata, message.Extra = e.Metadata, e.Extra
		e.Message = message
	default:
		e.Message, e.text, e.args = message, nil, nil
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
}

func (t *Transcript) patchActivity(event agui.ActivityDeltaEvent) {
	e := t.byID[event.MessageID]
	if e == nil || e.Role != agui.RoleActivity {
		return
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
	patched, err := ApplyPatch(e.Content.Object(), event.Patch)
	if err != nil || jsonscan.Kind(patched) != "object" {
		return
	}
	e.Content, e.ActivityType = agui.ObjectContent(patched), event.ActivityType
}

func (t *Transcript) setEncryptedValue(event agui.ReasoningEncryptedValueEvent) {
	if event.Subtype == "tool-call" {
		if e, call := t.call(event.EntityID); call != nil && e.Role == agui.RoleAssistant {
			call.EncryptedValue = event.EncryptedValue
		}
	} else if e := t.byID[event.EntityID]; e != nil && e.Role != agui.RoleActivity {
		e.EncryptedValue = event.EncryptedValue
	}
}
