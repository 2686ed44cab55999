package managed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

const lockRoute = "/api/threads/{id}/lock"

func TestARunIsLostWhen(t *testing.T) {
	type faults = intelligencetest.Faults
	for name, c := range map[string]struct {
		given func(*project, intelligence.Run)
		// within is how soon it is known, counted from given.
		within time.Duration
		// last is the last event that arrives, "" for none that says that it is lost.
		last string
		// silent says that nothing arrives any more.
		silent bool
		says   string
	}{
		"the gateway is gone for a minute": {given: func(p *project, _ intelligence.Run) { p.GatewayDown() },
			within: time.Minute, says: "hasn't stored an event within 1m0s"},
		"the gateway stores nothing for a minute": {given: func(p *project, _ intelligence.Run) {
			p.SetFaults(func(f *faults) { f.Silent = true })
		}, within: time.Minute, says: "hasn't stored an event within 1m0s"},
		"the gateway is overloaded for a minute": {given: func(p *project, _ intelligence.Run) {
			p.SetFaults(func(f *faults) { f.RefuseEvents = 1000 })
		}, within: time.Minute, says: "hasn't stored an event within 1m0s"},
		"the gateway refuses an event for good": {given: func(p *project, _ intelligence.Run) {
			p.SetFaults(func(f *faults) { f.RefuseEventsForGood = "bad_sequence" })
		}, says: "bad_sequence"},
		"the gateway refuses to be joined again": {given: func(p *project, _ intelligence.Run) {
			p.SetFaults(func(f *faults) { f.CloseAfterStoring, f.JoinReject = 1, "invalid_lock" })
		}, within: 100 * time.Millisecond, says: "invalid_lock"},
		"the gateway closes connections for good": {given: func(p *project, _ intelligence.Run) {
			p.SetFaults(func(f *faults) { f.CloseBeforeStoring, f.CloseCode = 1, 1000 })
		}, says: "closed by the server"},
		"the lock is another run's": {given: func(p *project, _ intelligence.Run) { p.ExpireLock("thread") },
			within: 15 * time.Second, last: "LEASE_LOST", silent: true, says: "lock is lost"},
		"the lock can't be renewed in time": {given: func(p *project, _ intelligence.Run) {
			p.Fault("PATCH "+lockRoute, intelligencetest.RouteFault{Status: 503})
		}, within: 20 * time.Second, last: "LEASE_LOST", says: "lock is lost"},
		"renewing the lock hangs": {given: func(p *project, _ intelligence.Run) {
			p.Fault("PATCH "+lockRoute, intelligencetest.RouteFault{Delay: time.Hour})
		}, within: 20 * time.Second, last: "LEASE_LOST", says: "lock is lost"},
		"the key isn't good any more": {given: func(p *project, _ intelligence.Run) {
			p.Fault("PATCH "+lockRoute, intelligencetest.RouteFault{Status: 401})
		}, within: 15 * time.Second, last: "LEASE_LOST", says: "lock is lost"},
		"an event is too large": {given: func(p *project, run intelligence.Run) {
			huge := records(agui.TextMessageContentEvent{MessageID: "m", Delta: strings.Repeat("x", 4<<20)})
			if err := run.Append(p.t.Context(), huge); err != store.ErrLeaseLost {
				p.t.Errorf("append: %v", err)
			}
		}, last: "EVENT_TOO_LARGE", says: "more than the gateway takes"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				run := p.begin("thread", "run")
				told := story(10)
				tell(t, run, told[:5], 10*time.Millisecond)
				begun := time.Now()
				c.given(p, run)
				if c.last == "" {
					// At once: with the first, the run may be lost already.
					if err := run.Append(t.Context(), told[5:7]); err != nil {
						t.Fatalf("append: %v", err)
					}
				}
				<-run.Ended().Done()
				if took := time.Since(begun); took > c.within+100*time.Millisecond || took < c.within/2 {
					t.Errorf("took %v, want %v", took, c.within)
				}
				if err := awaitStop(run); err != store.ErrLeaseLost {
					t.Errorf("await stop: %v", err)
				}
				if err := run.Renew(t.Context()); err != store.ErrLeaseLost {
					t.Errorf("renew: %v", err)
				}
				if run.Room() != nil {
					t.Error("the agent is held up")
				}
				if err := run.Append(t.Context(), told[7:8]); err != store.ErrLeaseLost {
					t.Errorf("append: %v", err)
				}
				if c.last != "" && !c.silent {
					p.Await(t, "the last event", func() bool { return p.Ended("run") })
				}
				begun = time.Now()
				err := run.Finish(t.Context(), &store.Result{})
				if !errors.Is(err, store.ErrLeaseLost) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("finish: %v, want %q", err, c.says)
				}
				if took := time.Since(begun); took > 6*time.Second {
					t.Errorf("finish took %v", took)
				}
				if got := len(p.Requests("DELETE " + lockRoute)); got != 1 {
					t.Errorf("the lock was released %d times", got)
				}
				if holder := p.Lock("thread"); holder != "" {
					t.Errorf("the thread is locked by %s", holder)
				}
				events := p.RunEvents("run")
				if c.last != "" && !c.silent && !strings.Contains(string(events[len(events)-1].JSON), `"code":"`+c.last+`"`) {
					t.Errorf("the last event is %s", events[len(events)-1].JSON)
				}
			})
		})
	}
}

func TestALockIsKeptThoughRenewingItFailsAtFirst(t *testing.T) {
	for name, fault := range map[string]intelligencetest.RouteFault{
		"with an error":      {Status: 502, Times: 3},
		"without an answer":  {Drop: true, Times: 3},
		"when it is busy":    {Status: 429, Times: 3},
		"and it was renewed": {Status: 500, Done: true, Times: 3},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				run := p.begin("thread", "run")
				p.Fault("PATCH "+lockRoute, fault)
				told := story(3)
				tell(t, run, told[:4], 0)
				time.Sleep(5 * time.Minute)
				tell(t, run, told[4:], 0)
				if err := run.Finish(t.Context(), &store.Result{}); err != nil {
					t.Error(err)
				}
				p.arrived("run", told)
				p.unlocked("thread", 0)
			})
		})
	}
}

func TestFinishingEndsWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		p.SetFaults(func(f *intelligencetest.Faults) { f.Silent = true })
		tell(t, run, story(3), 0)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		if err := run.Finish(ctx, &store.Result{}); !errors.Is(err, store.ErrLeaseLost) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("finish: %v", err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		p.unlocked("thread", 1)
	})
}

// A run that ends with no terminal event has nothing by which the gateway would know.
func TestTheLockOfARunWithoutAnEndIsReleased(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		tell(t, run, story(3)[:3], 0)
		if err := run.Finish(t.Context(), &store.Result{}); err != nil {
			t.Errorf("finish: %v", err)
		}
		p.unlocked("thread", 1)
	})
}
