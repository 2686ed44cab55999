package builtin_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

// script is a model that yields answers in turn and records its requests.
type script struct {
	answers  [][]model.Delta
	err      error
	requests []model.Request
}

func (s *script) Stream(_ context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		asked := *request
		asked.Messages = append([]agui.Message(nil), request.Messages...)
		s.requests = append(s.requests, asked)
		for _, delta := range s.answers[min(len(s.requests), len(s.answers))-1] {
			if !yield(delta, nil) {
				return
			}
		}
		if s.err != nil {
			yield(model.Delta{}, s.err)
		}
	}
}

func finish(reason model.FinishReason) model.Delta {
	return model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason}}
}

func TestWhatTheProviderWantsBackGoesThroughTheClient(t *testing.T) {
	s := &script{answers: [][]model.Delta{
		{
			{Kind: model.KindReasoning, Text: "hm"}, {Kind: model.KindReasoningData, Text: "r1"},
			{Kind: model.KindReasoningData, Text: "r2"},
			{Kind: model.KindReasoning, Text: "so"},
			{Kind: model.KindText, Text: "I look."}, {Kind: model.KindTextData, Text: "t1"},
			{Kind: model.KindToolCall, ID: "call_1", Name: "weather"}, {Kind: model.KindToolCallData, Text: "c1"},
			{Kind: model.KindArguments, Text: `{"city":"Oslo"}`},
			finish(model.FinishToolCalls),
		},
		{{Kind: model.KindText, Text: "Cold."}, finish(model.FinishStop)},
	}}
	a, err := builtin.New(builtin.Config{Model: s, Tools: []agent.ServerTool{agenttest.WeatherTool()}})
	if err != nil {
		t.Fatal(err)
	}
	events := agenttest.Run(t, a, agenttest.Saying("Hi"))
	ids := map[string]string{}
	for _, event := range events {
		if event, ok := event.(agui.ReasoningEncryptedValueEvent); ok {
			ids[event.EncryptedValue] = event.Subtype + " " + event.EntityID
		}
	}
	agenttest.WantLines(t, hideIDs(agenttest.Lines(t, events)),
		`REASONING_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_START {"messageId":"m1"}`,
		`REASONING_MESSAGE_CONTENT {"delta":"hm","messageId":"m1"}`,
		`REASONING_MESSAGE_END {"messageId":"m1"}`,
		`REASONING_ENCRYPTED_VALUE`,
		`REASONING_END {"messageId":"m1"}`,
		`REASONING_START {"messageId":"m2"}`,
		`REASONING_MESSAGE_START {"messageId":"m2"}`,
		`REASONING_MESSAGE_END {"messageId":"m2"}`,
		`REASONING_ENCRYPTED_VALUE`,
		`REASONING_END {"messageId":"m2"}`,
		`REASONING_START {"messageId":"m3"}`,
		`REASONING_MESSAGE_START {"messageId":"m3"}`,
		`REASONING_MESSAGE_CONTENT {"delta":"so","messageId":"m3"}`,
		`REASONING_MESSAGE_END {"messageId":"m3"}`,
		`REASONING_END {"messageId":"m3"}`,
		`TEXT_MESSAGE_START {"messageId":"m4"}`,
		`TEXT_MESSAGE_CONTENT {"delta":"I look.","messageId":"m4"}`,
		`TEXT_MESSAGE_END {"messageId":"m4"}`,
		`TOOL_CALL_START {"parentMessageId":"m4","toolCallId":"call_1","toolCallName":"weather"}`,
		`TOOL_CALL_ARGS {"delta":"{\"city\":\"Oslo\"}","toolCallId":"call_1"}`,
		`REASONING_ENCRYPTED_VALUE`,
		`TOOL_CALL_END {"toolCallId":"call_1"}`,
		`REASONING_ENCRYPTED_VALUE`,
		`TOOL_CALL_RESULT {"content":"{\"celsius\":21}","messageId":"m5","toolCallId":"call_1"}`,
		`TEXT_MESSAGE_START {"messageId":"m6"}`,
		`TEXT_MESSAGE_CONTENT {"delta":"Cold.","messageId":"m6"}`,
		`TEXT_MESSAGE_END {"messageId":"m6"}`,
		`RUN_FINISHED {"finishReason":"stop"}`,
	)
	if !strings.HasPrefix(ids["r1"], "message ") || !strings.HasPrefix(ids["r2"], "message ") || !strings.HasPrefix(ids["t1"], "message ") || ids["c1"] != "tool-call call_1" {
		t.Errorf("the data is of %v", ids)
	}

	// The request of the next step is the same as that of the next run, whose
	// messages the client makes of the events.
	next := s.requests[1]
	if next.History != 1 || len(next.Messages) != 6 {
		t.Fatalf("the next step was asked %+v", next)
	}
	for i, want := range []agui.Message{
		{Role: agui.RoleReasoning, Content: agui.TextContent("hm"), EncryptedValue: "r1"},
		{Role: agui.RoleReasoning, EncryptedValue: "r2"},
		{Role: agui.RoleReasoning, Content: agui.TextContent("so")},
		{Role: agui.RoleAssistant, Content: agui.TextContent("I look."), EncryptedValue: "t1"},
		{Role: agui.RoleTool, Content: agui.TextContent(`{"celsius":21}`)},
	} {
		got := next.Messages[1+i]
		if got.Role != want.Role || got.Content.Text() != want.Content.Text() || got.EncryptedValue != want.EncryptedValue || got.ID == "" {
			t.Errorf("message %d is %+v, want %+v", 1+i, got, want)
		}
	}
	if call := next.Messages[4].ToolCalls[0]; call.EncryptedValue != "c1" || call.Arguments != `{"city":"Oslo"}` || call.ID != "call_1" {
		t.Errorf("the call is %+v", call)
	}
	input := agenttest.Saying("Hi")
	input.Messages = append(next.Messages, agui.Message{ID: "u2", Role: agui.RoleUser, Content: agui.TextContent("And?")})
	agenttest.Run(t, a, input)
	last := s.requests[2]
	if last.History != 7 || last.Messages[1].EncryptedValue != "r1" || last.Messages[4].ToolCalls[0].EncryptedValue != "c1" {
		t.Errorf("the next run was asked %+v", last)
	}
}

