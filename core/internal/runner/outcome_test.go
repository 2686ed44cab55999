package runner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// forgetful is a store that does what it is asked to, and says that it didn't.
type forgetful struct{ store.Store }

type forgetfulLease struct{ store.Lease }

func (f forgetful) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	lease, err := f.Store.Begin(ctx, request)
	return forgetfulLease{lease}, err
}

func (l forgetfulLease) Append(ctx context.Context, records []store.Record) error {
	l.Lease.Append(ctx, records)
	return fmt.Errorf("%w: connection reset", store.ErrUnavailable)
}

func (l forgetfulLease) Finish(ctx context.Context, result *store.Result) error {
	if err := l.Lease.Finish(ctx, result); err != nil {
		return err
	}
	return fmt.Errorf("%w: connection reset", store.ErrUnavailable)
}

func TestOutcomeThatIsLostIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixtureOn(t, forgetful{memory.New(memory.Limits{})}, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		time.Sleep(20 * time.Second)
		a.steps <- end("m")
		a.steps <- finished()
		close(a.steps)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
	})
}

// interrupted is a store that does something just before the first Finish.
type interrupted struct {
	store.Store
	before func()
}

type interruptedLease struct {
	store.Lease
	store *interrupted
}

func (s *interrupted) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	lease, err := s.Store.Begin(ctx, request)
	return interruptedLease{lease, s}, err
}

func (l interruptedLease) Finish(ctx context.Context, result *store.Result) error {
	if before := l.store.before; before != nil {
		l.store.before = nil
		before()
	}
	return l.Lease.Finish(ctx, result)
}

func TestARunIsNotTakenForRecordedBecauseAnotherEndedAlike(t *testing.T) {
	s := &interrupted{Store: memory.New(memory.Limits{})}
	f := newFixtureOn(t, s, runner.Options{})
	s.before = func() {
		if err := s.DeleteThread(t.Context(), key); err != nil {
			t.Error(err)
		}
		f.run(t, request(failing(errors.New("no")), "two"))
	}
	var c client
	err := f.begin(t, request(failing(errors.New("no")), "one")).Stream(t.Context(), runner.Each(c.send))
	if !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v and %q, want the lease to be lost", err, c.events())
	}
}
