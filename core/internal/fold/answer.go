package fold

import (
	"cmp"
	"encoding/json"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// Answer folds the events of one answer into the messages that it showed, as the
// reference's hooks get them: the last MESSAGES_SNAPSHOT if there was one, otherwise
// what the text, tool call and result events add up to, in the order in which they
// began. What the run was given, reasoning and activities are no part of that, nor
// are calls whose message wasn't shown.
//
// The zero value is ready; it is for one goroutine.
type Answer struct {
	// ThreadID and RunID are those of the last RUN_STARTED, "" without one.
	ThreadID, RunID string

	messages []*entry
	calls    []*answerCall
	byID     map[string]*entry
	byCall   map[string]*answerCall
	snapshot []agui.Message
}

// answerCall is a tool call whose message may be yet to come.
type answerCall struct {
	agui.ToolCall
	arguments []byte
	parent    string
}

// Add folds the next event. What can't be read is left out: the answer went to the
// client as it is, and this is only its retelling.
func (a *Answer) Add(event agui.Encoded) {
	eventType := event.EventType()
	switch eventType {
	case agui.EventTypeRunStarted:
		a.ThreadID, a.RunID = fieldText(event, "threadId"), fieldText(event, "runId")
	case agui.EventTypeMessagesSnapshot:
		var messages []agui.Message
		if list, ok := event.Field("messages"); ok && json.Unmarshal(list, &messages) == nil {
			a.snapshot = messages
		}
	case agui.EventTypeTextMessageStart:
		a.begin(agui.Message{
			ID:      fieldText(event, "messageId"),
			Role:    cmp.Or(agui.Role(fieldText(event, "role")), agui.RoleAssistant),
			Content: agui.TextContent(""),
		})
	case agui.EventTypeTextMessageContent:
		id, delta := deltaOf(event, "messageId")
		if e := a.byID[string(id)]; e != nil {
			grown := e.growText()
			*grown = jsonscan.AppendText(*grown, delta)
		}
	case agui.EventTypeToolCallStart:
		call := &answerCall{parent: fieldText(event, "parentMessageId")}
		call.ID, call.Name = fieldText(event, "toolCallId"), fieldText(event, "toolCallName")
		a.calls = append(a.calls, call)
		if a.byCall == nil {
			a.byCall = make(map[string]*answerCall)
		}
		a.byCall[call.ID] = call
	case agui.EventTypeToolCallArgs:
		id, delta := deltaOf(event, "toolCallId")
		if call := a.byCall[string(id)]; call != nil {
			call.arguments = jsonscan.AppendText(call.arguments, delta)
		}
	case agui.EventTypeToolCallResult:
		if content, ok := event.Text("content"); ok {
			a.begin(agui.Message{
				ID:         fieldText(event, "messageId"),
				Role:       agui.RoleTool,
				ToolCallID: fieldText(event, "toolCallId"),
				Content:    agui.TextContent(string(content)),
			})
		}
	}
}

// begin adds a message, or begins one of the same id anew.
func (a *Answer) begin(message agui.Message) {
	if e := a.byID[message.ID]; e != nil {
		*e = entry{Message: message}
		return
	}
	if a.byID == nil {
		a.byID = make(map[string]*entry)
	}
	e := &entry{Message: message}
	a.messages = append(a.messages, e)
	a.byID[message.ID] = e
}

// Messages returns the messages that the answer showed. Nothing may be added
// afterwards.
func (a *Answer) Messages() []agui.Message {
	if a.snapshot != nil {
		return a.snapshot
	}
	for _, call := range a.calls {
		if e := a.byID[call.parent]; e != nil {
			call.Arguments = string(call.arguments)
			e.ToolCalls = append(e.ToolCalls, call.ToolCall)
		}
	}
	messages := make([]agui.Message, len(a.messages))
	for i, e := range a.messages {
		e.settle()
		messages[i] = e.Message
	}
	return messages
}

// fieldText returns a field of an event that is a string, "" where it has none.
func fieldText(event agui.Encoded, name string) string {
	value, _ := event.Text(name)
	return string(value)
}

// deltaOf returns the text of the id, and the delta as the JSON writes it, of an
// event that may carry more. Both are nil where they aren't strings.
func deltaOf(event agui.Encoded, idName string) (id, delta []byte) {
	id, plainDelta, plain := event.PlainDelta()
	if plain {
		return jsonscan.AppendText(nil, id), plainDelta
	}
	id, _ = event.Text(idName)
	if value, ok := event.Field("delta"); ok && jsonscan.Kind(value) == "string" {
		delta = value[1 : len(value)-1]
	}
	return id, delta
}
