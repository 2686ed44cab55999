package loop_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

func TestEachCallOfTheModelIsReportedHoweverItEnds(t *testing.T) {
	count := func(n int64) *int64 { return &n }
	finished := func(reason model.FinishReason, usage *model.Usage) model.Delta {
		return model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: reason, Model: model.Name{Provider: "p", Model: "m"}, Usage: usage}}
	}
	counted := finished(model.FinishStop, &model.Usage{InputTokens: count(70), OutputTokens: count(9)})
	ctx, stop := context.WithCancel(t.Context())
	// The request has 400 bytes of messages, 40 of instructions and 40 of a tool.
	const requested = 120
	for name, test := range map[string]struct {
		ctx    context.Context
		stream func(yield func(model.Delta, error) bool)
		// leave is after how many events whoever ranges over them leaves, 0 for never.
		leave     int
		want      [][2]int64
		estimated bool
	}{
		"counted by the provider": {stream: func(yield func(model.Delta, error) bool) {
			_ = yield(text("some words"), nil) && yield(counted, nil)
		}, want: [][2]int64{{70, 9}}},
		"not counted": {stream: func(yield func(model.Delta, error) bool) {
			_ = yield(text(strings.Repeat("x", 40)), nil) && yield(finished(model.FinishStop, nil), nil)
		}, want: [][2]int64{{requested, 10}}, estimated: true},
		"counted in nothing": {stream: func(yield func(model.Delta, error) bool) {
			yield(finished(model.FinishStop, &model.Usage{ReasoningTokens: count(3)}), nil)
		}, want: [][2]int64{{requested, 0}}, estimated: true},
		"broken off": {stream: func(yield func(model.Delta, error) bool) {
			_ = yield(text(strings.Repeat("x", 40)), nil) && yield(model.Delta{}, errors.New("gone"))
		}, want: [][2]int64{{requested, 10}}, estimated: true},
		"failed before its answer": {stream: func(yield func(model.Delta, error) bool) {
			yield(model.Delta{}, errors.New("no"))
		}, want: [][2]int64{{0, 0}}},
		"stopped in the middle": {stream: func(yield func(model.Delta, error) bool) {
			_ = yield(text(strings.Repeat("x", 40)), nil) && yield(text("more"), nil)
		}, leave: 2, want: [][2]int64{{requested, 10}}, estimated: true},
		"stopped before its answer": {ctx: ctx, stream: func(yield func(model.Delta, error) bool) {
			stop()
			yield(model.Delta{}, context.Canceled)
		}, want: [][2]int64{{requested, 0}}, estimated: true},
		"two of them": {stream: func() func(yield func(model.Delta, error) bool) {
			asked := 0
			return func(yield func(model.Delta, error) bool) {
				if asked++; asked > 1 {
					yield(counted, nil)
					return
				}
				for _, delta := range call(0, "c", "echo", "{}") {
					if !yield(delta, nil) {
						return
					}
				}
				yield(finished(model.FinishToolCalls, &model.Usage{InputTokens: count(50), OutputTokens: count(5)}), nil)
			}
		}(), want: [][2]int64{{50, 5}, {70, 9}}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			var got [][2]int64
			ctx := agent.WithUsage(test.ctx, func(usage agent.Usage) {
				var in, out int64
				if usage.InputTokens != nil {
					in, out = *usage.InputTokens, *usage.OutputTokens
				}
				got = append(got, [2]int64{in, out})
				if usage.Estimated != test.estimated {
					t.Errorf("estimated: %v", usage.Estimated)
				}
			})
			run := loop.Run{
				Input: &agui.RunAgentInput{ThreadID: "t", RunID: "r"},
				Model: model.Func(func(context.Context, *model.Request) iter.Seq2[model.Delta, error] { return test.stream }),
				Request: &model.Request{
					System:   []string{strings.Repeat("s", 40)},
					Messages: []agui.Message{{ID: "1", Role: agui.RoleUser, Content: agui.TextContent(strings.Repeat("q", 400))}},
					Tools:    []model.Tool{{Name: "echo", Description: strings.Repeat("d", 34), Parameters: []byte("{}")}},
				},
				Tools: &loop.Tools{Logger: slog.New(slog.DiscardHandler)}, MaxSteps: 3,
			}
			echo := agent.ServerTool{Name: "echo", Call: func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage("1"), nil }}
			definitions, err := loop.Define([]agent.ServerTool{echo})
			if err != nil {
				t.Fatal(err)
			}
			run.Tools.AddServer(&echo, definitions[0])
			n := 0
			run.Play(ctx, func(agui.Event, error) bool {
				n++
				return n != test.leave
			})
			if len(got) != len(test.want) {
				t.Fatalf("reported %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("reported %v, want %v", got, test.want)
				}
			}
		})
	}
}
