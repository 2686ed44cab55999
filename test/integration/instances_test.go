// Package integration tests what happens when the requests of one thread reach
// different instances, as on every function platform. It uses real processes, real stores
// (see backends), and a real bootstrap behind Lambda's protocol.
package integration

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/lambdaapi"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// pair is two instances that share a store.
type pair struct{ a, b *platformtest.Deployment }

// startPair starts two instances on one store, with additional environment variables.
type startPair func(t *testing.T, env []string) pair

// pairs are the ways to start two instances, by name.
func pairs() map[string]startPair {
	pairs := make(map[string]startPair)
	for _, b := range backends {
		pairs["two servers and "+b.name] = b.servers
		if b.onLambda {
			pairs["two bootstraps and "+b.name] = func(t *testing.T, env []string) pair {
				env = append(env, b.start(t)...)
				return pair{startFunction(t, env), startFunction(t, env)}
			}
		}
	}
	return pairs
}

func (b backend) servers(t *testing.T, env []string) pair {
	env = append(env, b.start(t)...)
	return pair{startServer(t, env), startServer(t, env)}
}

func forEveryPair(t *testing.T, test func(t *testing.T, start startPair)) {
	for name, start := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start)
		})
	}
}

func startServer(t *testing.T, env []string) *platformtest.Deployment {
	t.Helper()
	dir := platformtest.Build(t, "copilotkit", func(dir string) error {
		return platformtest.Compile("../..", filepath.Join(dir, "copilotkit"), "./cmd/copilotkit")
	})
	return platformtest.StartServer(t, dir, filepath.Join(dir, "copilotkit"), freeport.Take(t), env)
}

// startFunction deploys a function whose instances serve one request at a time, so that
// a stop or a follower never reaches the instance of the run.
func startFunction(t *testing.T, env []string) *platformtest.Deployment {
	t.Helper()
	dir := platformtest.Build(t, "bootstrap", func(dir string) error {
		return platformtest.Compile("../..", filepath.Join(dir, "bootstrap"), "./lambda", "-tags=lambda.norpc")
	})
	log := &platformtest.Log{}
	function := lambdaapi.New(lambdaapi.Config{Bootstrap: filepath.Join(dir, "bootstrap"), Env: env, MaxInstances: 4, Log: log})
	t.Cleanup(function.Close)
	server := httptest.NewServer(function.Handler(lambdaapi.FunctionURL{Streaming: true}))
	t.Cleanup(server.Close)
	return &platformtest.Deployment{URL: server.URL, Log: log, OnStop: function.Close}
}

const answer = "an answer of several words"

func TestARunIsSeenAndStoppedFromAnotherInstance(t *testing.T) {
	t.Parallel()
	forEveryPair(t, func(t *testing.T, start startPair) {
		model := platformtest.NewModel(t, answer)
		held := model.Hold()
		p := start(t, model.Env())

		run := p.a.StartRun(t, "thread")
		seen := run.Until(t, "TEXT_MESSAGE_CONTENT")
		follower := connect(t, p.b, "thread")
		followed := follower.Until(t, "TEXT_MESSAGE_CONTENT")

		var busy struct{ Code, Message string }
		second := p.b.Do(t, "POST", runPath, platformtest.RunInput("thread", "and?"), jsonHeader)
		second.JSON(t, http.StatusConflict, &busy)
		if busy.Code != "agent_thread_locked" {
			t.Errorf("a second run is refused with %s", second.Body)
		}
		if got := threads(t, p.b, ""); len(got) != 1 || got[0].ID != "thread" {
			t.Errorf("the other instance lists %v", got)
		}

		if body := stop(t, p.b, "thread"); !strings.Contains(body, `"stopped":true`) {
			t.Fatalf("stop on the other instance answers %s", body)
		}
		await(t, model.Left(), "the model's connection to be closed")
		seen = append(seen, run.Rest(t)...)
		followed = append(followed, follower.Rest(t)...)
		for who, events := range map[string][]platformtest.Event{"the run's client": seen, "the follower": followed} {
			if last := events[len(events)-1]; last.Type != "RUN_FINISHED" {
				t.Errorf("%s got %+v last", who, last)
			}
		}
		if a, b := platformtest.Text(seen), platformtest.Text(followed); a == "" || a != b {
			t.Errorf("the run's client read %q, the follower %q", a, b)
		}
		if body := stop(t, p.b, "thread"); !strings.Contains(body, `"stopped":false`) {
			t.Errorf("a second stop answers %s", body)
		}
		if got := platformtest.Text(connect(t, p.b, "thread").Rest(t)); got != platformtest.Text(seen) {
			t.Errorf("the history says %q, the run said %q", got, platformtest.Text(seen))
		}

		held.Release()
		suggestion := p.b.Stream(t, platformtest.BasePath+"/agent/default/suggest", platformtest.RunInput("suggest", "next?")).Rest(t)
		if last := suggestion[len(suggestion)-1]; last.Type != "RUN_FINISHED" {
			t.Errorf("the suggestion ends with %+v", last)
		}
		if got := threads(t, p.a, ""); len(got) != 1 {
			t.Errorf("the suggestion left a trace: %v", got)
		}
	})
}

