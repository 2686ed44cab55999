package modeltest

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// question returns a request in which the user says something, with two tools.
func question() *model.Request {
	schema := json.RawMessage(`{"type":"object","properties":{"city":{"type":"string","description":"the city's name"}},"required":["city"]}`)
	return &model.Request{
		System:   []string{"You are terse."},
		Messages: []agui.Message{{ID: "u", Role: agui.RoleUser, Content: agui.TextContent("What is it like in Oslo?")}},
		History:  1,
		Tools: []model.Tool{
			{Name: "weather", Description: "The weather in a city", Parameters: schema},
			{Name: "time", Description: "The time in a city", Parameters: schema},
		},
		Settings: model.Settings{MaxRetries: new(int)},
	}
}

// calls returns two tool calls.
func calls() []model.Delta {
	return []model.Delta{
		{Kind: model.KindToolCall, Call: 0, ID: "call-a", Name: "weather"},
		{Kind: model.KindArguments, Call: 0, Text: `{"city":`},
		{Kind: model.KindArguments, Call: 0, Text: `"Oslo"}`},
		{Kind: model.KindToolCall, Call: 1, ID: "call-b", Name: "time"},
		{Kind: model.KindArguments, Call: 1, Text: `{"city":"Oslo"}`},
	}
}

func testAnswers(t *testing.T, dialect Dialect) {
	long := strings.Repeat("0123456789", 100_000)
	thought := model.Delta{Kind: model.KindReasoning, Text: "Let me see."}
	twoCalls := []Call{{Name: "weather", Arguments: `{"city":"Oslo"}`}, {Name: "time", Arguments: `{"city":"Oslo"}`}}
	for name, test := range map[string]struct {
		deltas    []model.Delta
		reason    model.FinishReason
		reasoning bool
		want      Result
	}{
		"text in pieces":           {text("Cold ", "and ", "dark."), model.FinishStop, false, Result{Text: "Cold and dark."}},
		"text of any kind":         {text("\"quoted\" \\ \n\t ", "žluťoučký 🚀 ", "{\"a\":1}"), model.FinishStop, false, Result{Text: "\"quoted\" \\ \n\t žluťoučký 🚀 {\"a\":1}"}},
		"a million bytes at once":  {text(long), model.FinishStop, false, Result{Text: long}},
		"nothing":                  {nil, model.FinishStop, false, Result{}},
		"text that was too long":   {text("Cold"), model.FinishLength, false, Result{Text: "Cold"}},
		"text that was filtered":   {text("Cold"), model.FinishContentFilter, false, Result{Text: "Cold"}},
		"reasoning before text":    {append([]model.Delta{thought}, text("Cold.")...), model.FinishStop, true, Result{Reasoning: "Let me see.", Text: "Cold."}},
		"two tool calls":           {calls(), model.FinishToolCalls, false, Result{Calls: twoCalls}},
		"text before tool calls":   {append(text("I look."), calls()...), model.FinishToolCalls, false, Result{Text: "I look.", Calls: twoCalls}},
		"reasoning before calls":   {append([]model.Delta{thought}, calls()...), model.FinishToolCalls, true, Result{Reasoning: "Let me see.", Calls: twoCalls}},
		"a call without arguments": {calls()[:1], model.FinishToolCalls, false, Result{Calls: []Call{{Name: "weather"}}}},
		"the same tool called twice": {
			[]model.Delta{{Kind: model.KindToolCall, ID: "call-a", Name: "weather"}, {Kind: model.KindToolCall, Call: 1, ID: "call-b", Name: "weather"}, {Kind: model.KindArguments, Call: 1, Text: `{"city":"Rome"}`}},
			model.FinishToolCalls, false, Result{Calls: []Call{{Name: "weather"}, {Name: "weather", Arguments: `{"city":"Rome"}`}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.reasoning && dialect.WithoutReasoning {
				t.Skip("the provider shows no reasoning")
			}
			got, _ := ask(t, dialect, question(), nil, finished(test.reason, test.deltas...))
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if got.Text != test.want.Text || got.Reasoning != test.want.Reasoning {
				t.Errorf("got %q after thinking %q", got.Text, got.Reasoning)
			}
			if got.Finish.Reason != test.reason {
				t.Errorf("the answer ended with %q, want %q", got.Finish.Reason, test.reason)
			}
			var ids []string
			for i := range got.Calls {
				call := &got.Calls[i]
				if call.Arguments == "{}" {
					call.Arguments = ""
				}
				if call.ID != "" && slices.Contains(ids, call.ID) {
					t.Errorf("two calls have the id %q", call.ID)
				}
				ids = append(ids, call.ID)
				call.ID = ""
			}
			if !reflect.DeepEqual(got.Calls, test.want.Calls) {
				t.Errorf("got the calls %+v", got.Calls)
			}
		})
	}
	t.Run("counts that can't be are left out", func(t *testing.T) {
		for _, count := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64 / 2} {
			answer := finished(model.FinishStop, text("Cold.")...)
			answer.Deltas[1].Finish.Usage = &model.Usage{InputTokens: &count, OutputTokens: &count}
			got, _ := ask(t, dialect, question(), nil, answer)
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			usage := got.Finish.Usage
			if usage == nil {
				continue
			}
			for _, n := range []*int64{usage.InputTokens, usage.OutputTokens, usage.TotalTokens} {
				if n != nil && (*n < 0 || *n > 1<<60) {
					t.Errorf("%d became %d", count, *n)
				}
			}
		}
	})
	t.Run("tokens are counted", func(t *testing.T) {
		in, out := int64(11), int64(7)
		answer := finished(model.FinishStop, text("Cold.")...)
		answer.Deltas[1].Finish.Usage = &model.Usage{InputTokens: &in, OutputTokens: &out}
		got, _ := ask(t, dialect, question(), nil, answer)
		if got.Err != nil || got.Finish.Usage == nil {
			t.Fatalf("got %+v", got)
		}
		usage := got.Finish.Usage
		if usage.InputTokens == nil || *usage.InputTokens != in || usage.OutputTokens == nil || *usage.OutputTokens != out {
			t.Errorf("got %+v", usage)
		}
		if got.Finish.Model.Provider == "" {
			t.Error("the answer is nobody's")
		}
	})
}

