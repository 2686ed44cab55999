package runner_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// starved is a store in memory whose leases nobody comes to renew, as on a machine with far
// too much to do.
type starved struct{ store.Store }

func (s starved) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	lease, err := s.Store.Begin(ctx, request)
	if err != nil {
		return nil, err
	}
	return unrenewed{lease.(store.LocalLease)}, nil
}

type unrenewed struct{ store.LocalLease }

func (unrenewed) Renew(context.Context) error { return nil }

func TestARunInMemoryLosesItsLeaseToNoBusyMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixtureOn(t, starved{memory.New(memory.Limits{})}, runner.Options{LeaseTTL: 15 * time.Second})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		time.Sleep(time.Hour)
		a.steps <- end("m")
		a.steps <- finished()
		close(a.steps)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
	})
}
