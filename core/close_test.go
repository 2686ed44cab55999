package core_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

const shutDown = `{"type":"RUN_ERROR","message":"The server is shutting down","code":"SHUTDOWN"}`

// closedStore is a store that knows whether it was closed.
type closedStore struct {
	store.Store
	closed bool
}

func (s *closedStore) Close() error {
	s.closed = true
	return s.Store.Close()
}

func newStore() *closedStore { return &closedStore{Store: memory.New(memory.Limits{})} }

func TestAClosedRuntimeAnswersWith503(t *testing.T) {
	asked := false
	runtime := newRuntime(t, core.Config{BasePath: base, CORS: &core.CORS{}, Hooks: core.Hooks{
		OnRequest:  func(*http.Request) (*http.Request, error) { asked = true; return nil, nil },
		OnResponse: func(*http.Request, core.Route, *core.Response) error { asked = true; return nil },
	}})
	if err := runtime.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/info", "/threads", "/nope"} {
		checkAnswer(t, runtime, request{method: "GET", path: base + path}, answer{503,
			`{"error":"Service unavailable","message":"The runtime is shutting down."}`,
			map[string]string{"Access-Control-Allow-Origin": "*"}})
	}
	if asked {
		t.Error("a hook was called")
	}
}

func TestCloseEndsStreamsInGoodOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan *agui.RunAgentInput, 2)
		threads := newStore()
		config := core.Config{Agents: agents(blocking(begun)), Store: threads}
		closing, staying := newRuntime(t, config), newRuntime(t, config)
		elsewhere := strings.NewReplacer(`"t1"`, `"t2"`).Replace(input)

		got := make(map[string]string)
		var mu sync.Mutex
		var wait sync.WaitGroup
		serve := func(name string, runtime *core.Runtime, path, body string) {
			wait.Go(func() {
				stream := request{method: "POST", path: path, body: body}.to(runtime).Body.String()
				mu.Lock()
				defer mu.Unlock()
				got[name] = stream
			})
		}
		serve("a run", closing, "/agent/default/run", input)
		<-begun
		serve("a run that stays", staying, "/agent/default/run", elsewhere)
		<-begun
		serve("a follower of the run", closing, "/agent/default/connect", input)
		serve("a follower elsewhere", staying, "/agent/default/connect", input)
		serve("a follower of a run elsewhere", closing, "/agent/default/connect", elsewhere)
		serve("a suggestion", closing, "/agent/default/suggest", input)
		<-begun
		synctest.Wait()

		if err := closing.Close(); err != nil {
			t.Error(err)
		}
		if threads.closed {
			t.Error("a store of somebody else's was closed")
		}
		synctest.Wait()
		request{method: "POST", path: "/agent/default/stop/t2", body: "{}"}.to(staying)
		wait.Wait()
		for name, stream := range got {
			if ended := strings.Contains(stream, shutDown); ended != (name != "a run that stays") {
				t.Errorf("%s got\n%s", name, stream)
			}
		}
		// The run is recorded, and its thread free.
		if history := (request{method: "GET", path: "/threads/t1/events"}).to(staying).Body.String(); !strings.Contains(history, shutDown) {
			t.Errorf("recorded is %s", history)
		}
		serve("the next run", staying, "/agent/default/run", strings.Replace(input, `"r1"`, `"r2"`, 1))
		<-begun
		request{method: "POST", path: "/agent/default/stop/t1", body: "{}"}.to(staying)
		wait.Wait()
	})
}

func TestCloseRefusesARunThatWaitsForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(func(agui.Event, error) bool) { <-release }
		})
		threads := newStore()
		config := core.Config{Agents: agents(deaf), Store: threads, SupersedeRuns: true, StopGrace: time.Hour, LeaseTTL: time.Hour}
		running, closing := newRuntime(t, config), newRuntime(t, config)
		var wait sync.WaitGroup
		wait.Go(func() { request{method: "POST", path: "/agent/default/run", body: input}.to(running) })
		synctest.Wait()
		wait.Go(func() {
			checkStatus(t, request{method: "POST", path: "/agent/default/run", body: input}.to(closing).Code, http.StatusServiceUnavailable)
		})
		synctest.Wait()
		if err := closing.Close(); err != nil {
			t.Error(err)
		}
		close(release)
		wait.Wait()
	})
}

func TestCloseEndsTheStreamsOfThoseWhoDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runtime := newRuntime(t, core.Config{Development: true})
		var wait sync.WaitGroup
		wait.Go(func() { get(t.Context(), runtime, "/cpk-debug-events") })
		synctest.Wait()
		began := time.Now()
		if err := runtime.Close(); err != nil || time.Since(began) > 0 {
			t.Errorf("closed after %s with %v", time.Since(began), err)
		}
		wait.Wait()
	})
}

func TestCloseWaitsForNothingThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(func(agui.Event, error) bool) { <-release }
		})
		runtime := newRuntime(t, core.Config{
			Agents: agents(deaf), LeaseTTL: 6 * time.Second, StopGrace: time.Second,
			Hooks: core.Hooks{OnRequest: func(r *http.Request) (*http.Request, error) {
				if r.Method == http.MethodGet {
					<-release
				}
				return nil, nil
			}},
		})
		var wait sync.WaitGroup
		wait.Go(func() { get(t.Context(), runtime, "/info") })
		wait.Go(func() { request{method: "POST", path: "/agent/default/run", body: input}.to(runtime) })
		synctest.Wait()
		began := time.Now()
		err := runtime.Close()
		if err == nil || !strings.Contains(err.Error(), "requests are still under way after 7s") || time.Since(began) != 7*time.Second {
			t.Errorf("closed after %s with %v", time.Since(began), err)
		}
		close(release)
		wait.Wait()
	})
}

func TestCloseIsDoneOnce(t *testing.T) {
	failure := errors.New("no disk")
	calls := 0
	runtime := newRuntime(t, core.Config{Hooks: core.Hooks{OnClose: func() error {
		calls++
		return failure
	}}})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := runtime.Close(); !errors.Is(err, failure) {
				t.Errorf("got %v", err)
			}
		})
	}
	wait.Wait()
	if calls != 1 {
		t.Errorf("OnClose was called %d times", calls)
	}
}

func TestAPanicOfOnCloseIsAnError(t *testing.T) {
	runtime := newRuntime(t, core.Config{Hooks: core.Hooks{OnClose: func() error { panic("no disk") }}})
	if err := runtime.Close(); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("got %v", err)
	}
}

// stalled is a client that reads the head of its stream and nothing more: a Write
// ends at its deadline.
type stalled struct {
	bare
	stuck    chan struct{}
	mu       sync.Mutex
	deadline time.Time
	changed  chan struct{}
}

func (w *stalled) SetWriteDeadline(deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = deadline
	close(w.changed)
	w.changed = make(chan struct{})
	return nil
}

func (w *stalled) Write([]byte) (int, error) {
	select {
	case w.stuck <- struct{}{}:
	default:
	}
	for {
		w.mu.Lock()
		deadline, changed := w.deadline, w.changed
		w.mu.Unlock()
		var expired <-chan time.Time // never, without a deadline
		if !deadline.IsZero() {
			expired = time.After(time.Until(deadline))
		}
		select {
		case <-expired:
			return 0, os.ErrDeadlineExceeded
		case <-changed:
		}
	}
}

func TestCloseEndsARunWhoseClientDoesNotRead(t *testing.T) {
	for _, test := range []struct {
		name         string
		writeTimeout time.Duration
		// within is how long the client has.
		within time.Duration
	}{
		{"for less than the time that it has", 0, 2 * time.Second},
		{"and has any time", -1, 2 * time.Second},
		{"and has little time anyway", time.Second, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				threads := newStore()
				config := core.Config{
					Agents: agents(blocking(make(chan *agui.RunAgentInput, 1))), Store: threads,
					StopGrace: 2 * time.Second, WriteTimeout: test.writeTimeout, KeepAlive: -1,
				}
				closing, staying := newRuntime(t, config), newRuntime(t, config)
				client := &stalled{bare: bare{header: http.Header{}}, stuck: make(chan struct{}, 1), changed: make(chan struct{})}
				var wait sync.WaitGroup
				wait.Go(func() {
					closing.ServeHTTP(client, request{method: "POST", path: "/agent/default/run", body: input}.build())
				})
				<-client.stuck
				began := time.Now()
				if err := closing.Close(); err != nil || time.Since(began) > test.within {
					t.Errorf("closed after %s with %v", time.Since(began), err)
				}
				wait.Wait()
				if history := (request{method: "GET", path: "/threads/t1/events"}).to(staying).Body.String(); !strings.Contains(history, shutDown) {
					t.Errorf("recorded is %s", history)
				}
			})
		})
	}
}

func TestCloseEndsARunWhoseClientIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		obeying := agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(func(agui.Event, error) bool) { <-ctx.Done() }
		})
		config := core.Config{Agents: agents(obeying), Store: newStore()}
		closing, staying := newRuntime(t, config), newRuntime(t, config)
		ctx, leave := context.WithCancel(t.Context())
		var served sync.WaitGroup
		served.Go(func() { request{method: "POST", path: "/agent/default/run", body: input}.serve(ctx, closing) })
		synctest.Wait()
		leave()
		synctest.Wait()
		if err := closing.Close(); err != nil {
			t.Error(err)
		}
		if history := (request{method: "GET", path: "/threads/t1/events"}).to(staying).Body.String(); !strings.Contains(history, shutDown) {
			t.Errorf("recorded is %s", history)
		}
		served.Wait()
	})
}
