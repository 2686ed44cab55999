package core_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestCloseEndsManagedRunsAndWaitsForThem(t *testing.T) {
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		d.begins("t2", "r2")
		<-agent.begun
		<-agent.begun
		if err := d.runtime.Close(); err != nil {
			t.Error(err)
		}
		for thread, run := range map[string]string{"t1": "r1", "t2": "r2"} {
			last, text := d.end(run)
			if last != agui.EventTypeRunError || !strings.Contains(text, `"code":"SHUTDOWN"`) || !d.platform.Acked(run) {
				t.Errorf("%s ends with %s", run, text)
			}
			if holder := d.platform.Lock(thread); holder != "" {
				t.Errorf("%s is locked by %s", thread, holder)
			}
		}
		if status, body := d.run("t3", "r3"); status != http.StatusServiceUnavailable {
			t.Errorf("a run after Close is answered %d: %s", status, body)
		}
	})
}

func TestAManagedRunEndsBeforeItsTimeIsOver(t *testing.T) {
	agent := new(held)
	config := core.Config{Agents: agents(agent), RunTimeout: time.Minute, DeadlineMargin: 5 * time.Second}
	deployed(t, config, intelligence.Config{}, func(t *testing.T, d *deployment) {
		begun := time.Now()
		d.begins("t1", "r1")
		d.quiet()
		if took := time.Since(begun); took < 50*time.Second || took > 57*time.Second {
			t.Errorf("the run took %v", took)
		}
		if last, text := d.end("r1"); last != agui.EventTypeRunError || !strings.Contains(text, `"code":"DEADLINE_EXCEEDED"`) || !d.platform.Acked("r1") {
			t.Errorf("the run ends with %s", text)
		}
	})
}

func TestStopEndsAManagedRun(t *testing.T) {
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		<-agent.begun
		stop := func(user, agentID, body string) (int, string) {
			return d.send(t.Context(), user, "POST", "/agent/"+agentID+"/stop/t1", body)
		}
		if status, body := stop("eve", "default", ""); status != http.StatusNotFound {
			t.Errorf("another user's stop is answered %d: %s", status, body)
		}
		if status, body := stop("ada", "%C3%A4%2Fb", ""); status != http.StatusForbidden {
			t.Errorf("a stop of another agent is answered %d: %s", status, body)
		}
		if status, body := stop("ada", "default", `{"runId":"r0"}`); !strings.Contains(body, `"stopped":false`) {
			t.Errorf("a stop of another run is answered %d: %s", status, body)
		}
		if status, body := stop("ada", "default", `{"runId":"r1"}`); !strings.Contains(body, `"stopped":true`) {
			t.Errorf("the stop is answered %d: %s", status, body)
		}
		d.quiet()
		if last, text := d.end("r1"); last != agui.EventTypeRunFinished {
			t.Errorf("the run ends with %s", text)
		}
		if status, body := stop("ada", "default", ""); !strings.Contains(body, `"stopped":false`) {
			t.Errorf("a second stop is answered %d: %s", status, body)
		}
	})
}

