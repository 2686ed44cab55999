package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestAnAnswerHasABoundOnItsCallsAndItsText(t *testing.T) {
	calls := func(n int) (deltas []model.Delta) {
		for i := range n {
			deltas = append(deltas, model.Delta{Kind: model.KindToolCall, Call: i, ID: "c" + strconv.Itoa(i), Name: "paint"}, model.Delta{Kind: model.KindArguments, Call: i, Text: `{}`})
		}
		return append(deltas, finish(model.FinishToolCalls))
	}
	for name, test := range map[string]struct {
		answer []model.Delta
		code   string
	}{
		"128 calls":      {calls(128), ""},
		"129 calls":      {calls(129), "answer_too_large"},
		"33 MiB of text": {slices.Repeat([]model.Delta{{Kind: model.KindText, Text: strings.Repeat("x", 1<<20)}}, 33), "answer_too_large"},
		"33 MiB of arguments": {append([]model.Delta{{Kind: model.KindToolCall, ID: "c", Name: "paint"}},
			slices.Repeat([]model.Delta{{Kind: model.KindArguments, Text: strings.Repeat("x", 1<<20)}}, 33)...), "answer_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			input := agenttest.Saying("Hi")
			input.Tools = append(input.Tools, agenttest.PaintTool())
			a, err := builtin.New(builtin.Config{Model: &script{answers: [][]model.Delta{test.answer}}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = agenttest.Collect(a.Run(t.Context(), input))
			failed, _ := errors.AsType[*agent.Error](err)
			if test.code == "" && err != nil || test.code != "" && (failed == nil || failed.Code != test.code) {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}

func TestAResultThatIsTooLargeIsAnErrorForTheModel(t *testing.T) {
	type none struct{}
	large := agent.Tool("large", "", func(context.Context, none) (string, error) { return strings.Repeat("x", 8<<20), nil })
	p := scripted(t, agenttest.Calling("large", `{}`), scriptedmodel.Answer{Text: "ok"})
	events := agenttest.Run(t, p.agent(t, builtin.Config{MaxSteps: 2, Tools: []agent.ServerTool{large}}), agenttest.Saying("Hi"))
	var result struct{ Error string }
	if err := json.Unmarshal([]byte(agenttest.Results(events)["call_1"]), &result); err != nil || !strings.Contains(result.Error, "8388608 at most") {
		t.Errorf("the call has the result %.200q", agenttest.Results(events)["call_1"])
	}
}
