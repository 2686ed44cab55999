package loop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

// answering returns a model that yields answers in turn, the last one again and
// again.
func answering(answers ...[]model.Delta) model.Model {
	return model.Func(func(context.Context, *model.Request) iter.Seq2[model.Delta, error] {
		deltas := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return func(yield func(model.Delta, error) bool) {
			for _, delta := range deltas {
				if !yield(delta, nil) {
					return
				}
			}
		}
	})
}

func text(text string) model.Delta { return model.Delta{Kind: model.KindText, Text: text} }

// call returns the deltas of a call with arguments.
func call(number int, id, name, arguments string) []model.Delta {
	return []model.Delta{
		{Kind: model.KindToolCall, Call: number, ID: id, Name: name},
		{Kind: model.KindArguments, Call: number, Text: arguments},
	}
}

func finish(reason model.FinishReason) model.Delta {
	return model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason}}
}

// play plays a run with the tools and checks that its events follow the protocol.
func play(t *testing.T, input *agui.RunAgentInput, m model.Model, tools ...agent.ServerTool) ([]agui.Event, error) {
	t.Helper()
	run := loop.Run{
		Input: input, Model: m, Request: &model.Request{},
		Tools: &loop.Tools{Logger: slog.New(slog.DiscardHandler)}, MaxSteps: 3,
	}
	definitions, err := loop.Define(tools)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tools {
		run.Tools.AddServer(&tools[i], definitions[i])
	}
	events, err := agenttest.Collect(func(yield func(agui.Event, error) bool) { run.Play(t.Context(), yield) })
	var progress protocol.Progress
	started := agui.RunStartedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
	for _, event := range append([]agui.Event{started}, events...) {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		if err := progress.Observe(encoded); err != nil {
			t.Fatal(err)
		}
	}
	return events, err
}

func TestTheFinishEndsTheAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		after []model.Delta
	}{
		{"before more text", []model.Delta{text("b")}},
		{"before another call", call(0, "c", "weather", "{}")},
		{"before another finish", []model.Delta{finish(model.FinishLength)}},
		{"before a delta of a call that there isn't", []model.Delta{{Kind: model.KindArguments, Call: 7, Text: "{}"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := append([]model.Delta{text("a"), finish(model.FinishStop)}, test.after...)
			events, err := play(t, agenttest.Saying("Hi"), answering(answer))
			if err != nil || agenttest.Text(events) != "a" {
				t.Errorf("got %v and %v", events, err)
			}
			finished, ok := events[len(events)-1].(agui.RunFinishedEvent)
			if !ok || string(finished.Extra["finishReason"]) != `"stop"` {
				t.Errorf("the last event is %#v", events[len(events)-1])
			}
		})
	}
}

func TestFinishReasons(t *testing.T) {
	for reason, want := range map[model.FinishReason]string{
		model.FinishLength: `"length"`,
		"":                 `"other"`,
		`no "more"`:        `"no \"more\""`,
	} {
		events, err := play(t, agenttest.Saying("Hi"), answering([]model.Delta{text("a"), finish(reason)}))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(events[len(events)-1].(agui.RunFinishedEvent).Extra["finishReason"]); got != want {
			t.Errorf("%q becomes %s, want %s", reason, got, want)
		}
	}
}