func TestPanicsInAManagedRun(t *testing.T) {
	type config = intelligence.Config
	for name, test := range map[string]struct {
		core   core.Config
		config config
		status int
		answer string
		end    agui.EventType
	}{
		"of the agent": {core.Config{Agents: agents(panics)}, config{}, 200, `"joinToken"`, agui.EventTypeRunError},
		"of who is told of threads": {core.Config{}, config{Events: intelligence.ThreadEvents{
			Created: func(intelligence.Thread) { panic("the listener broke") },
		}}, 200, `"joinToken"`, agui.EventTypeRunFinished},
		"of the policy of memories": {core.Config{}, config{Memory: func(context.Context, access.User, intelligence.Consumer) (intelligence.Grant, error) {
			panic("the policy broke")
		}}, 500, `"error":"Memory policy failed"`, ""},
		"of the choice of containers": {core.Config{}, config{Container: func(context.Context, intelligence.ContainerRequest) (string, error) {
			panic("the choice broke")
		}}, 500, `"error":"Failed to resolve Learning Container"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			deployed(t, test.core, test.config, func(t *testing.T, d *deployment) {
				status, body := d.run("t1", "r1")
				if status != test.status || !strings.Contains(body, test.answer) || strings.Contains(body, "broke") {
					t.Errorf("the run is answered %d: %s", status, body)
				}
				d.quiet()
				last, text := d.end("r1")
				if last != test.end || strings.Contains(text, "broke") {
					t.Errorf("the run ends with %s", text)
				}
				if holder := d.platform.Lock("t1"); holder != "" {
					t.Errorf("the thread is locked by %q", holder)
				}
				if !strings.Contains(d.log.String(), "broke") {
					t.Error("the log has no panic")
				}
			})
		})
	}
}

func TestWhatThePlatformSaysWhenItFailsIsLoggedAlone(t *testing.T) {
	for path, call := range map[string]struct{ pattern, method, body string }{
		"/agent/default/run":       {"POST /api/threads/{id}/lock", "POST", runInput("t1", "r1")},
		"/agent/default/connect":   {"POST /api/threads/{id}/connect", "POST", runInput("t1", "r1")},
		"/threads?agentId=default": {"GET /api/threads", "GET", ""},
		"/threads/t1/messages":     {"GET /api/threads/{id}/messages", "GET", ""},
		"/memories":                {"GET /api/memories", "GET", ""},
		"/annotate":                {"PUT /connector/annotate/{id}", "POST", `{"type":"x","threadId":"t1"}`},
		"/agent/default/stop/t1":   {"GET /api/threads/{id}", "POST", "{}"},
		"/threads/t1":              {"DELETE /api/threads/{id}", "DELETE", `{"agentId":"default"}`},
		"/threads/t1/archive":      {"PATCH /api/threads/{id}", "POST", `{"agentId":"default"}`},
		"/threads/subscribe":       {"POST /api/threads/subscribe", "POST", "{}"},
		"/threads/t1/state":        {"GET /api/threads/{id}", "GET", ""},
	} {
		for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError} {
			t.Run(fmt.Sprint(path, " ", status), func(t *testing.T) {
				deployed(t, core.Config{}, intelligence.Config{ServeMemories: true}, func(t *testing.T, d *deployment) {
					d.platform.Fault(call.pattern, intelligencetest.RouteFault{Status: status, Body: `{"error":"the quota of ACME is used up"}`, EchoKey: true})
					if status, body := d.send(t.Context(), "ada", call.method, path, call.body); status < 400 || strings.Contains(body, "ACME") {
						t.Errorf("it is answered %d: %s", status, body)
					}
					if !strings.Contains(d.log.String(), "ACME") {
						t.Errorf("the log has nothing of it: %s", d.log.String())
					}
				})
			})
		}
	}
}

func TestListenersAreToldOfManagedThreads(t *testing.T) {
	var told []string
	events := intelligence.ThreadEvents{
		Created: func(t intelligence.Thread) { told = append(told, "created "+t.ID) },
		Updated: func(t intelligence.Thread) { told = append(told, "updated "+t.ID+" "+t.Name) },
		Deleted: func(t intelligence.DeletedThread) {
			told = append(told, "deleted "+t.ThreadID+" of "+t.User+" and "+t.AgentID)
		},
	}
	deployed(t, core.Config{}, intelligence.Config{Events: events}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		d.quiet()
		d.begins("t1", "r2")
		d.quiet()
		for _, request := range []struct{ method, path, body string }{
			{"PATCH", "/threads/t1", `{"agentId":"default","name":"A name"}`},
			{"POST", "/threads/t1/archive", `{"agentId":"default"}`},
			{"DELETE", "/threads/t1", ""},
			{"DELETE", "/threads/t1", `{"agentId":"default"}`}, // it's gone
		} {
			d.send(t.Context(), "ada", request.method, request.path, request.body)
		}
		synctest.Wait()
		if got := strings.Join(told, ", "); got != "created t1, updated t1 A name, updated t1 A name, deleted t1 of ada and default" {
			t.Errorf("told: %s", got)
		}
	})
}

func TestWhatAManagedRunTakesIsFreeAtItsEnd(t *testing.T) {
	large := strings.Replace(runInput("t2", "r2"), `"Hello"`, `"`+strings.Repeat("x", 80<<10)+`"`, 1)
	for name, test := range map[string]struct {
		core.Config
		status int
	}{
		"a place among the user's runs": {core.Config{Limits: core.Limits{ConcurrentRuns: 1}}, http.StatusTooManyRequests},
		"room for its body":             {core.Config{MaxConcurrentBodyBytes: 100 << 10}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			agent := new(held)
			test.Agents = agents(agent)
			deployed(t, test.Config, intelligence.Config{}, func(t *testing.T, d *deployment) {
				ask := func(body string) (int, string) {
					return d.send(t.Context(), "ada", "POST", "/agent/default/run", body)
				}
				if status, body := ask(strings.NewReplacer("t2", "t1", "r2", "r1").Replace(large)); status != http.StatusOK {
					t.Fatalf("the first run is answered %d: %s", status, body)
				}
				<-agent.begun
				if status, body := ask(large); status != test.status {
					t.Errorf("a run beside it is answered %d: %s", status, body)
				}
				close(agent.release)
				d.quiet()
				if status, body := ask(large); status != http.StatusOK {
					t.Errorf("a run after it is answered %d: %s", status, body)
				}
				d.quiet()
			})
		})
	}
}

func TestDebugEventsShowManagedRuns(t *testing.T) {
	deployed(t, core.Config{Debug: core.Debug{Events: true}}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		request, err := http.NewRequestWithContext(t.Context(), "GET", d.address+"/cpk-debug-events", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("User", "ada")
		response, err := d.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Scan() // connected
		if status, body := d.send(t.Context(), "eve", "POST", "/agent/default/run", runInput("t2", "r2")); status != http.StatusOK {
			t.Fatalf("eve's run is answered %d: %s", status, body)
		}
		d.begins("t1", "r1")
		var seen strings.Builder
		for !strings.Contains(seen.String(), "RUN_FINISHED") && lines.Scan() {
			seen.WriteString(lines.Text())
		}
		for _, part := range []string{"RUN_STARTED", `"r1"`, " there"} {
			if !strings.Contains(seen.String(), part) {
				t.Errorf("the debug events have no %s: %s", part, seen.String())
			}
		}
		if strings.Contains(seen.String(), "r2") {
			t.Error("ada sees eve's run")
		}
	})
}

func TestManagedThreadsAreTheirUsers(t *testing.T) {
	deployed(t, core.Config{}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		d.quiet()
		for _, what := range []string{"events", "state"} {
			if status, body := d.send(t.Context(), "ada", "GET", "/threads/t1/"+what, ""); status != http.StatusOK {
				t.Errorf("ada's %s are answered %d: %s", what, status, body)
			}
		}
		before := len(d.platform.Requests("GET /api/_inspect/threads/{id}/events", "GET /api/_inspect/threads/{id}/state"))
		for _, what := range []string{"events", "state"} {
			if status, body := d.send(t.Context(), "eve", "GET", "/threads/t1/"+what, ""); status != http.StatusNotFound || strings.Contains(body, "hi") {
				t.Errorf("to eve %s are answered %d: %s", what, status, body)
			}
		}
		if after := len(d.platform.Requests("GET /api/_inspect/threads/{id}/events", "GET /api/_inspect/threads/{id}/state")); before != 2 || after != 2 {
			t.Errorf("the platform was asked for events and state %d times, %d before eve", after, before)
		}
		if status, body := d.send(t.Context(), "eve", "POST", "/agent/default/run", runInput("t1", "r2")); status < 400 || status > 499 {
			t.Errorf("eve's run of ada's thread is answered %d: %s", status, body)
		}
	})
}

func TestManagedThreadsNeedAUser(t *testing.T) {
	deployed(t, core.Config{}, intelligence.Config{ServeMemories: true}, func(t *testing.T, d *deployment) {
		for _, request := range []struct{ method, path, body string }{
			{"GET", "/info", ""},
			{"POST", "/agent/default/run", runInput("t1", "r1")},
			{"POST", "/agent/default/connect", runInput("t1", "r1")},
			{"POST", "/agent/default/stop/t1", ""},
			{"GET", "/threads?agentId=default", ""},
			{"GET", "/threads/t1/events", ""},
			{"GET", "/memories", ""},
			{"POST", "/annotate", `{"type":"x","threadId":"t1"}`},
			{"GET", "/inspector-metadata", ""},
		} {
			if status, body := d.send(t.Context(), "", request.method, request.path, request.body); status != http.StatusUnauthorized {
				t.Errorf("%s %s is answered %d: %s", request.method, request.path, status, body)
			}
		}
		if asked := d.platform.Requests(); len(asked) != 0 {
			t.Errorf("the platform was asked %d times", len(asked))
		}
	})
	platform := struct{ intelligence.Platform }{}
	if _, err := core.New(core.Config{Agents: agents(greeter), Intelligence: &intelligence.Config{Platform: platform}}); err == nil {
		t.Error("a runtime without users is made")
	}
}

func TestAFailedIdentityAsksNoPlatform(t *testing.T) {
	broken := core.Config{Identify: func(*http.Request) (access.User, error) { return access.User{}, errors.New("the users are away") }}
	deployed(t, broken, intelligence.Config{}, func(t *testing.T, d *deployment) {
		if status, body := d.run("t1", "r1"); status != http.StatusInternalServerError || len(d.platform.Requests()) != 0 {
			t.Errorf("the run is answered %d: %s", status, body)
		}
	})
}
