package runner_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// frail is a store whose backend can be taken away.
type frail struct {
	store.Store
	state atomic.Int32
}

const (
	up int32 = iota
	// down: calls fail at once.
	down
	// hanging: calls don't answer.
	hanging
	// frozen: the next call is the one in which the instance stands still, for a minute.
	frozen
)

func newFrail() *frail { return &frail{Store: memory.New(memory.Limits{})} }

func (f *frail) check(ctx context.Context) error {
	switch f.state.Load() {
	case down:
		return fmt.Errorf("%w: connection refused", store.ErrUnavailable)
	case hanging:
		<-ctx.Done()
		return ctx.Err()
	case frozen:
		f.state.Store(up)
		time.Sleep(time.Minute)
		return ctx.Err()
	}
	return nil
}

func (f *frail) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	if err := f.check(ctx); err != nil {
		return nil, err
	}
	lease, err := f.Store.Begin(ctx, request)
	return frailLease{lease, f}, err
}

func (f *frail) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	if err := f.check(ctx); err != nil {
		return nil, err
	}
	lease, err := f.Store.Adopt(ctx, key, ttl)
	return frailLease{lease, f}, err
}

func (f *frail) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	if err := f.check(ctx); err != nil {
		return store.Page{}, err
	}
	return f.Store.Read(ctx, key, after, wait)
}

func (f *frail) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	if err := f.check(ctx); err != nil {
		return false, err
	}
	return f.Store.Stop(ctx, key, runID)
}

type frailLease struct {
	store.Lease
	frail *frail
}

func (l frailLease) Append(ctx context.Context, records []store.Record) error {
	if err := l.frail.check(ctx); err != nil {
		return err
	}
	return l.Lease.Append(ctx, records)
}

func (l frailLease) Renew(ctx context.Context) error {
	if err := l.frail.check(ctx); err != nil {
		return err
	}
	return l.Lease.Renew(ctx)
}

func (l frailLease) Finish(ctx context.Context, result *store.Result) error {
	if err := l.frail.check(ctx); err != nil {
		return err
	}
	return l.Lease.Finish(ctx, result)
}

func TestStoreThatFailsDuringARun(t *testing.T) {
	whole := []string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}
	for _, how := range []struct {
		name  string
		state int32
		// notices is when the failure is noticed.
		notices time.Duration
	}{{"refuses", down, 0}, {"hangs", hanging, 5 * time.Second}} {
		t.Run("a store that "+how.name, func(t *testing.T) {
			t.Run("and comes back has the whole run", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					synctest.Wait()
					s.state.Store(how.state)
					a.steps <- delta("m", "x")
					synctest.Wait()
					want(t, b.events(), whole[:3]...)
					time.Sleep(how.notices)
					synctest.Wait()
					f.log.wants(t, "run goes on, but isn't recorded")
					time.Sleep(4 * time.Second)
					s.state.Store(up)
					time.Sleep(6 * time.Second)
					f.log.wants(t, "run is recorded again")
					page, err := f.store.Read(t.Context(), key, 0, false)
					if err != nil || len(page.Records) != 3 || !page.Live {
						t.Fatalf("recorded: %+v, %v", page, err)
					}
					a.steps <- end("m")
					a.steps <- finished()
					close(a.steps)
					if err := <-b.done; err != nil {
						t.Fatal(err)
					}
					want(t, b.events(), whole...)
					want(t, f.connect(t, 0), whole...)
				})
			})
			t.Run("to the end leaves the client its run", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					synctest.Wait()
					s.state.Store(how.state)
					a.steps <- delta("m", "x")
					a.steps <- end("m")
					time.Sleep(how.notices)
					synctest.Wait()
					a.steps <- finished()
					close(a.steps)
					synctest.Wait()
					want(t, b.events(), whole...)
					if err := <-b.done; !errors.Is(err, store.ErrUnavailable) {
						t.Fatalf("stream: %v", err)
					}
					s.state.Store(up)
					// What had been recorded is closed when the lease has expired.
					want(t, f.connect(t, 0), whole[0], whole[1], whole[3], instanceGone)
				})
			})
			t.Run("ends the run where that is the policy", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{FailOnStoreFailure: true})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					synctest.Wait()
					s.state.Store(how.state)
					a.steps <- delta("m", "x")
					time.Sleep(how.notices)
					<-a.ended
					synctest.Wait()
					want(t, b.events(), append(whole[:4:4], "run_error STORE_UNAVAILABLE The run can't be recorded")...)
					if err := <-b.done; !errors.Is(err, store.ErrUnavailable) {
						t.Fatalf("stream: %v", err)
					}
				})
			})
			t.Run("and has given the lease away leaves the client its run", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					synctest.Wait()
					s.state.Store(how.state)
					a.steps <- delta("m", "x")
					time.Sleep(time.Minute)
					s.state.Store(up)
					want(t, f.connect(t, 0), whole[0], whole[1], whole[3], instanceGone)
					time.Sleep(time.Minute)
					f.log.wants(t, "run goes on unrecorded, its lease is lost")
					a.steps <- end("m")
					a.steps <- finished()
					close(a.steps)
					if err := <-b.done; !errors.Is(err, store.ErrLeaseLost) {
						t.Fatalf("stream: %v", err)
					}
					want(t, b.events(), whole...)
					want(t, f.connect(t, 0), whole[0], whole[1], whole[3], instanceGone)
				})
			})
			t.Run("lets a follower wait for it", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					follower := &background{done: make(chan error, 1)}
					go func() { follower.done <- f.Connect(t.Context(), key, 0, runner.Each(follower.follow)) }()
					synctest.Wait()
					s.state.Store(how.state)
					a.steps <- delta("m", "x")
					time.Sleep(9 * time.Second)
					s.state.Store(up)
					time.Sleep(6 * time.Second)
					a.steps <- end("m")
					a.steps <- finished()
					close(a.steps)
					if err := <-b.done; err != nil {
						t.Fatal(err)
					}
					if err := <-follower.done; err != nil {
						t.Fatal(err)
					}
					want(t, follower.events(), whole...)
				})
			})
		})
	}
}