func TestTheSameOverOneRoute(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, answer)
	held := model.Hold()
	defer held.Release()
	p := redisBackend.servers(t, append(model.Env(), "COPILOTKIT_ENDPOINT=single-route"))
	envelope := func(method, body string) string {
		return fmt.Sprintf(`{"method":%q,"params":{"agentId":"default","threadId":"thread"},"body":%s}`, method, body)
	}
	run := p.a.Stream(t, platformtest.BasePath, envelope("agent/run", platformtest.RunInput("thread", "hi")))
	run.Until(t, "TEXT_MESSAGE_CONTENT")
	follower := p.b.Stream(t, platformtest.BasePath, envelope("agent/connect", platformtest.RunInput("thread", "")))
	follower.Until(t, "TEXT_MESSAGE_CONTENT")
	if body := p.b.Do(t, "POST", platformtest.BasePath, envelope("agent/stop", "{}"), jsonHeader).Body; !strings.Contains(string(body), `"stopped":true`) {
		t.Fatalf("stop answers %s", body)
	}
	run.Until(t, "RUN_FINISHED")
	follower.Until(t, "RUN_FINISHED")
}

func TestAThreadIsManagedFromAnyInstance(t *testing.T) {
	t.Parallel()
	forEveryPair(t, func(t *testing.T, start startPair) {
		p := start(t, platformtest.NewModel(t, answer).Env())
		p.a.StartRun(t, "one").Until(t, "RUN_FINISHED")
		p.b.StartRun(t, "two").Until(t, "RUN_FINISHED")

		p.b.Do(t, "PATCH", platformtest.BasePath+"/threads/one", `{"agentId":"default","name":"First"}`, jsonHeader)
		p.a.Do(t, "POST", platformtest.BasePath+"/threads/two/archive", `{"agentId":"default"}`, jsonHeader)
		if got := threads(t, p.a, ""); len(got) != 1 || got[0].ID != "one" || got[0].Name != "First" {
			t.Errorf("renamed on one and archived on the other instance: %v", got)
		}
		if got := threads(t, p.b, "&includeArchived=true"); len(got) != 2 {
			t.Errorf("with the archived ones: %v", got)
		}
		p.a.Do(t, "DELETE", platformtest.BasePath+"/threads/one", `{"agentId":"default"}`, jsonHeader)
		if events := connect(t, p.b, "one").Rest(t); len(events) != 0 {
			t.Errorf("the deleted thread shows %v", events)
		}
	})
}

func TestARunOfADeadInstanceIsClosedByAnother(t *testing.T) {
	t.Parallel()
	for name, start := range pairs() {
		if name == "two bootstraps and Redis" {
			continue // as two servers
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits for a lease to expire
			model := platformtest.NewModel(t, answer)
			held := model.Hold()
			p := start(t, model.Env())
			seen := p.a.StartRun(t, "thread").Until(t, "TEXT_MESSAGE_CONTENT")
			follower := connect(t, p.b, "thread")
			// What the follower has is recorded. Of the rest, the batch that is on its way
			// to the store is lost with its instance.
			followed := follower.Until(t, "TEXT_MESSAGE_CONTENT")
			p.a.Stop()
			followed = append(followed, follower.Rest(t)...)
			if last := followed[len(followed)-1]; last.Type != "RUN_ERROR" || last.Code != "RUN_ORPHANED" {
				t.Errorf("the follower got %+v last", last)
			}
			if a, b := platformtest.Text(seen), platformtest.Text(followed); a != b {
				t.Errorf("the client had %q, the history has %q", a, b)
			}
			held.Release()
			body := strings.Replace(platformtest.RunInput("thread", "again"), "message-1", "message-2", 1)
			next := p.b.Stream(t, runPath, strings.Replace(body, "run-1", "run-2", 1)).Rest(t)
			if last := next[len(next)-1]; last.Type != "RUN_FINISHED" || platformtest.Text(next) != answer {
				t.Errorf("the next run said %q and ended with %+v", platformtest.Text(next), last)
			}
		})
	}
}