// Front ends and the thread's history know a call by its id alone.
func TestCallsHaveIDsOfTheirOwn(t *testing.T) {
	oslo, rome := call(0, "c", "weather", `{"city":"Oslo"}`), call(0, "c", "weather", `{"city":"Rome"}`)
	second := call(1, "c", "weather", `{"city":"Rome"}`)
	said := []model.Delta{text("done"), finish(model.FinishStop)}
	asked := agenttest.Saying("Hi")
	asked.Messages = append(asked.Messages, agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{
		{ID: "c", Name: "weather", Arguments: `{"city":"Bern"}`},
	}})
	for _, test := range []struct {
		name    string
		input   *agui.RunAgentInput
		answers [][]model.Delta
		want    []string
	}{
		{"in one answer", agenttest.Saying("Hi"), [][]model.Delta{append(append(oslo[:2:2], second...), finish(model.FinishToolCalls)), said},
			[]string{`{"city":"Oslo"}`, `{"city":"Rome"}`}},
		{"in two answers", agenttest.Saying("Hi"), [][]model.Delta{append(oslo[:2:2], finish(model.FinishToolCalls)), append(rome[:2:2], finish(model.FinishToolCalls)), said},
			[]string{`{"city":"Oslo"}`, `{"city":"Rome"}`}},
		{"in two runs", asked, [][]model.Delta{append(rome[:2:2], finish(model.FinishToolCalls)), said},
			[]string{`{"city":"Bern"}`, `{"city":"Rome"}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, err := play(t, test.input, answering(test.answers...), agenttest.WeatherTool())
			if err != nil {
				t.Fatal(err)
			}
			thread := fold.NewThread(test.input.Messages, nil)
			for _, event := range events {
				if err := thread.Add(event); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			answered := map[string]int{}
			for _, message := range thread.Messages() {
				for _, call := range message.ToolCalls {
					got = append(got, call.Arguments)
				}
				answered[message.ToolCallID]++
			}
			if strings.Join(got, " ") != strings.Join(test.want, " ") {
				t.Errorf("the thread has calls with %s, want %s", got, test.want)
			}
			delete(answered, "")
			for id, results := range answered {
				if results != 1 {
					t.Errorf("call %s has %d results", id, results)
				}
			}
		})
	}
}

func TestAnAnswerOfCallsWithoutEndIsTooLarge(t *testing.T) {
	endless := model.Func(func(context.Context, *model.Request) iter.Seq2[model.Delta, error] {
		return func(yield func(model.Delta, error) bool) {
			for number := 0; yield(model.Delta{Kind: model.KindToolCall, Call: number, Name: "f"}, nil); number++ {
			}
		}
	})
	run := loop.Run{Input: agenttest.Saying("Hi"), Model: endless, Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 1}
	var failure error
	run.Play(t.Context(), func(_ agui.Event, err error) bool {
		failure = err
		return err == nil
	})
	if failure == nil || !strings.Contains(failure.Error(), "tool calls") {
		t.Errorf("got %v", failure)
	}
}

func TestAToolThatEndsItsGoroutineHasFailed(t *testing.T) {
	leaving := agent.ServerTool{Name: "leave", Call: func(context.Context, json.RawMessage) (json.RawMessage, error) {
		runtime.Goexit()
		return nil, nil
	}}
	events, err := play(t, agenttest.Saying("Hi"), answering(
		append(call(0, "c", "leave", "{}"), finish(model.FinishToolCalls)),
		[]model.Delta{text("done"), finish(model.FinishStop)},
	), leaving)
	if err != nil || agenttest.Text(events) != "done" {
		t.Errorf("got %v and %v", events, err)
	}
	if got := agenttest.Results(events)["c"]; got != `{"error":"the tool ended its goroutine"}` {
		t.Errorf("the result is %s", got)
	}
}

// A model may change as many parts of the state as it likes: what a change costs
// is not what the state holds.
func TestAChangeOfTheStateCostsNothingOfTheState(t *testing.T) {
	few, many := changeState(t, 10), changeState(t, 2000)
	if many > few+few/10 {
		t.Errorf("a change takes %v allocations in a large state, and %v in a small one", many, few)
	}
}

// changeState returns how many allocations each of 1000 changes takes in a state
// with so many fields.
func changeState(t *testing.T, fields int) float64 {
	t.Helper()
	var state, changes []string
	for n := range fields {
		state = append(state, fmt.Sprintf(`"%d":"%s"`, n, strings.Repeat("x", 90)))
	}
	for range 1000 {
		changes = append(changes, `{"op":"replace","path":"/7","value":"y"}`)
	}
	input := agenttest.Saying("Hi")
	input.State = agenttest.Raw("{" + strings.Join(state, ",") + "}")
	m := answering(append(call(0, "c", loop.StateDeltaTool, `{"delta":[`+strings.Join(changes, ",")+`]}`), finish(model.FinishToolCalls)))
	played := testing.AllocsPerRun(1, func() {
		run := loop.Run{Input: input, Model: m, Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 1}
		run.Tools.AddState(input)
		run.Play(t.Context(), func(agui.Event, error) bool { return true })
	})
	// Opening the state takes some for each of its fields, once.
	return (played - float64(4*fields)) / 1000
}

// Names of members are told apart by case.
func TestACopyIsKnownByItsExactName(t *testing.T) {
	input := agenttest.Saying("Hi")
	input.State = agenttest.Raw(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)
	var copies []string
	for n := range 10 {
		copies = append(copies, fmt.Sprintf(`{"op":"c\u006fpy","Op":"add","from":"/a","path":"/%d"}`, n))
	}
	run := loop.Run{
		Input: input, Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 1,
		Model: answering(append(call(0, "c", loop.StateDeltaTool, `{"delta":[`+strings.Join(copies, ",")+`]}`), finish(model.FinishToolCalls))),
	}
	run.Tools.AddState(input)
	events, err := agenttest.Collect(func(yield func(agui.Event, error) bool) { run.Play(t.Context(), yield) })
	if err != nil {
		t.Fatal(err)
	}
	if got := agenttest.Results(events)["c"]; !strings.Contains(got, "operation 3 makes the state too large") {
		t.Errorf("the result is %s", got)
	}
}

// ends are how the calls of models, and of tools, have ended for an observer.
type ends struct {
	telemetry.Observer
	errs    []error
	tools   []error
	answers [][]agui.Message
}

func (o *ends) Content() bool { return true }

func (o *ends) Tool(ctx context.Context, _ telemetry.ToolCall) (context.Context, func(telemetry.ToolResult)) {
	return ctx, func(result telemetry.ToolResult) { o.tools = append(o.tools, result.Err) }
}

func (o *ends) Model(ctx context.Context, _ telemetry.ModelCall) (context.Context, func(telemetry.ModelResult)) {
	return ctx, func(result telemetry.ModelResult) {
		o.errs = append(o.errs, result.Err)
		o.answers = append(o.answers, result.Answer)
	}
}

func TestTheCallOfAModelThatPanicsHasEndedForTheObserver(t *testing.T) {
	broken := model.Func(func(context.Context, *model.Request) iter.Seq2[model.Delta, error] {
		return func(yield func(model.Delta, error) bool) {
			yield(text("a"), nil)
			panic("broken")
		}
	})
	observer := &ends{}
	run := loop.Run{Input: agenttest.Saying("Hi"), Model: broken, Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 1}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic didn't go on")
			}
		}()
		run.Play(telemetry.With(t.Context(), observer), func(agui.Event, error) bool { return true })
	}()
	if len(observer.errs) != 1 || observer.errs[0] == nil {
		t.Errorf("it has ended with %v", observer.errs)
	}
}

func TestTheObserverGetsTheTextOfTheLastAnswerToo(t *testing.T) {
	observer := &ends{}
	run := loop.Run{
		Input: agenttest.Saying("Hi"), Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 1,
		Model: answering([]model.Delta{{Kind: model.KindReasoning, Text: "Why?"}, text("It is "), text("so."), finish(model.FinishStop)}),
	}
	run.Play(telemetry.With(t.Context(), observer), func(_ agui.Event, err error) bool { return err == nil })
	var got []string
	for _, answer := range observer.answers {
		for i := range answer {
			got = append(got, answer[i].Content.Text())
		}
	}
	if strings.Join(got, "|") != "Why?|It is so." {
		t.Errorf("it got %q", got)
	}
}

func TestAToolWhoseResultIsAnErrorHasFailedForTheObserver(t *testing.T) {
	for result, failed := range map[string]bool{
		`{"content":[{"type":"text","text":"no luck"}],"isError":true}`: true,
		`{"content":[{"type":"text","text":"{\"isError\":true}"}]}`:     false,
		`{"content":[],"structuredContent":{"isError":true}}`:           false,
		`{"isError":true}`:   false,
		`"\"isError\":true"`: false,
	} {
		tool := agent.ServerTool{Name: "f", Call: func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(result), nil
		}}
		definitions, err := loop.Define([]agent.ServerTool{tool})
		if err != nil {
			t.Fatal(err)
		}
		observer := &ends{}
		run := loop.Run{
			Input: agenttest.Saying("Hi"), Request: &model.Request{}, Tools: &loop.Tools{}, MaxSteps: 2,
			Model: answering(append(call(0, "c", "f", "{}"), finish(model.FinishToolCalls)), []model.Delta{text("done"), finish(model.FinishStop)}),
		}
		run.Tools.AddServer(&tool, definitions[0])
		run.Play(telemetry.With(t.Context(), observer), func(_ agui.Event, err error) bool { return err == nil })
		if len(observer.tools) != 1 || errors.Is(observer.tools[0], telemetry.ErrToolResult) != failed {
			t.Errorf("%s: it has ended with %v", result, observer.tools)
		}
	}
}
