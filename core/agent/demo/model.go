package demo

import (
	"context"
	"iter"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/model"
)

// Model is the embedded model. It is safe for concurrent use.
type Model struct {
	// Pace is the time between two deltas. If zero, the model doesn't wait.
	Pace time.Duration
}

var _ model.Model = (*Model)(nil)

// Name returns the model's name.
func (m *Model) Name() model.Name { return model.Name{Provider: "demo", Model: "demo"} }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		deltas := (&conversation{request}).answer()
		reason := model.FinishStop
		for i, delta := range deltas {
			if err := m.wait(ctx, i); err != nil {
				yield(model.Delta{}, err)
				return
			}
			if delta.Kind == model.KindToolCall {
				reason = model.FinishToolCalls
			}
			if !yield(delta, nil) {
				return
			}
		}
		yield(model.Delta{Kind: model.KindFinish, Finish: &model.Finish{
			Reason: reason, Model: m.Name(),
		}}, nil)
	}
}

// wait waits before all deltas except the first.
func (m *Model) wait(ctx context.Context, index int) error {
	if m.Pace <= 0 || index == 0 {
		return ctx.Err()
	}
	return pause.Sleep(ctx, m.Pace)
}
