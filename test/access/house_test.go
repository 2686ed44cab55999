// Package access tests who gets what: every route, with every kind of credential, on
// everybody's threads, in every store.
package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// stores returns COPILOTKIT_STORE for each kind of store.
var stores = map[string]func(t *testing.T) string{
	"memory": func(*testing.T) string { return "memory" },
	"SQLite": func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "threads.db") },
	"Redis":  func(t *testing.T) string { return redistest.Start(t).URL() },
}

const (
	multiRoute  = "multi-route"
	singleRoute = "single-route"
	production  = "production"
	development = "development"
)

// house is a runtime, made from its environment, with two users who live in it.
type house struct {
	*core.Runtime
	endpoint, mode string
	scheme         scheme
	// work counts what the agent and the transcriber were asked for.
	work *atomic.Int64
	// hold, if a message has it as its text, keeps the run going until it is closed.
	hold holds
}

func newHouse(t *testing.T, address, endpoint, mode string, scheme scheme) *house {
	t.Helper()
	h := &house{endpoint: endpoint, mode: mode, scheme: scheme, work: &atomic.Int64{}}
	env := append([]string{
		"COPILOTKIT_STORE=" + address, "COPILOTKIT_ENDPOINT=" + endpoint, "COPILOTKIT_ENV=" + mode, "COPILOTKIT_BASE_PATH=/",
		"COPILOTKIT_LIMIT_RUNS_PER_MINUTE=1000", // so that there is usage to read
	}, scheme.env...)
	runtime, err := bundle.New(t.Context(), func() []string { return env },
		bundle.WithAgent("default", agent.Func(h.answer)),
		bundle.WithStore("sqlite", func(ctx context.Context, address string) (store.Store, error) { return sqlite.Open(ctx, address) }),
		bundle.WithLogger(slog.New(slog.DiscardHandler)),
		bundle.WithConfig(func(config *core.Config) { config.Transcriber = h }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := runtime.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Runtime = runtime
	return h
}

// answer repeats the last message, and puts it into the state. Its events are the same
// for the same message.
func (h *house) answer(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	h.work.Add(1)
	return func(yield func(agui.Event, error) bool) {
		text := input.Messages[len(input.Messages)-1].Content.Text()
		if !yield(agui.TextMessageStartEvent{MessageID: "answer", Role: agui.RoleAssistant}, nil) ||
			!yield(agui.TextMessageContentEvent{MessageID: "answer", Delta: "You said: " + text}, nil) {
			return
		}
		select {
		case <-h.hold.of(text):
		case <-ctx.Done():
			yield(nil, ctx.Err())
			return
		}
		_ = yield(agui.TextMessageEndEvent{MessageID: "answer"}, nil) &&
			yield(agui.StateSnapshotEvent{Snapshot: json.RawMessage(fmt.Sprintf(`{"said":%q}`, text))}, nil) &&
			yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
	}
}

func (h *house) Transcribe(context.Context, agent.Audio) (string, error) {
	h.work.Add(1)
	return "words", nil
}

// holds are channels by the message whose run they keep going.
type holds struct {
	mu       sync.Mutex
	channels map[string]chan struct{}
}

var open = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (h *holds) of(text string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.channels[text]; ok {
		return c
	}
	return open
}

// add has the runs of a message go on until release is called.
func (h *holds) add(text string) (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.channels == nil {
		h.channels = make(map[string]chan struct{})
	}
	c := make(chan struct{})
	h.channels[text] = c
	return sync.OnceFunc(func() { close(c) })
}

// ask sends the request of a row, with a credential, about a thread. The stream of
// debug events, which has no end, is left when it has begun.
func (h *house) ask(t *testing.T, row row, c credential, threadID string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // a run that it must not follow has no end
	defer cancel()
	r := row.request(h.endpoint, threadID).WithContext(ctx)
	r.Header.Set("X-Request-Id", "request") // so that answers can be compared
	c.apply(r)
	w := httptest.NewRecorder()
	if row.name == core.RouteDebugEvents {
		h.ServeHTTP(leaving{w, cancel}, r)
	} else {
		h.ServeHTTP(w, r)
	}
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatalf("%s with %s has no end: %s", row, c.name, w.Body)
	}
	return w
}

// leaving is a client that leaves with the first bytes of the answer.
type leaving struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l leaving) Write(p []byte) (int, error) {
	defer l.leave()
	return l.ResponseRecorder.Write(p)
}

// live is a run under way.
type live struct {
	events chan string // each write of the stream
	ended  chan struct{}
}

// start begins a run whose agent goes on until the message is released, and returns when
// it has answered something.
func (h *house) start(t *testing.T, c credential, threadID, text string) *live {
	t.Helper()
	r := runRow(text).request(h.endpoint, threadID)
	c.apply(r)
	run := &live{events: make(chan string, 100), ended: make(chan struct{})}
	go func() {
		defer close(run.ended)
		h.ServeHTTP(&pipe{header: http.Header{}, events: run.events}, r)
		close(run.events)
	}()
	for event := range run.events {
		if strings.Contains(event, "You said") {
			return run
		}
	}
	t.Fatal("the run ended before it was to")
	return nil
}

// rest waits for the end of the run, and returns the last that was sent.
func (l *live) rest() string {
	var last string
	for event := range l.events {
		last = event
	}
	<-l.ended
	return last
}

type pipe struct {
	header http.Header
	events chan<- string
}

func (p *pipe) Header() http.Header { return p.header }
func (p *pipe) WriteHeader(int)     {}
func (p *pipe) FlushError() error   { return nil }
func (p *pipe) Write(b []byte) (int, error) {
	p.events <- string(b)
	return len(b), nil
}

var _ io.Writer = (*pipe)(nil)
