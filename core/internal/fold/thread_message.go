package fold

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// entry is a message that may still grow.
type entry struct {
	agui.Message
	// text holds the content as it grows, arguments those of tool calls by their
	// ids, activity the content of an activity message that is patched; settle puts
	// them in their places.
	text      *[]byte
	arguments map[string]*[]byte
	activity  *jsonpatch.Document
}

// settle puts what has grown into the message.
func (e *entry) settle() {
	if e.text != nil {
		e.Content = agui.TextContent(string(*e.text))
		e.text = nil
	}
	for id, arguments := range e.arguments {
		if i := slices.IndexFunc(e.ToolCalls, func(call agui.ToolCall) bool { return call.ID == id }); i >= 0 {
			e.ToolCalls[i].Arguments = string(*arguments)
		}
	}
	e.arguments = nil
	if e.activity != nil {
		e.Content = agui.ObjectContent(e.activity.AppendJSON(nil))
		e.activity = nil
	}
}

// growText returns the message's content for more to be appended.
func (e *entry) growText() *[]byte {
	if e.text == nil {
		var text []byte
		if e.Content.Parts() == nil {
			text = []byte(e.Content.Text())
		}
		e.text = &text
	}
	return e.text
}

// growArguments returns a call's arguments for more to be appended.
func (e *entry) growArguments(call *agui.ToolCall) *[]byte {
	arguments := e.arguments[call.ID]
	if arguments == nil {
		if e.arguments == nil {
			e.arguments = make(map[string]*[]byte)
		}
		begun := []byte(call.Arguments)
		arguments = &begun
		e.arguments[call.ID] = arguments
	}
	return arguments
}

// addDelta adds a plain delta, given as its JSON writes it.
func (t *Thread) addDelta(eventType agui.EventType, id, delta []byte) {
	if bytes.IndexByte(id, '\\') >= 0 {
		id = jsonscan.AppendText(nil, id)
	}
	var grown *[]byte
	if eventType != agui.EventTypeToolCallArgs {
		if e := t.text(string(id)); e != nil {
			grown = e.growText()
		}
	} else if e, call := t.call(string(id)); call != nil {
		grown = e.growArguments(call)
	}
	if grown != nil {
		*grown = jsonscan.AppendText(*grown, delta)
	}
}

func (t *Thread) addText(id, delta string, metadata json.RawMessage) {
	if e := t.text(id); e != nil {
		text := e.growText()
		*text = append(*text, delta...)
		e.Metadata = mergeMetadata(e.Metadata, metadata)
	}
}

func (t *Thread) addArguments(id, delta string, metadata json.RawMessage) {
	if e, call := t.call(id); call != nil {
		arguments := e.growArguments(call)
		*arguments = append(*arguments, delta...)
		call.Metadata = mergeMetadata(call.Metadata, metadata)
	}
}

// text returns a message that can have text, nil for none.
func (t *Thread) text(id string) *entry {
	if e := t.byID[id]; e != nil && e.Role != agui.RoleActivity {
		return e
	}
	return nil
}

// start opens a message unless it is there: a tool call may have made it.
func (t *Thread) start(message agui.Message, base *agui.BaseEvent) {
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

// addMetadata adds the metadata of an end, which is where it often is complete.
func (t *Thread) addMetadata(id string, metadata json.RawMessage) {
	if e := t.text(id); e != nil {
		e.Metadata = mergeMetadata(e.Metadata, metadata)
	}
}

// call returns a tool call, which may be changed, and the message that has it.
func (t *Thread) call(id string) (*entry, *agui.ToolCall) {
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
func (t *Thread) startCall(event agui.ToolCallStartEvent) {
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
func (t *Thread) addResult(event agui.ToolCallResultEvent) {
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
		for at > 0 && t.messages[at-1] != owner { // most often it is among the last
			at--
		}
		for at < len(t.messages) && t.messages[at].Role == agui.RoleTool {
			at++
		}
	}
	t.messages = slices.Insert(t.messages, at, e)
	t.index(e)
}

func (t *Thread) setActivity(event agui.ActivitySnapshotEvent) {
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
		*e = entry{Message: message}
	default:
		*e = entry{Message: message}
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
}

func (t *Thread) patchActivity(event agui.ActivityDeltaEvent) {
	e := t.byID[event.MessageID]
	if e == nil || e.Role != agui.RoleActivity {
		return
	}
	e.Metadata = mergeMetadata(e.Metadata, event.Metadata)
	if e.activity == nil {
		document, err := jsonpatch.ParseObject(e.Content.Object())
		if err != nil {
			return
		}
		e.activity = document
	}
	if e.activity.Apply(event.Patch) == nil {
		e.ActivityType = event.ActivityType
	}
}

func (t *Thread) setEncryptedValue(event agui.ReasoningEncryptedValueEvent) {
	if event.Subtype == "tool-call" {
		if e, call := t.call(event.EntityID); call != nil && e.Role == agui.RoleAssistant {
			call.EncryptedValue = event.EncryptedValue
		}
	} else if e := t.text(event.EntityID); e != nil {
		e.EncryptedValue = event.EncryptedValue
	}
}
