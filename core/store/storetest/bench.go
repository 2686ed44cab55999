package storetest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// Load is what each run of a benchmark does.
type Load struct {
	// Name is for the benchmark's output.
	Name string
	// Deltas is how many the agent answers with.
	Deltas int
	// Pause is the time before each delta.
	Pause time.Duration
	// Followers is how many clients connect when the run has begun.
	Followers int
	// Gather is how long deltas wait for those that follow.
	Gather time.Duration
}

// Events returns how many events one run has.
func (l Load) Events() int { return l.Deltas + 4 }

// Loads returns what stores are measured with: an agent that never waits, one that
// doesn't and is long, one at a model's pace, and that with a second tab, and with ten.
// Deltas are gathered as for a store that isn't in the process.
func Loads() []Load {
	const gather = 25 * time.Millisecond
	return []Load{
		{Name: "burst", Deltas: 500, Gather: gather},
		{Name: "long", Deltas: 4996, Gather: gather},
		{Name: "paced", Deltas: 100, Pause: 10 * time.Millisecond, Gather: gather},
		{Name: "followed", Deltas: 100, Pause: 10 * time.Millisecond, Followers: 1, Gather: gather},
		{Name: "crowded", Deltas: 100, Pause: 10 * time.Millisecond, Followers: 10, Gather: gather},
	}
}

// Bench measures runs on a store, each on a thread of its own. It reports the
// time from the request to the first event (first-µs), from the agent to the
// client for each delta (delta-µs), and from the agent's last event to the
// client, when the run is recorded (last-µs).
func Bench(b *testing.B, s store.Store, load Load) {
	r := runner.New(s, runner.Options{Gather: load.Gather, Logger: slog.New(slog.DiscardHandler)})
	var first, delta, last time.Duration
	for n := 0; b.Loop(); n++ {
		t := &timed{load: load, made: make([]time.Time, load.Deltas+1)}
		key := store.Key{Owner: "bench", ID: fmt.Sprint(b.Name(), n)}
		var followers sync.WaitGroup
		begun := time.Now()
		run, err := r.Begin(b.Context(), runner.Request{
			Key: key, AgentID: "agent", Agent: agent.Func(t.run),
			Input: &agui.RunAgentInput{ThreadID: key.ID, RunID: "run", Messages: []agui.Message{}},
		})
		if err != nil {
			b.Fatal(err)
		}
		next := 0
		err = run.Stream(b.Context(), runner.Each(func(event agui.Encoded) error {
			switch event.EventType() {
			case agui.EventTypeRunStarted:
				first += time.Since(begun)
				for range load.Followers {
					followers.Go(func() {
						if err := r.Connect(b.Context(), key, 0, runner.Each(func(store.Record) error { return nil })); err != nil {
							b.Error(err)
						}
					})
				}
			case agui.EventTypeTextMessageContent:
				delta += time.Since(t.made[next])
				next++
			case agui.EventTypeRunFinished:
				last += time.Since(t.made[next])
			}
			_, err := io.Discard.Write(event.Frame())
			return err
		}))
		if err != nil {
			b.Fatal(err)
		}
		followers.Wait()
	}
	runs := float64(b.N)
	b.ReportMetric(float64(first.Microseconds())/runs, "first-µs")
	b.ReportMetric(float64(delta.Nanoseconds())/1000/runs/float64(load.Deltas), "delta-µs")
	b.ReportMetric(float64(last.Microseconds())/runs, "last-µs")
}

// timed is an agent that records when it made each delta, and its last event.
type timed struct {
	load Load
	made []time.Time
}

func (t *timed) run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		if !yield(agui.TextMessageStartEvent{MessageID: "message", Role: "assistant"}, nil) {
			return
		}
		for i := range t.load.Deltas {
			if t.load.Pause > 0 {
				_ = pause.Sleep(ctx, t.load.Pause)
			}
			t.made[i] = time.Now()
			if !yield(agui.TextMessageContentEvent{MessageID: "message", Delta: "some words "}, nil) {
				return
			}
		}
		if !yield(agui.TextMessageEndEvent{MessageID: "message"}, nil) {
			return
		}
		t.made[t.load.Deltas] = time.Now()
		yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
	}
}
