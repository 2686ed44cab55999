package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/bundle/platforms"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestRunsThatGoOnAfterTheirAnswersEndWithTheServer(t *testing.T) {
	tests := map[string]struct {
		faults intelligencetest.Faults
		// released says that the agent comes to its end in the grace.
		released bool
		grace    string
		last     platformtest.Event
	}{
		"in the grace":           {released: true, grace: "60", last: platformtest.Event{Type: "RUN_FINISHED"}},
		"in good order after it": {grace: "0", last: platformtest.Event{Type: "RUN_ERROR", Code: "SHUTDOWN"}},
		"and don't wait for a gateway that never answers": {faults: intelligencetest.Faults{HoldTerminalAcks: true}, grace: "0", last: platformtest.Event{Type: "RUN_ERROR", Code: "SHUTDOWN"}},
		"even if they have ended before the server":       {faults: intelligencetest.Faults{HoldTerminalAcks: true}, released: true, grace: "0", last: platformtest.Event{Type: "RUN_FINISHED"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			managed := platformtest.NewManaged(t, "an answer")
			managed.SetFaults(func(f *intelligencetest.Faults) { *f = test.faults })
			held := managed.Model.Hold()
			defer held.Release()
			s := start(t, append(managed.Env(), "COPILOTKIT_SHUTDOWN_SECONDS="+test.grace)...)
			d := &platformtest.Deployment{URL: strings.TrimSuffix(s.site, "/"), Log: &platformtest.Log{}}
			managed.StartRun(t, d, "thread", "run")
			managed.AwaitText(t, "run")
			if test.released && test.faults.HoldTerminalAcks {
				held.Release()
				managed.AwaitEnd(t, "run")
			}
			s.interrupt()
			if test.released {
				held.Release()
			}
			select {
			case err := <-s.ended:
				if err != nil {
					t.Errorf("serve returned %v", err)
				}
			case <-time.After(15 * time.Second):
				t.Fatal("the server goes on")
			}
			events := managed.AwaitEnd(t, "run")
			if last := events[len(events)-1]; last != test.last || managed.Lock("thread") != "" {
				t.Errorf("the run ends with %+v, and the thread is locked by %q", last, managed.Lock("thread"))
			}
		})
	}
}

func TestTheBannerSaysWhoKeepsTheThreads(t *testing.T) {
	const key = "CPK_INTELLIGENCE_API_KEY=cpk-1_k"
	for want, env := range map[string][]string{
		"in memory, until this program ends.":                                            nil,
		"kept by CopilotKit's Intelligence platform.":                                    {key, "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=a:b"},
		"kept by CopilotKit's Intelligence platform, all of them the user dev's.":        {key, "COPILOTKIT_INTELLIGENCE_USER=dev"},
		"kept by the Intelligence platform at https://i.example, all of them the user d": {key, "COPILOTKIT_INTELLIGENCE_USER=dev", "COPILOTKIT_INTELLIGENCE_API_URL=https://i.example"},
	} {
		settings, err := bundle.Read(func() []string { return env }, platforms.Local().Defaults)
		if err != nil {
			t.Fatal(err)
		}
		if got := threadsLine(settings); !strings.HasPrefix(got, want) || strings.Contains(got, "cpk-1") {
			t.Errorf("with %q it says %s", env, got)
		}
	}
}

func TestThePageReachesTheGatewayThatItsEventsComeThrough(t *testing.T) {
	for want, settings := range map[string]bundle.IntelligenceSettings{
		"frame-ancestors 'none'": {},
		"; connect-src 'self' wss://realtime.intelligence.copilotkit.ai": {Key: "k"},
		"; connect-src 'self' ws://127.0.0.1:4401":                       {Key: "k", WSURL: "http://127.0.0.1:4401/runner"},
	} {
		answer := get(newMux(&bundle.Settings{BasePath: "/", Intelligence: settings}, echo), "GET", "/")
		if policy := answer.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, want) {
			t.Errorf("the policy is %q, want %q at its end", policy, want)
		}
	}
}

func TestTheServerIsReadyIfThePlatformKnowsItsKey(t *testing.T) {
	managed := platformtest.NewManaged(t, "unused")
	const ready = `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`
	s := start(t, managed.Env()...)
	if calls := managed.Requests(); len(calls) > 0 {
		t.Errorf("at its start the server asks for %v", calls)
	}
	for range 3 {
		if status, body := s.probe(t, "/readyz"); status != http.StatusOK || body != ready {
			t.Errorf("got %d %s", status, body)
		}
	}
	if calls := managed.Requests(); len(calls) != 1 {
		t.Errorf("for three probes the platform was asked %d times", len(calls))
	}
	for name, env := range map[string]string{
		"the wrong key": "CPK_INTELLIGENCE_API_KEY=cpk-1_wrong", "no platform there": "COPILOTKIT_INTELLIGENCE_API_URL=http://127.0.0.1:9",
	} {
		s := start(t, append(managed.Env(), env)...)
		if status, body := s.probe(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"store":"unavailable"`) {
			t.Errorf("with %s: got %d %s", name, status, body)
		}
		if status, _ := s.probe(t, "/healthz"); status != http.StatusOK {
			t.Errorf("with %s the process isn't alive: %d", name, status)
		}
	}
}
