package managed_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestARunBeginsWith(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.SetFaults(func(f *intelligencetest.Faults) { f.RenameRuns = true })
		var created []intelligence.Thread
		asked := request("thread", "asked")
		asked.MessageIDs = []string{"m1", "m2"}
		asked.Created = func(thread intelligence.Thread) { created = append(created, thread) }
		run, err := p.client.Begin(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		credentials := run.Credentials()
		if run.RunID() == "asked" || credentials.RunID != run.RunID() || credentials.ThreadID != "thread" || run.ThreadID() != "thread" || credentials.JoinToken == "" {
			t.Errorf("run %s of thread %s, credentials %+v", run.RunID(), run.ThreadID(), credentials)
		}
		if !run.Unnamed() || len(created) != 1 || created[0].ID != "thread" {
			t.Errorf("unnamed %v, created %+v", run.Unnamed(), created)
		}
		if run.AgentID() != "default" || run.NextSeq() != 1 || len(run.Seen()) != 0 {
			t.Errorf("agent %q, seq %d, seen %v", run.AgentID(), run.NextSeq(), run.Seen())
		}
		if run.Ended().Err() != nil || run.Renew(t.Context()) != nil || run.Room() != nil || !errors.Is(awaitStop(run), context.DeadlineExceeded) {
			t.Error("the run has ended")
		}
		if _, err := p.client.Begin(t.Context(), request("thread", "second")); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second run: %v", err)
		}
		time.Sleep(10 * time.Minute) // the lock is renewed
		if holder := p.Lock("thread"); holder != run.RunID() {
			t.Errorf("the thread is locked by %q", holder)
		}
		if err := run.Finish(t.Context(), nil); err != nil {
			t.Error(err)
		}
		p.unlocked("thread", 1)
		again, err := p.client.Begin(t.Context(), request("thread", "third"))
		if err != nil {
			t.Fatal(err)
		}
		if again.Unnamed() || len(created) != 1 {
			t.Error("the thread was created again")
		}
		again.Finish(t.Context(), nil)
	})
}

func TestARunDoesNotBeginWhen(t *testing.T) {
	type faults = intelligencetest.Faults
	const threadPath, lockPath = "/api/threads/{id}", "/api/threads/{id}/lock"
	route := func(pattern string, fault intelligencetest.RouteFault) func(*project) {
		return func(p *project) { p.Fault(pattern, fault) }
	}
	for name, c := range map[string]struct {
		given  func(*project)
		step   intelligence.Step
		status int
		within time.Duration
		// lockTries is how often the lock was asked for, and released.
		lockTries int
		is        error
	}{
		"the thread can't be got": {given: route("GET "+threadPath, intelligencetest.RouteFault{Status: 403}),
			step: intelligence.StepThread, status: 403},
		"the platform is away": {given: func(p *project) { p.APIDown() }, step: intelligence.StepThread},
		"the lock is another's": {given: func(p *project) {
			other, err := p.newClient(nil).Begin(p.t.Context(), request("thread", "other"))
			if err != nil {
				p.t.Fatal(err)
			}
			p.t.Cleanup(func() { other.Finish(context.Background(), nil) })
		}, step: intelligence.StepLock, status: 409, is: store.ErrLocked},
		"the lock can't be had": {given: route("POST "+lockPath, intelligencetest.RouteFault{Status: 500}),
			step: intelligence.StepLock, status: 500},
		"the answer to the lock doesn't come": {given: route("POST "+lockPath, intelligencetest.RouteFault{Done: true, Delay: time.Hour}),
			step: intelligence.StepLock, within: 20 * time.Second, lockTries: 1},
		"the answer to the lock is empty": {given: route("POST "+lockPath, intelligencetest.RouteFault{Done: true, Status: 200, Body: `{"threadId":"thread","runId":"run","joinToken":""}`}),
			step: intelligence.StepCredentials, lockTries: 1},
		"the history can't be got": {given: route("GET "+threadPath+"/messages", intelligencetest.RouteFault{Status: 503}),
			step: intelligence.StepHistory, status: 503, lockTries: 1},
		"the gateway refuses connections": {given: func(p *project) { p.GatewayDown() },
			step: intelligence.StepJoin, within: 10 * time.Second, lockTries: 1},
		"the gateway refuses the key": {given: faulty(func(f *faults) { f.UpgradeStatus = 401 }),
			step: intelligence.StepJoin, status: 401, lockTries: 1},
		"the gateway's proxy has no gateway": {given: faulty(func(f *faults) { f.UpgradeStatus = 503 }),
			step: intelligence.StepJoin, status: 503, within: 10 * time.Second, lockTries: 1},
		"the gateway's handshake hangs": {given: faulty(func(f *faults) { f.HangUpgrade = true }),
			step: intelligence.StepJoin, within: 10 * time.Second, lockTries: 1},
		"the gateway never answers": {given: faulty(func(f *faults) { f.Silent = true }),
			step: intelligence.StepJoin, within: 10 * time.Second, lockTries: 1},
		"the gateway refuses the join": {given: faulty(func(f *faults) { f.JoinReject = "invalid_lock" }),
			step: intelligence.StepJoin, lockTries: 1},
		"the gateway drains for too long": {given: faulty(func(f *faults) { f.JoinDrain = 1000 }),
			step: intelligence.StepJoin, within: time.Minute, lockTries: 1},
		"the gateway's answers are too large": {given: faulty(func(f *faults) { f.JoinPadding = 4<<20 + 1 }),
			step: intelligence.StepJoin, within: 8 * time.Second, lockTries: 1},
		"the lock is lost while the gateway drains": {given: func(p *project) {
			p.SetFaults(func(f *faults) { f.JoinDrain = 1000 })
			time.AfterFunc(5*time.Second, func() { p.ExpireLock("thread") })
		}, step: intelligence.StepJoin, within: 15 * time.Second, lockTries: 1, is: store.ErrLeaseLost},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.AddThread("thread", "ada", "default")
				c.given(p)
				asked := request("thread", "run")
				asked.MessageIDs = []string{"m"}
				begun := time.Now()
				run, err := p.client.Begin(t.Context(), asked)
				if err == nil {
					run.Finish(t.Context(), nil)
					t.Fatal("it began")
				}
				took := time.Since(begun)
				failure, ok := errors.AsType[*intelligence.Error](err)
				if !ok || failure.Step != c.step || failure.Status != c.status || c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("got %v (step %q, status %d), want step %q, status %d", err, failure.Step, failure.Status, c.step, c.status)
				}
				if strings.Contains(err.Error(), p.Key) || strings.Contains(err.Error(), "websocket") && strings.Contains(err.Error(), "vsn") {
					t.Errorf("the error tells too much: %v", err)
				}
				if took > c.within || took < c.within/4 {
					t.Errorf("took %v, want %v at most", took, c.within)
				}
				if got := len(p.Requests("DELETE " + lockPath)); got != c.lockTries {
					t.Errorf("the lock was released %d times, want %d", got, c.lockTries)
				}
				if holder := p.Lock("thread"); holder == "run" {
					t.Error("the lock is left behind")
				}
				if name != "the lock is another's" {
					if runners, _ := p.Connections(); runners > 0 {
						time.Sleep(5 * time.Second)
						if runners, _ := p.Connections(); runners > 0 {
							t.Errorf("%d connections are left", runners)
						}
					}
				}
			})
		})
	}
}

