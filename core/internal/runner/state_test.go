package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// largeState returns a state of so many fields, about a hundred bytes each.
func largeState(fields int) []byte {
	var state strings.Builder
	for n := range fields {
		fmt.Fprintf(&state, `,"field-%d":"%s"`, n, strings.Repeat("x", 85))
	}
	return []byte("{" + state.String()[1:] + "}")
}

// patching is an agent that sets a state and then changes one field at a time.
func patching(fields, deltas int, finishing *time.Time) agent.Agent {
	state := largeState(fields)
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			if !yield(agui.StateSnapshotEvent{Snapshot: state}, nil) {
				return
			}
			for n := range deltas {
				delta := fmt.Appendf(nil, `[{"op":"replace","path":"/field-%d","value":%d}]`, n%fields, n)
				if !yield(agui.StateDeltaEvent{Delta: delta}, nil) {
					return
				}
			}
			*finishing = time.Now()
			yield(finished(), nil)
		}
	})
}

// work returns how many bytes a call allocates: folding a large state again and again
// takes hundreds of megabytes.
func work(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLargeStateThatChangesOften(t *testing.T) {
	const fields, deltas, most = 1000, 1000, 16 << 20
	left := func(t *testing.T, f *fixture) {
		t.Helper()
		page, err := f.store.Read(t.Context(), key, 0, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) != 3 || page.Records[1].Event.EventType() != agui.EventTypeStateSnapshot || page.Records[1].Seq != deltas+2 {
			t.Errorf("%d records are left, want RUN_STARTED, one STATE_SNAPSHOT at %d and the end", len(page.Records), deltas+2)
		}
		snapshot, err := f.store.Snapshot(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		var state map[string]any
		if err := json.Unmarshal(snapshot.State, &state); err != nil {
			t.Fatal(err)
		}
		for n := range fields {
			if got := state[fmt.Sprint("field-", n)]; got != float64(n) {
				t.Fatalf("field %d is %v", n, got)
			}
		}
		var got []string
		if bytes := work(func() { got = f.connect(t, 0) }); bytes > most {
			t.Errorf("a connect took %d bytes", bytes)
		}
		if len(got) != 3 {
			t.Errorf("a connect got %d events", len(got))
		}
	}
	t.Run("costs its run no more than its deltas", func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		var finishing time.Time
		run := f.begin(t, request(patching(fields, deltas, &finishing), "run"))
		bytes := work(func() {
			if err := run.Stream(t.Context(), runner.Each(func(agui.Encoded) error { return nil })); err != nil {
				t.Fatal(err)
			}
		})
		if bytes > most {
			t.Errorf("the run took %d bytes", bytes)
		}
		left(t, f)
	})
	t.Run("costs no more to close as an orphan", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "dead", TTL: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			var finishing time.Time
			events := []agui.Event{agui.RunStartedEvent{ThreadID: key.ID, RunID: "dead"}}
			for event := range patching(fields, deltas, &finishing).Run(t.Context(), nil) {
				events = append(events, event)
			}
			var records []store.Record
			for i, event := range events[:len(events)-1] {
				encoded, err := agui.Encode(event)
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, store.Record{Seq: int64(i) + 1, Event: encoded})
			}
			if err := lease.Append(t.Context(), records); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if bytes := work(func() { f.begin(t, request(script(), "next")).Close(t.Context()) }); bytes > most {
				t.Errorf("closing the orphan took %d bytes", bytes)
			}
			left(t, f)
		})
	})
}

// A client that has followed a run half-way, and gets the rest when it has finished,
// ends with the state of the whole.
func TestFollowerEndsWithTheStateOfTheWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- agui.StateSnapshotEvent{Snapshot: []byte(`{"n":0}`)}
		patch := func(n int) {
			a.steps <- agui.StateDeltaEvent{Delta: fmt.Appendf(nil, `[{"op":"add","path":"/f%d","value":%d}]`, n, n)}
		}
		patch(1)
		a.steps <- start("m")
		a.steps <- delta("m", "x")
		synctest.Wait()
		// This one leaves after the first delta, and comes back after the end.
		var first client
		broken := errors.New("broken")
		err := f.Connect(t.Context(), key, 0, runner.Each(func(record store.Record) error {
			if len(first.lines) == 3 {
				return broken
			}
			return first.follow(record)
		}))
		if !errors.Is(err, broken) {
			t.Fatalf("connect: %v", err)
		}
		patch(2)
		a.steps <- delta("m", "y")
		patch(3)
		a.steps <- end("m")
		a.steps <- finished()
		close(a.steps)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		thread := fold.NewThread(nil, nil)
		for _, event := range first.got {
			thread.Add(event)
		}
		var second client
		if err := f.Connect(t.Context(), key, first.seqs[2], runner.Each(second.follow)); err != nil {
			t.Fatal(err)
		}
		for _, event := range second.got {
			thread.Add(event)
		}
		if got, want := string(thread.State()), `{"n":0,"f1":1,"f2":2,"f3":3}`; got != want {
			t.Errorf("state %s, want %s", got, want)
		}
		want(t, second.events(), "text_message_start m", "text_message_content m x", "text_message_content m y",
			"state_snapshot map[f1:1 f2:2 f3:3 n:0]", "text_message_end m", "run_finished run")
	})
}

