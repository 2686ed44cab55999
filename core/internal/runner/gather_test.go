package runner_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// counted counts the appends of its runs.
type counted struct {
	store.Store
	appends atomic.Int64
}

func (c *counted) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	lease, err := c.Store.Begin(ctx, request)
	if err != nil {
		return nil, err
	}
	return countedLease{lease, c}, nil
}

type countedLease struct {
	store.Lease
	counted *counted
}

func (l countedLease) Append(ctx context.Context, records []store.Record) error {
	l.counted.appends.Add(1)
	return l.Lease.Append(ctx, records)
}

// paced yields a message of deltas with a pause after each.
func paced(deltas int, pause time.Duration) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			time.Sleep(time.Second) // the model thinks
			yield(start("m"), nil)
			for i := range deltas {
				yield(delta("m", fmt.Sprint(i)), nil)
				time.Sleep(pause)
			}
			yield(end("m"), nil)
		}
	})
}

func TestDeltasInQuickSuccessionAreAppendedTogether(t *testing.T) {
	const gather = 25 * time.Millisecond
	for name, test := range map[string]struct {
		gather, pause time.Duration
		least, most   int64 // appends
		late          time.Duration
	}{
		"at a model's pace":   {gather, 10 * time.Millisecond, 30, 40, gather},
		"very quickly":        {gather, time.Millisecond, 4, 10, gather},
		"at a slow pace":      {gather, 30 * time.Millisecond, 100, 106, 0},
		"without a gathering": {0, 10 * time.Millisecond, 100, 106, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				threads := &counted{Store: memory.New(memory.Limits{})}
				f := newFixtureOn(t, threads, runner.Options{Gather: test.gather})
				var worst time.Duration
				var mu sync.Mutex
				sent := make(map[int64]time.Time)
				b := f.begin(t, request(paced(100, test.pause), "run"))
				first := b.FirstSeq()
				followed := make(chan error)
				go func() {
					time.Sleep(time.Millisecond)
					followed <- f.Connect(t.Context(), key, 0, runner.Each(func(record store.Record) error {
						mu.Lock()
						defer mu.Unlock()
						if at, ok := sent[record.Seq]; ok && record.Event.EventType() == agui.EventTypeTextMessageContent {
							worst = max(worst, time.Since(at))
						}
						return nil
					}))
				}()
				seq := first
				err := b.Stream(t.Context(), runner.Each(func(event agui.Encoded) error {
					mu.Lock()
					defer mu.Unlock()
					sent[seq] = time.Now()
					seq++
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				if err := <-followed; err != nil {
					t.Fatal(err)
				}
				if got := threads.appends.Load(); got < test.least || got > test.most {
					t.Errorf("%d appends, want %d to %d", got, test.least, test.most)
				}
				if worst > test.late {
					t.Errorf("a follower saw a delta %v late, want %v at most", worst, test.late)
				}
			})
		})
	}
}
