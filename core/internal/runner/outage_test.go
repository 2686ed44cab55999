package runner_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
)

// The store is away when the lease is to be renewed, at whichever third of its time, and
// back before it has expired.
func TestAnOutageShorterThanALeaseLosesNoRun(t *testing.T) {
	for _, begins := range []time.Duration{time.Second, 4900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s := newFrail()
			f := newFixtureOn(t, s, runner.Options{LeaseTTL: 15 * time.Second})
			a := newSteered()
			b := f.stream(t, t.Context(), request(a, "run"))
			a.steps <- start("m")
			time.Sleep(begins)
			s.state.Store(down)
			a.steps <- end("m")
			time.Sleep(13*time.Second - begins)
			s.state.Store(up)
			time.Sleep(time.Minute)
			a.steps <- finished()
			close(a.steps)
			if err := <-b.done; err != nil {
				t.Fatal(err)
			}
			want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
		})
	}
}