func testData(t *testing.T, dialect Dialect) {
	for name, test := range map[string]struct {
		data  Data
		delta model.Kind
	}{
		"of a tool call": {dialect.ToolCallData, model.KindToolCallData},
		"of reasoning":   {dialect.ReasoningData, model.KindReasoningData},
		"of text":        {dialect.TextData, model.KindTextData},
	} {
		t.Run(name, func(t *testing.T) {
			if test.data.Value == "" {
				t.Skip("the provider wants none back")
			}
			var deltas []model.Delta
			data := model.Delta{Kind: test.delta, Text: test.data.Value}
			if test.delta == model.KindReasoningData {
				deltas = append(deltas, model.Delta{Kind: model.KindReasoning, Text: "Let me see."}, data)
			}
			deltas = append(append(deltas, text("I look.")...), calls()...)
			if test.delta != model.KindReasoningData {
				deltas = append(deltas, data)
			}
			request := question()
			p := newProvider(t, dialect, nil, finished(model.FinishToolCalls, deltas...), finished(model.FinishStop, text("Cold.")...))
			m := dialect.New(t, p.URL, key)
			first := Ask(t.Context(), t, m, request)
			if first.Err != nil {
				t.Fatal(first.Err)
			}
			if got := strings.Join(append(first.ReasoningData, first.TextData, first.Calls[0].Data), ""); got != test.data.Value {
				t.Errorf("got the data %q, want %q", got, test.data.Value)
			}
			request.Messages = append(request.Messages, first.messages("9 degrees")...)
			for when, history := range map[string]int{"in the same run": 1, "in a later run": len(request.Messages)} {
				request.History = history
				if next := Ask(t.Context(), t, m, request); next.Err != nil || next.Text != "Cold." {
					t.Errorf("%s: got %+v", when, next)
				}
				bodies := p.requests()
				if body := bodies[len(bodies)-1]; !strings.Contains(body, test.data.Sent) {
					t.Errorf("%s: the data isn't in %s", when, body)
				}
			}
		})
	}
	t.Run("but another provider's is passed over", func(t *testing.T) {
		for _, foreign := range []string{"of another provider", `{"signature":"zzz"}`, `[1]`, `"`} {
			request := question()
			r := Result{Reasoning: "Hm.", ReasoningData: []string{foreign}, Text: "I look.", TextData: foreign, Calls: []Call{{ID: "call-a", Name: "weather", Data: foreign}}}
			request.Messages = append(request.Messages, r.messages("9 degrees")...)
			request.History = len(request.Messages)
			if got, _ := ask(t, dialect, request, nil, finished(model.FinishStop, text("Cold.")...)); got.Err != nil || got.Text != "Cold." {
				t.Errorf("with %q: got %+v", foreign, got)
			}
		}
	})
}