// An instance stands still in a call of the store for longer than its lease, so that the call
// fails though the store was never away. The client isn't told that all is well: others have
// seen the run closed.
func TestAFreezeIsNotTheStoresFailure(t *testing.T) {
	for _, fail := range []bool{false, true} {
		for _, at := range []string{"an event is recorded", "an event is recorded, and the run ends", "the end is recorded"} {
			t.Run(fmt.Sprintf("%s (fail: %v)", at, fail), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newFrail()
					f := newFixtureOn(t, s, runner.Options{FailOnStoreFailure: fail})
					a := newSteered()
					b := f.stream(t, t.Context(), request(a, "run"))
					a.steps <- start("m")
					synctest.Wait()
					if at == "the end is recorded" {
						a.steps <- end("m")
						synctest.Wait()
						s.state.Store(frozen)
					} else {
						s.state.Store(frozen)
						a.steps <- end("m")
						time.Sleep(time.Minute)
						if at == "an event is recorded" {
							synctest.Wait()
						}
					}
					select {
					case a.steps <- finished():
						close(a.steps)
					case <-a.ended:
					}
					time.Sleep(30 * time.Second)
					want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_end m", instanceGone)
					if err := <-b.done; !errors.Is(err, store.ErrLeaseLost) {
						t.Fatalf("stream: %v", err)
					}
					want(t, b.events(), "run_started run", "text_message_start m", "text_message_end m", taken)
				})
			})
		}
	}
}

func TestStoreThatIsAwayIsNoticedSoon(t *testing.T) {
	for _, state := range []int32{down, hanging} {
		synctest.Test(t, func(t *testing.T) {
			s := newFrail()
			f := newFixtureOn(t, s, runner.Options{LeaseTTL: 3 * time.Second})
			s.state.Store(state)
			for what, call := range map[string]func() error{
				"begin": func() error {
					_, err := f.Begin(t.Context(), request(script(), "run"))
					return err
				},
				"stop": func() error {
					_, err := f.Stop(t.Context(), key, "")
					return err
				},
				"connect": func() error { return f.Connect(t.Context(), key, 0, runner.Each(new(client).follow)) },
			} {
				begun := time.Now()
				if err := call(); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v", what, err)
				}
				if took := time.Since(begun); took > time.Second {
					t.Errorf("%s took %v", what, took)
				}
			}
		})
	}
}

func TestStoreThatFailsAtTheEndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFrail()
		f := newFixtureOn(t, s, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		a.steps <- end("m")
		synctest.Wait()
		s.state.Store(down)
		begun := time.Now()
		a.steps <- finished()
		close(a.steps)
		time.Sleep(time.Second)
		s.state.Store(up)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the end took %v", took)
		}
		want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
	})
}

func TestStoreThatIsAwayOverTheEndIsBridged(t *testing.T) {
	for name, test := range map[string]struct {
		state   int32
		away    time.Duration
		options runner.Options
		// told is when the client is told of the end, at the latest.
		told     time.Duration
		recorded bool
	}{
		"for as long as the lease holds":         {down, 12 * time.Second, runner.Options{}, 6 * time.Second, true},
		"also one that doesn't answer":           {hanging, 9 * time.Second, runner.Options{}, 11 * time.Second, true},
		"but not longer than the lease holds":    {down, 16 * time.Second, runner.Options{}, 6 * time.Second, false},
		"nor than the grace":                     {down, 12 * time.Second, runner.Options{StoreGrace: 10 * time.Second}, 6 * time.Second, false},
		"with a client that is told the outcome": {down, 12 * time.Second, runner.Options{FailOnStoreFailure: true}, 13 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFrail()
				f := newFixtureOn(t, s, test.options)
				a := newSteered()
				b := f.stream(t, t.Context(), request(a, "run"))
				a.steps <- start("m")
				a.steps <- end("m")
				synctest.Wait()
				s.state.Store(test.state)
				a.steps <- finished()
				close(a.steps)
				time.AfterFunc(test.away, func() { s.state.Store(up) })
				time.Sleep(test.told)
				want(t, b.events(), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
				if err := <-b.done; (err == nil) != test.recorded {
					t.Fatalf("stream: %v", err)
				}
				time.Sleep(20 * time.Second)
				last := "run_finished run"
				if !test.recorded {
					last = instanceGone
				}
				if got := f.connect(t, 0); got[len(got)-1] != last {
					t.Errorf("the history ends with %s", got[len(got)-1])
				}
			})
		})
	}
}
