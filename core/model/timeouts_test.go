package model_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/model"
)

// pieces is a model that yields a delta after each delay, and then hangs until its
// context ends, or else finishes.
type pieces struct {
	delays []time.Duration
	hangs  bool
	// silent ends the answer without an error when the context does.
	silent bool
}

func (p pieces) Stream(ctx context.Context, _ *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		wait := func(delay time.Duration) bool {
			select {
			case <-time.After(delay):
				return true
			case <-ctx.Done():
				if !p.silent {
					yield(model.Delta{}, model.NewError(model.CodeProviderUnavailable, ctx.Err()))
				}
				return false
			}
		}
		for _, delay := range p.delays {
			if !wait(delay) || !yield(model.Delta{Kind: model.KindText, Text: "x"}, nil) {
				return
			}
		}
		if p.hangs && !wait(time.Hour) {
			return
		}
		yield(model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: model.FinishStop}}, nil)
	}
}

func TestAModelThatIsTooSlowIsGivenUp(t *testing.T) {
	const s = time.Second
	for name, test := range map[string]struct {
		model   pieces
		limits  model.Timeouts
		reading time.Duration // how long the loop takes for each delta
		deltas  int
		took    time.Duration
		fails   bool
	}{
		"in time":                         {pieces{delays: []time.Duration{2 * s, s}}, model.Timeouts{FirstToken: 3 * s, NextToken: 2 * s}, 0, 3, 3 * s, false},
		"the first is late":               {pieces{delays: []time.Duration{4 * s}}, model.Timeouts{FirstToken: 3 * s}, 0, 0, 3 * s, true},
		"the first never comes":           {pieces{hangs: true}, model.Timeouts{FirstToken: 3 * s, NextToken: time.Minute}, 0, 0, 3 * s, true},
		"the second is late":              {pieces{delays: []time.Duration{s, 4 * s}}, model.Timeouts{FirstToken: 3 * s, NextToken: 2 * s}, 0, 1, 3 * s, true},
		"the end is late":                 {pieces{delays: []time.Duration{s, s}, hangs: true}, model.Timeouts{NextToken: 2 * s}, 0, 2, 4 * s, true},
		"only the first has a limit":      {pieces{delays: []time.Duration{s, time.Minute}}, model.Timeouts{FirstToken: 3 * s}, 0, 3, 61 * s, false},
		"no limit":                        {pieces{delays: []time.Duration{time.Minute}}, model.Timeouts{}, 0, 2, time.Minute, false},
		"a slow reader doesn't count":     {pieces{delays: []time.Duration{s, s}}, model.Timeouts{FirstToken: 2 * s, NextToken: 2 * s}, 10 * s, 3, 32 * s, false},
		"a model that ends without error": {pieces{delays: []time.Duration{4 * s}, silent: true}, model.Timeouts{FirstToken: 3 * s}, 0, 0, 3 * s, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, deltas := time.Now(), 0
				var failure error
				for _, err := range model.WithTimeouts(test.model, test.limits).Stream(t.Context(), &model.Request{}) {
					if err != nil {
						failure = err
						continue
					}
					deltas++
					time.Sleep(test.reading)
				}
				failed := (*model.Error)(nil)
				if errors.As(failure, &failed) != test.fails || test.fails && failed.Code != model.CodeTimeout {
					t.Errorf("ended with %v", failure)
				}
				if took := time.Since(began); took != test.took || deltas != test.deltas {
					t.Errorf("got %d deltas in %v, want %d in %v", deltas, took, test.deltas, test.took)
				}
			})
		})
	}
}

func TestAStoppedRunIsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, err := range model.WithTimeouts(pieces{hangs: true}, model.Timeouts{FirstToken: time.Minute}).Stream(ctx, &model.Request{}) {
			if failed := (*model.Error)(nil); !errors.As(err, &failed) || failed.Code == model.CodeTimeout {
				t.Errorf("ended with %v", err)
			}
		}
	})
}
