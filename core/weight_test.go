package core_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// maxRunBytes is what a run that waits for its model holds at most, its goroutines' stacks
// included, beside its connections and what its agent keeps. It is about 41 kB with the
// text below, which came at once, and 44 kB with the race detector; docs/performance.md
// says so.
const maxRunBytes = 45 << 10

// The text of the test's runs. It is held twice: as what a run leaves behind, and for
// who follows.
const runDeltas, runDelta, pauses = 100, "some words ", 4

func TestWhatALiveRunHoldsIsBounded(t *testing.T) {
	const runs = 400
	var done sync.WaitGroup
	paused, early := make(chan struct{}, runs), make(chan string, runs)
	end := make(chan struct{})
	answering := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m"}, nil)
			for range runDeltas {
				yield(agui.TextMessageContentEvent{MessageID: "m", Delta: runDelta}, nil)
			}
			for range pauses { // which are taken one by one, as at a model's pace
				yield(agui.CustomEvent{Name: "pause", Value: []byte("1")}, nil)
			}
			<-end
			yield(agui.TextMessageEndEvent{MessageID: "m"}, nil)
		}
	})
	handler := newRuntime(t, core.Config{Agents: agents(answering)})
	before := memoryInUse()
	for i := range runs {
		body := strings.Replace(input, "t1", fmt.Sprint("t", i), 1)
		done.Go(func() {
			w := &untilPaused{discard{http.Header{}}, 0, func() { paused <- struct{}{} }}
			handler.ServeHTTP(w, request{method: "POST", path: "/agent/default/run", body: body}.build())
			if w.pauses < pauses {
				early <- fmt.Sprintf("run %d has ended before its pause", i)
			}
		})
		// One after the other, since on a busy machine a run may not begin in time.
		select {
		case <-paused:
		case what := <-early:
			t.Fatal(what)
		}
	}
	each := (memoryInUse() - before) / runs
	close(end)
	done.Wait()
	t.Logf("a live run holds %d bytes", each)
	if each > maxRunBytes {
		t.Errorf("a live run holds %d bytes, want %d at most", each, maxRunBytes)
	}
}

// untilPaused calls paused when the last pause is written.
type untilPaused struct {
	discard
	pauses int
	paused func()
}

func (w *untilPaused) Write(p []byte) (int, error) {
	seen := bytes.Count(p, []byte(`"pause"`))
	if w.pauses += seen; seen > 0 && w.pauses == pauses {
		w.paused()
	}
	return len(p), nil
}

// memoryInUse returns the bytes of what is alive, with the goroutines' stacks.
func memoryInUse() int64 {
	var stats runtime.MemStats
	for range 3 { // stacks shrink by half each time
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}
