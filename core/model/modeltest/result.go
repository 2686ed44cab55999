package modeltest

import (
	"context"
	"testing"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Result is the result of collecting the deltas of an answer.
type Result struct {
	Text, TextData string
	// Reasoning is all reasoning, ReasoningData the data of each one that has data.
	Reasoning     string
	ReasoningData []string
	Calls         []Call
	// Finish is nil if the answer isn't complete.
	Finish *model.Finish
	// Err is the error of an answer that isn't complete.
	Err error
}

// Call is a complete tool call.
type Call struct {
	ID, Name, Arguments, Data string
}

// Ask asks a model, collects the answer, and checks that all deltas are as package
// model promises.
func Ask(ctx context.Context, t testing.TB, m model.Model, request *model.Request) Result {
	t.Helper()
	var r Result
	for delta, err := range m.Stream(ctx, request) {
		if r.Err != nil || r.Finish != nil {
			t.Fatalf("after the end of the answer came %+v, %v", delta, err)
		}
		if err != nil {
			r.Err = err
			continue
		}
		r.add(t, delta)
	}
	if r.Err == nil && r.Finish == nil {
		t.Error("the answer has neither an end nor an error")
	}
	return r
}

func (r *Result) add(t testing.TB, delta model.Delta) {
	t.Helper()
	if delta.Kind < model.KindText || delta.Kind > model.KindFinish {
		t.Errorf("a delta has the unknown kind %d", delta.Kind)
	}
	if wantsText := delta.Kind != model.KindToolCall && delta.Kind != model.KindFinish; (delta.Text != "") != wantsText || !utf8.ValidString(delta.Text) {
		t.Errorf("a delta of kind %d has the text %q", delta.Kind, delta.Text)
	}
	if (delta.Kind == model.KindArguments || delta.Kind == model.KindToolCallData) && (delta.Call < 0 || delta.Call >= len(r.Calls)) {
		t.Fatalf("a delta goes on with call %d of %d", delta.Call, len(r.Calls))
	}
	switch delta.Kind {
	case model.KindText:
		r.Text += delta.Text
	case model.KindTextData:
		r.TextData = delta.Text
	case model.KindReasoning:
		r.Reasoning += delta.Text
	case model.KindReasoningData:
		r.ReasoningData = append(r.ReasoningData, delta.Text)
	case model.KindToolCall:
		if delta.Call != len(r.Calls) || delta.Name == "" {
			t.Errorf("call %d begins as %+v", len(r.Calls), delta)
		}
		r.Calls = append(r.Calls, Call{ID: delta.ID, Name: delta.Name})
	case model.KindArguments:
		r.Calls[delta.Call].Arguments += delta.Text
	case model.KindToolCallData:
		r.Calls[delta.Call].Data = delta.Text
	case model.KindFinish:
		if delta.Finish == nil || delta.Finish.Reason == "" {
			t.Fatal("the answer ends without a reason")
		}
		r.Finish = delta.Finish
	}
}

// messages returns the answer as messages of the next request, with a result for each
// call.
func (r *Result) messages(result string) []agui.Message {
	var messages []agui.Message
	for i, data := range r.ReasoningData {
		reasoning := agui.Message{ID: "r" + string(rune('0'+i)), Role: agui.RoleReasoning, EncryptedValue: data}
		if i == 0 {
			reasoning.Content = agui.TextContent(r.Reasoning)
		}
		messages = append(messages, reasoning)
	}
	if len(r.ReasoningData) == 0 && r.Reasoning != "" {
		messages = append(messages, agui.Message{ID: "r", Role: agui.RoleReasoning, Content: agui.TextContent(r.Reasoning)})
	}
	answer := agui.Message{ID: "a", Role: agui.RoleAssistant, EncryptedValue: r.TextData}
	if r.Text != "" {
		answer.Content = agui.TextContent(r.Text)
	}
	var results []agui.Message
	for i, call := range r.Calls {
		id := call.ID
		if id == "" {
			id = "call_" + string(rune('0'+i))
		}
		arguments := call.Arguments
		if arguments == "" {
			arguments = "{}"
		}
		answer.ToolCalls = append(answer.ToolCalls, agui.ToolCall{ID: id, Name: call.Name, Arguments: arguments, EncryptedValue: call.Data})
		results = append(results, agui.Message{ID: "t" + id, Role: agui.RoleTool, ToolCallID: id, Content: agui.TextContent(result)})
	}
	return append(append(messages, answer), results...)
}