// Threads of older versions have all deltas in their history.
func TestHistoryWithDeltasIsShownRight(t *testing.T) {
	f := newFixture(t, runner.Options{})
	for n, events := range [][]string{
		{`{"type":"RUN_STARTED","threadId":"thread","runId":"one"}`,
			`{"type":"STATE_SNAPSHOT","snapshot":{"a":1}}`,
			`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/b","value":2}]}`,
			`{"type":"RUN_FINISHED","threadId":"thread","runId":"one"}`},
		{`{"type":"RUN_STARTED","threadId":"thread","runId":"two"}`,
			`{"type":"STATE_DELTA","delta":[{"op":"replace","path":"/b","value":3}]}`,
			`{"type":"RUN_FINISHED","threadId":"thread","runId":"two"}`},
		{`{"type":"RUN_STARTED","threadId":"thread","runId":"three","input":{"threadId":"thread","runId":"three","state":{"c":0},"messages":[],"tools":[],"context":[]}}`,
			`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/d","value":4}]}`,
			`{"type":"RUN_FINISHED","threadId":"thread","runId":"three"}`},
	} {
		lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: fmt.Sprint(n), TTL: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		result := &store.Result{Snapshot: store.Snapshot{Messages: []byte("[]")}}
		for i, event := range events {
			result.Records = append(result.Records, store.Record{Seq: lease.NextSeq() + int64(i), Event: encoded(event).(agui.Encoded)})
		}
		if err := lease.Finish(t.Context(), result); err != nil {
			t.Fatal(err)
		}
	}
	want(t, f.connect(t, 0), "run_started one", "state_snapshot map[a:1 b:2]", "run_finished one",
		"run_started two", "state_snapshot map[a:1 b:3]", "run_finished two",
		"run_started three", "state_snapshot map[c:0 d:4]", "run_finished three")
}

// BenchmarkState is what a large state costs that a run changes field by field:
// the run for each delta, its close (from the agent's last event until the client
// has it), a connect to the finished thread, and closing it as an orphan.
func BenchmarkState(b *testing.B) {
	for _, size := range []struct{ kilobytes, deltas int }{{100, 1000}, {200, 4000}} {
		name := fmt.Sprintf("%d KB and %d deltas", size.kilobytes, size.deltas)
		b.Run(name+"/run", func(b *testing.B) {
			var closing time.Duration
			for n := 0; b.Loop(); n++ {
				r := runner.New(memory.New(memory.Limits{}), quiet())
				var finishing time.Time
				run, err := r.Begin(b.Context(), request(patching(size.kilobytes*10, size.deltas, &finishing), "run"))
				if err != nil {
					b.Fatal(err)
				}
				_ = run.Stream(b.Context(), runner.Each(func(event agui.Encoded) error {
					if event.EventType() == agui.EventTypeRunFinished || event.EventType() == agui.EventTypeRunError {
						closing += time.Since(finishing)
					}
					return nil
				}))
			}
			b.ReportMetric(float64(closing.Microseconds())/float64(b.N), "close-µs")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size.deltas), "µs/delta")
		})
		b.Run(name+"/connect", func(b *testing.B) {
			options := quiet()
			options.LeaseTTL = 10 * time.Minute
			r := runner.New(memory.New(memory.Limits{}), options)
			var finishing time.Time
			run, err := r.Begin(b.Context(), request(patching(size.kilobytes*10, size.deltas, &finishing), "run"))
			if err != nil {
				b.Fatal(err)
			}
			if err := run.Stream(b.Context(), runner.Each(func(agui.Encoded) error { return nil })); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := r.Connect(b.Context(), key, 0, runner.Each(func(store.Record) error { return nil })); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/orphan", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := memory.New(memory.Limits{})
				lease, err := s.Begin(b.Context(), store.BeginRequest{Key: key, RunID: "dead", TTL: time.Second})
				if err != nil {
					b.Fatal(err)
				}
				var events []agui.Event
				events = append(events, agui.RunStartedEvent{ThreadID: key.ID, RunID: "dead"})
				var finishing time.Time
				for event := range patching(size.kilobytes*10, size.deltas, &finishing).Run(b.Context(), nil) {
					events = append(events, event)
				}
				var records []store.Record
				for i, event := range events[:len(events)-1] {
					encoded, err := agui.Encode(event)
					if err != nil {
						b.Fatal(err)
					}
					records = append(records, store.Record{Seq: int64(i) + 1, Event: encoded})
				}
				if err := lease.Append(b.Context(), records); err != nil {
					b.Fatal(err)
				}
				time.Sleep(1100 * time.Millisecond)
				options := quiet()
				options.LeaseTTL = 10 * time.Minute
				r := runner.New(s, options)
				b.StartTimer()
				run, err := r.Begin(b.Context(), request(script(), "next"))
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				run.Close(b.Context())
				b.StartTimer()
			}
		})
	}
}