func TestARunBeginsWithPatience(t *testing.T) {
	type faults = intelligencetest.Faults
	for name, c := range map[string]struct {
		given  func(*project)
		within time.Duration
	}{
		"while the gateway drains": {faulty(func(f *faults) { f.JoinDrain = 4 }), 20 * time.Second},
		"while the gateway restarts": {func(p *project) {
			p.GatewayDown()
			time.AfterFunc(2*time.Second, func() { p.GatewayUp() })
		}, 6 * time.Second}, // the sixth pause, of 3.2 s at most, may have begun just before
		"while the gateway is slow": {faulty(func(f *faults) { f.JoinDelay = 9 * time.Second }), 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				c.given(p)
				begun := time.Now()
				run := p.begin("thread", "run")
				if took := time.Since(begun); took > c.within {
					t.Errorf("took %v, want %v at most", took, c.within)
				}
				told := story(3)
				tell(t, run, told, 0)
				if err := run.Finish(t.Context(), &store.Result{}); err != nil {
					t.Error(err)
				}
				p.arrived("run", told)
				p.unlocked("thread", 0)
			})
		})
	}
}

func TestARunThatCannotBeginLeavesItsCallerTimeToSaySo(t *testing.T) {
	for name, release := range map[string]intelligencetest.RouteFault{
		"": {},
		", though nobody says that its lock is free": {Delay: time.Hour, Done: true},
	} {
		t.Run("in time"+name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.SetFaults(func(f *intelligencetest.Faults) { f.Silent = true })
				p.Fault("DELETE /api/threads/{id}/lock", release)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				begun := time.Now()
				if _, err := p.client.Begin(ctx, request("thread", "run")); err == nil {
					t.Error("it has begun")
				}
				if took := time.Since(begun); took > 4*time.Second {
					t.Errorf("took %v", took)
				}
				p.unlocked("thread", 1)
			})
		})
	}
}

// The platform may hear that nobody wants a lock before it has given it.
func TestNoLockIsLeftBehindBy(t *testing.T) {
	for name, c := range map[string]struct {
		lock intelligencetest.RouteFault
		// within is how long after its caller a run is given up.
		within time.Duration
	}{
		"a caller that goes away while a lock is given": {intelligencetest.RouteFault{Delay: 2 * time.Second, Late: true}, time.Second},
		"a platform that doesn't answer":                {intelligencetest.RouteFault{Delay: time.Hour, Done: true}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				p.Fault("POST "+lockRoute, c.lock)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer time.AfterFunc(time.Second, func() { cancel(http.ErrAbortHandler) }).Stop()
				begun := time.Now()
				if _, err := p.client.Begin(ctx, request("thread", "run")); !errors.Is(err, http.ErrAbortHandler) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begun) - time.Second; took > c.within {
					t.Errorf("it took %v longer than its caller", took)
				}
				time.Sleep(10 * time.Second)
				if holder := p.Lock("thread"); holder != "" {
					t.Errorf("%s has the lock", holder)
				}
			})
		})
	}
}

func TestARunThatIsAskedForTwiceKeepsItsLock(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		p.Fault("POST "+lockRoute, intelligencetest.RouteFault{Drop: true})
		if _, err := p.client.Begin(t.Context(), request("thread", "run")); err == nil {
			t.Error("it began twice")
		}
		if holder := p.Lock("thread"); holder != "run" {
			t.Errorf("the lock is %q's", holder)
		}
		tell(t, run, story(3), 0)
		if err := run.Finish(t.Context(), &store.Result{}); err != nil {
			t.Error(err)
		}
	})
}

func TestARunWhoseCallerGoesAwayDoesNotBegin(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.SetFaults(func(f *intelligencetest.Faults) { f.Silent = true })
		ctx, cancel := context.WithCancelCause(t.Context())
		defer time.AfterFunc(time.Second, func() { cancel(http.ErrAbortHandler) }).Stop()
		begun := time.Now()
		if _, err := p.client.Begin(ctx, request("thread", "run")); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		p.unlocked("thread", 1)
	})
}