// hideIDs removes the fields of encrypted values, whose ids are random, from lines.
func hideIDs(lines []string) []string {
	for i, line := range lines {
		if strings.HasPrefix(line, "REASONING_ENCRYPTED_VALUE ") {
			lines[i] = "REASONING_ENCRYPTED_VALUE"
		}
	}
	return lines
}

func TestAModelsFailureEndsTheRun(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	endless := make([]model.Delta, 40)
	for i := range endless {
		endless[i] = model.Delta{Kind: model.KindText, Text: huge}
	}
	cause := errors.New("cause")
	for name, test := range map[string]struct {
		script script
		code   string // of the error, empty for one that the client must not see
	}{
		"that the client may see":      {script{answers: [][]model.Delta{{}}, err: model.NewError(model.CodeRateLimited, cause)}, "rate_limited"},
		"that the client must not see": {script{answers: [][]model.Delta{{}}, err: cause}, ""},
		"by an answer without an end":  {script{answers: [][]model.Delta{{{Kind: model.KindText, Text: "Hel"}}}}, "provider_unavailable"},
		"by an answer without measure": {script{answers: [][]model.Delta{endless}}, "answer_too_large"},
		"by going on with no call":     {script{answers: [][]model.Delta{{{Kind: model.KindArguments, Call: 3, Text: "{}"}}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := builtin.New(builtin.Config{Model: &test.script})
			if err != nil {
				t.Fatal(err)
			}
			_, err = agenttest.Collect(a.Run(t.Context(), agenttest.Saying("Hi")))
			var failed *agent.Error
			if err == nil || errors.As(err, &failed) != (test.code != "") || failed != nil && failed.Code != test.code {
				t.Errorf("the run ended with %v", err)
			}
			if test.script.err != nil && !errors.Is(err, cause) {
				t.Errorf("the cause of %v is lost", err)
			}
		})
	}
}
