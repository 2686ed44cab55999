package core_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// watcher is an observer that keeps a line for whatever it is told. Its runs are within
// the requests that they come with.
type watcher struct {
	mu    sync.Mutex
	lines []string
}

func (w *watcher) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// take returns the lines, and forgets them.
func (w *watcher) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.lines = nil }()
	return w.lines
}

type withinKey struct{}

func (w *watcher) Request(ctx context.Context, r telemetry.Request) (context.Context, func(telemetry.RequestResult)) {
	return context.WithValue(ctx, withinKey{}, r.ID), func(result telemetry.RequestResult) {
		failed := ""
		if result.Err != nil {
			failed = "failed"
		}
		w.note("%s: %s %s %d %s %s", r.ID, r.Method, result.Route, result.Status, result.User, failed)
	}
}

func (w *watcher) Run(ctx context.Context, run telemetry.Run) (context.Context, func(telemetry.RunResult)) {
	within, _ := ctx.Value(withinKey{}).(string)
	return ctx, func(r telemetry.RunResult) {
		first := ""
		if r.FirstEvent > 0 {
			first = "first"
		}
		w.note("%s: %s of %s on %s %s: %s %s %s %d events, %d steps, %d+%d tokens", within, run.Kind, run.AgentID, run.ThreadID, run.User,
			r.Outcome, r.Code, first, r.Events, r.Steps, r.InputTokens, r.OutputTokens)
	}
}

func (w *watcher) Model(ctx context.Context, _ telemetry.ModelCall) (context.Context, func(telemetry.ModelResult)) {
	return ctx, func(telemetry.ModelResult) {}
}

func (w *watcher) Tool(ctx context.Context, _ telemetry.ToolCall) (context.Context, func(telemetry.ToolResult)) {
	return ctx, func(telemetry.ToolResult) {}
}

func (w *watcher) Store(ctx context.Context, _ telemetry.StoreCall) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (w *watcher) Call(ctx context.Context, _ telemetry.Call) (context.Context, func(telemetry.CallResult)) {
	return ctx, func(telemetry.CallResult) {}
}

func (w *watcher) Content() bool { return false }

func (w *watcher) Count(_ context.Context, counter telemetry.Counter, delta int64) {
	w.note("%s %+d", counter, delta)
}

func (w *watcher) Outgoing(context.Context, http.Header) {}

func (w *watcher) Trace(context.Context) (traceID, spanID string) { return "", "" }

func TestWhatAnObserverIsToldOfRequestsAndRuns(t *testing.T) {
	named := func(r request, id string) request {
		r.header = http.Header{"User": {"ann"}, "X-Request-Id": {id}}
		return r
	}
	agent := agents(using(4, 6, finishes))
	suggest := runOn("t1")
	suggest.path = "/agent/default/suggest"
	for _, test := range []struct {
		name string
		core.Config
		request
		want []string
	}{
		{"a run", core.Config{Agents: agent}, runOn("t1"), []string{
			"id-1: run of default on t1 ann: completed  first 2 events, 1 steps, 4+6 tokens",
			"id-1: POST agent/run 200 ann",
		}},
		{"a suggestion", core.Config{Agents: agent}, suggest, []string{
			"id-1: suggest of default on t1 ann: completed  first 2 events, 1 steps, 4+6 tokens",
			"id-1: POST agent/suggest 200 ann",
		}},
		{"a run that is too large", core.Config{Agents: agent, MaxRunEvents: 1}, runOn("t1"), []string{
			"id-1: run of default on t1 ann: too large RUN_TOO_LARGE first 2 events, 1 steps, 4+6 tokens",
			"id-1: POST agent/run 200 ann",
		}},
		{"what isn't found", core.Config{}, request{method: "GET", path: "/nothing"}, []string{"id-1: GET  404 ann"}},
		{"a body that is wrong", core.Config{}, request{method: "POST", path: "/agent/default/run", body: "{"}, []string{"id-1: POST agent/run 400 ann"}},
		{"a hook that fails", core.Config{Hooks: core.Hooks{OnRequest: func(*http.Request) (*http.Request, error) { panic("no") }}},
			request{method: "GET", path: "/info"}, []string{"id-1: GET  500  failed"}},
		{"a preflight", core.Config{CORS: &core.CORS{}}, request{method: "OPTIONS", path: "/info"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var observer watcher
			test.Config.Identify, test.Config.Observer = byHeader, &observer
			named(test.request, "id-1").to(newRuntime(t, test.Config))
			if got := observer.take(); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestWhatIsCountedForAnObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var observer watcher
		handler := newRuntime(t, core.Config{
			Agents: agents(using(4, 6, waits)), Identify: byHeader, Observer: &observer, Store: memory.New(memory.Limits{}),
			Limits: core.Limits{RunsPerMinute: 2},
		})
		ctx, leave := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		clients.Go(func() { of("ann", runOn("t1")).to(handler) })
		synctest.Wait()
		clients.Go(func() {
			of("ann", request{method: "GET", path: "/agent/default/connect?threadId=t1"}).serve(ctx, handler)
		})
		synctest.Wait()
		of("ann", runOn("t1")).to(handler)
		of("ann", runOn("t1")).to(handler)
		leave()
		of("ann", request{method: "POST", path: "/agent/default/stop/t1"}).to(handler)
		clients.Wait()
		var counts []string
		for _, line := range observer.take() {
			if strings.HasSuffix(line, "1") {
				counts = append(counts, line)
			}
		}
		want := []string{"followers +1", "locked threads +1", "hit limits +1", "followers -1"}
		if !slices.Equal(counts, want) {
			t.Errorf("counted %q, want %q", counts, want)
		}
	})
}

// careless is an observer that panics whatever it is told.
type careless struct{ telemetry.Observer }

func TestAnObserverThatPanicsDisturbsNothing(t *testing.T) {
	var log strings.Builder
	handler := newRuntime(t, core.Config{Observer: careless{}, Logger: textLogger(&log)})
	for range 3 {
		got := runOn("t1").to(handler)
		if got.Code != 200 || !strings.Contains(got.Body.String(), "RUN_FINISHED") {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
	}
	if count := strings.Count(log.String(), "the observer panicked"); count != 1 {
		t.Errorf("the log has %d lines of it:\n%s", count, &log)
	}
}