// An instance that stood still for longer than its lease goes on with its run, which
// others have closed meanwhile: nobody sees more of it.
func TestAFrozenInstanceAddsNothingToAClosedRun(t *testing.T) {
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel() // it waits for a lease to expire
			model := platformtest.NewModel(t, answer)
			held := model.Hold()
			p := b.servers(t, model.Env())
			run := p.a.StartRun(t, "thread")
			run.Until(t, "TEXT_MESSAGE_CONTENT")
			follower := connect(t, p.b, "thread")
			follower.Until(t, "TEXT_MESSAGE_CONTENT")
			p.a.Freeze()
			if events := follower.Rest(t); events[len(events)-1].Code != "RUN_ORPHANED" {
				t.Errorf("the follower got %+v", events)
			}
			held.Release()
			body := strings.Replace(platformtest.RunInput("thread", "again"), "message-1", "message-2", 1)
			next := p.b.Stream(t, runPath, strings.Replace(body, "run-1", "run-2", 1)).Rest(t)
			if last := next[len(next)-1]; last.Type != "RUN_FINISHED" {
				t.Errorf("the next run ended with %+v", last)
			}
			history := platformtest.Text(connect(t, p.b, "thread").Rest(t))
			p.a.Thaw()
			late := run.Rest(t)
			if last := late[len(late)-1]; last.Type != "RUN_ERROR" || last.Code != "LEASE_LOST" {
				t.Errorf("the client of the instance that stood still got %+v last", last)
			}
			for name, instance := range map[string]*platformtest.Deployment{"it": p.a, "the other": p.b} {
				if got := platformtest.Text(connect(t, instance, "thread").Rest(t)); got != history {
					t.Errorf("on %s instance the thread says %q, want %q", name, got, history)
				}
			}
		})
	}
}

func TestDeletingAThreadEndsItsRunElsewhere(t *testing.T) {
	t.Parallel()
	forEveryPair(t, func(t *testing.T, start startPair) {
		model := platformtest.NewModel(t, answer)
		defer model.Hold().Release()
		p := start(t, model.Env())
		run := p.a.StartRun(t, "thread")
		run.Until(t, "TEXT_MESSAGE_CONTENT")
		p.b.Do(t, "DELETE", platformtest.BasePath+"/threads/thread", `{"agentId":"default"}`, jsonHeader)
		events := run.Rest(t)
		if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "LEASE_LOST" {
			t.Errorf("the run ended with %+v", last)
		}
		if got := threads(t, p.a, "&includeArchived=true"); len(got) != 0 {
			t.Errorf("the run brought its thread back: %v", got)
		}
	})
}

const runPath = platformtest.BasePath + "/agent/default/run"

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

func connect(t *testing.T, d *platformtest.Deployment, thread string) *platformtest.Stream {
	t.Helper()
	return d.Stream(t, platformtest.BasePath+"/agent/default/connect", platformtest.RunInput(thread, ""))
}

func stop(t *testing.T, d *platformtest.Deployment, thread string) string {
	t.Helper()
	return string(d.Do(t, "POST", platformtest.BasePath+"/agent/default/stop/"+thread, "", nil).Body)
}

type thread struct{ ID, Name string }

func threads(t *testing.T, d *platformtest.Deployment, query string) []thread {
	t.Helper()
	var list struct{ Threads []thread }
	d.Do(t, "GET", platformtest.BasePath+"/threads?agentId=default"+query, "", nil).JSON(t, http.StatusOK, &list)
	return list.Threads
}

func await[T any](t *testing.T, happened <-chan T, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited 30 s for %s", what)
	}
}
