package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestBeginWaitsForARunThatWasAskedToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{StopGrace: 4 * time.Second})
		stubborn := newSteered()
		stubborn.stubborn = true
		b := f.stream(t, t.Context(), request(stubborn, "one", "hi"))
		synctest.Wait()
		if stopped, err := f.Stop(t.Context(), key, ""); !stopped || err != nil {
			t.Fatalf("stop: %v, %v", stopped, err)
		}
		begun := time.Now()
		want(t, f.run(t, request(script(finished()), "two", "ho")), "run_started two +ho", "run_finished run")
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("it began after %v", took)
		}
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, b.events(), "run_started one +hi", "run_finished one")
		want(t, f.connect(t, 0), "run_started one +hi", "run_finished one", "run_started two +ho", "run_finished run")
		close(stubborn.steps)
	})
}

func TestBeginGivesUpOnARunThatDoesNotStop(t *testing.T) {
	for name, test := range map[string]struct {
		limit func(context.Context) (context.Context, context.CancelFunc)
		took  time.Duration
		want  error
	}{
		"when its lease should have ended": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(ctx)
		}, 4 * time.Second, store.ErrLocked},
		"before the deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 3*time.Second)
		}, 2 * time.Second, store.ErrLocked},
		"when the client leaves": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, time.Second, context.Canceled},
		"when the process shuts down": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(runner.ErrShutdown) })
			return ctx, func() { cancel(nil) }
		}, time.Second, runner.ErrShutdown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{LeaseTTL: 3 * time.Second, StopGrace: time.Second, DeadlineMargin: time.Second})
				// Somebody holds the lease, renews it and doesn't heed the stop.
				lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "one", TTL: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				if stopped, err := f.Stop(t.Context(), key, ""); !stopped || err != nil {
					t.Fatalf("stop: %v, %v", stopped, err)
				}
				ctx, cancel := test.limit(t.Context())
				defer cancel()
				begun := time.Now()
				if _, err := f.Begin(ctx, request(script(), "two")); !errors.Is(err, test.want) {
					t.Fatalf("begin: %v", err)
				}
				if took := time.Since(begun); took != test.took {
					t.Errorf("gave up after %v", took)
				}
				lease.Finish(t.Context(), nil)
			})
		})
	}
}

// Of several runs that supersede one another each gets its turn, and the last to begin
// stays.
func TestSupersedeByManyAtOnce(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		t.Run(fmt.Sprint("stubborn agents ", stubborn), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{SupersedeRuns: true, LeaseTTL: 3 * time.Second, StopGrace: 2 * time.Second})
				const count = 6
				agents := make([]*steered, count)
				clients := make([]*client, count)
				failures := make(chan error, count)
				for n := range count {
					agents[n] = newSteered()
					agents[n].stubborn = stubborn
					clients[n] = new(client)
					go func() {
						run, err := f.Begin(t.Context(), request(agents[n], fmt.Sprint(n), fmt.Sprint(n)))
						if err == nil {
							err = run.Stream(t.Context(), runner.Each(clients[n].send))
						}
						failures <- err
					}()
				}
				for range count - 1 {
					if err := <-failures; err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				last := slices.IndexFunc(clients, func(c *client) bool { return len(c.events()) == 1 })
				if last < 0 {
					t.Fatal("no run is left")
				}
				agents[last].steps <- finished()
				if err := <-failures; err != nil {
					t.Fatal(err)
				}
				history := f.connect(t, 0)
				if len(history) != 2*count || !strings.HasPrefix(history[2*count-2], fmt.Sprint("run_started ", last)) {
					t.Fatalf("history: %q", history)
				}
				for _, a := range agents {
					close(a.steps)
				}
			})
		})
	}
}
