package managed_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestARunIsStopped(t *testing.T) {
	for name, stop := range map[string]func(*project) (bool, error){
		"by the gateway": func(p *project) (bool, error) {
			p.StopRun("run")
			return true, nil
		},
		"by its own instance": func(p *project) (bool, error) {
			return p.client.Stop(p.t.Context(), "ada", "default", "thread", "")
		},
		"by its own instance and its id": func(p *project) (bool, error) {
			return p.client.Stop(p.t.Context(), "ada", "default", "thread", "run")
		},
		"by another instance": func(p *project) (bool, error) {
			return p.newClient(nil).Stop(p.t.Context(), "ada", "default", "thread", "")
		},
		"by another instance and its id": func(p *project) (bool, error) {
			return p.newClient(nil).Stop(p.t.Context(), "ada", "default", "thread", "run")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				run := p.begin("thread", "run")
				told := story(20)
				tell(t, run, told[:15], time.Millisecond)
				stopped, err := stop(p)
				if err != nil || !stopped {
					t.Fatalf("stop: %v %v", stopped, err)
				}
				<-run.Ended().Done()
				if err := run.AwaitStop(t.Context()); err != nil {
					t.Errorf("await stop: %v", err)
				}
				if again, err := p.client.Stop(t.Context(), "ada", "default", "thread", ""); err != nil || again {
					t.Errorf("stopped again: %v %v", again, err)
				}
				if err := run.Renew(t.Context()); err != nil {
					t.Errorf("renew: %v", err)
				}
				tell(t, run, told[15:], 0) // how it ends
				if err := run.Finish(t.Context(), &store.Result{}); err != nil {
					t.Errorf("finish: %v", err)
				}
				p.arrived("run", told)
				p.unlocked("thread", 0)
				synctest.Wait() // until the gateway, too, knows that they are closed
				if _, clients := p.Connections(); clients != 0 {
					t.Errorf("%d connections are left", clients)
				}
			})
		})
	}
}

// A run leaves when its end has arrived. Its thread is free then.
func TestALeavingRunHidesNoOtherFromAStop(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		tell(t, run, story(1), 0)
		p.Await(t, "the end", func() bool { return p.Acked("run") })
		p.SetFaults(func(f *intelligencetest.Faults) { f.LeaveDelay = time.Minute })
		finished := make(chan error, 1)
		go func() { finished <- run.Finish(t.Context(), &store.Result{}) }()
		synctest.Wait() // until it waits for the gateway to let it go
		other, err := p.newClient(nil).Begin(t.Context(), request("thread", "other"))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Finish(t.Context(), nil)
		select {
		case err := <-finished:
			t.Fatalf("the run has left already: %v", err)
		default:
		}
		if stopped, err := p.client.Stop(t.Context(), "ada", "default", "thread", ""); err != nil || !stopped {
			t.Errorf("stop: %v %v", stopped, err)
		}
		if err := awaitStop(other); err != nil {
			t.Errorf("await stop: %v", err)
		}
		if err := <-finished; err != nil {
			t.Errorf("finish: %v", err)
		}
	})
}

func TestARunThatIsStoppedBeforeItIsJoinedBeginsStopped(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.SetFaults(func(f *intelligencetest.Faults) { f.JoinDelay = 5 * time.Second })
		time.AfterFunc(3*time.Second, func() { p.StopRun("run") })
		run := p.begin("thread", "run")
		if err := awaitStop(run); err != nil {
			t.Errorf("await stop: %v", err)
		}
	})
}

func TestNothingIsStoppedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		given func(*project)
		runID string
		fails bool
	}{
		"there is no thread":     {given: func(*project) {}},
		"there is no live run":   {given: func(p *project) { p.AddThread("thread", "ada", "default") }},
		"another run is live":    {given: live, runID: "another"},
		"the run isn't live now": {given: func(p *project) { p.AddThread("thread", "ada", "default") }, runID: "run"},
		"the gateway is away": {given: func(p *project) {
			live(p)
			p.GatewayDown()
		}, fails: true},
		"the gateway is silent": {given: func(p *project) {
			live(p)
			p.SetFaults(func(f *intelligencetest.Faults) { f.Silent = true })
		}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				c.given(p)
				begun := time.Now()
				stopped, err := p.newClient(nil).Stop(t.Context(), "ada", "default", "thread", c.runID)
				if stopped || (err != nil) != c.fails {
					t.Errorf("stop: %v %v", stopped, err)
				}
				if took := time.Since(begun); took > 15*time.Second {
					t.Errorf("took %v", took)
				}
				synctest.Wait()
			})
		})
	}
}

func live(p *project) { p.begin("thread", "run") }

func TestConnectSaysWhereAThreadIs(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		if credentials, err := p.client.Connect(t.Context(), "ada", "default", "thread"); credentials != nil || err != nil {
			t.Errorf("no thread: %+v %v", credentials, err)
		}
		live(p)
		credentials, err := p.client.Connect(t.Context(), "ada", "default", "thread")
		if err != nil || credentials == nil || credentials.JoinToken == "" || *credentials != (intelligence.Credentials{ThreadID: "thread", RunID: "run", JoinToken: credentials.JoinToken}) {
			t.Errorf("got %+v %v", credentials, err)
		}
	})
}
