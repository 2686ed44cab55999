package core_test

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// input is a run's input, as a front end sends it.
const input = `{"threadId":"t1","runId":"r1","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`

// greeter answers "hi there", in two deltas.
var greeter = agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		for _, event := range []agui.Event{
			agui.RunStartedEvent{ThreadID: in.ThreadID, RunID: in.RunID},
			agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant},
			agui.TextMessageContentEvent{MessageID: "m1", Delta: "hi"},
			agui.TextMessageContentEvent{MessageID: "m1", Delta: " there"},
			agui.TextMessageEndEvent{MessageID: "m1"},
			agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID},
		} {
			if !yield(event, nil) {
				return
			}
		}
	}
})

func agents(a agent.Agent) map[string]agent.Agent {
	return map[string]agent.Agent{"default": a, "ä/b": a}
}

var quiet = slog.New(slog.DiscardHandler)

func newRuntime(t testing.TB, config core.Config) *core.Runtime {
	t.Helper()
	if config.Agents == nil && config.AgentsFor == nil {
		config.Agents = agents(greeter)
	}
	if config.Logger == nil {
		config.Logger = quiet
	}
	config.PublicThreads = true
	runtime, err := core.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return runtime
}

// request describes one request and is easy to write in a table.
type request struct {
	method string
	path   string
	body   string
	// contentType is application/json when empty and there is a body, and none
	// when "-".
	contentType string
	header      http.Header
}

func (r request) build() *http.Request {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req := httptest.NewRequest(r.method, r.path, body)
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.body != "" && r.contentType == "" {
		r.contentType = "application/json"
	}
	if r.contentType != "" && r.contentType != "-" {
		req.Header.Set("Content-Type", r.contentType)
	}
	return req
}

func (r request) to(handler http.Handler) *httptest.ResponseRecorder {
	return r.serve(context.Background(), handler)
}

func (r request) serve(ctx context.Context, handler http.Handler) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r.build().WithContext(ctx))
	return recorder
}

func get(ctx context.Context, handler http.Handler, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil).WithContext(ctx))
	return recorder
}

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

var requestID = regexp.MustCompile(`,"requestId":"[^"]+"`)

// bodyOf returns the body of an answer without the request's id.
func bodyOf(answer *httptest.ResponseRecorder) string {
	return requestID.ReplaceAllString(answer.Body.String(), "")
}

func recorded(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	return recordedWith(handler, r, "")
}

// recordedWith returns the answer below a layer that has given the request an id.
func recordedWith(handler http.Handler, r *http.Request, id string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	if id != "" {
		recorder.Header().Set("X-Request-Id", id)
	}
	handler.ServeHTTP(recorder, r)
	return recorder
}
