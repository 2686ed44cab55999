// Package agentcore lets Amazon Bedrock AgentCore call a runtime: it is the container
// contract of AgentCore's runtime, for agents of the protocols HTTP and AG-UI.
//
//	POST /invocations  a run, or any other request, which the runtime answers
//	GET /ping          whether the instance is idle, so that AgentCore may end it
//
// The image serves it with COPILOTKIT_AGENTCORE=on, which mounts the runtime at
// /invocations in single-route mode. There it takes a run's input as AG-UI's clients send
// it, for the agent "default", and the envelopes of CopilotKit's front ends for everything
// else. WebSockets, the contract's other transport, are not served.
package agentcore

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Path is where AgentCore sends all requests but its probes.
const Path = "/invocations"

// Handler returns a handler for requests of AgentCore, around that of a runtime which is
// mounted at [Path]. The runtime's method Wait is wait. The handler is safe for concurrent
// use.
//
// While a request is being answered, or a run goes on after its answer, /ping says
// HealthyBusy, so that AgentCore doesn't take a session for idle whose client has left.
// What it says doesn't depend on the store or the model: AgentCore would end the instance
// for an outage that another one has, too.
//
// AgentCore verifies callers itself, and has them choose the id of their session. The
// runtime doesn't see that id: it says which instance answers, not whose a thread is. Nor
// does it see the tokens that AgentCore adds for its own services, so that no agent or MCP
// server gets them.
func Handler(runtime http.Handler, wait func(context.Context) error) http.Handler {
	h := &handler{runtime: runtime, wait: wait, since: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", h.ping)
	mux.HandleFunc("POST "+Path, h.invoke)
	mux.Handle("/", runtime)
	return mux
}

type handler struct {
	runtime http.Handler
	wait    func(context.Context) error

	mu sync.Mutex
	// live is how many requests are being answered.
	live int
	// trailing is set when none is, and a run may go on after its answer.
	trailing bool
	// since is when the first of them came, or all has ended.
	since time.Time
}

// ping answers a probe. AgentCore reckons from the time that it is told how long an
// instance has been idle.
func (h *handler) ping(w http.ResponseWriter, _ *http.Request) {
	status, since := h.status()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, fmt.Sprintf(`{"status":%q,"time_of_last_update":%d}`, status, since.Unix()))
}

func (h *handler) status() (status string, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trailing && !h.goesOn() {
		h.trailing, h.since = false, time.Now()
	}
	if h.live > 0 || h.trailing {
		return "HealthyBusy", h.since
	}
	return "Healthy", h.since
}

// goesOn reports whether the runtime still does something.
func (h *handler) goesOn() bool {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	return h.wait(now) != nil
}

func (h *handler) invoke(w http.ResponseWriter, r *http.Request) {
	h.begin()
	defer h.end()
	r = r.Clone(telemetry.WithRequestID(r.Context(), r.Header.Get(prefix+"Request-Id")))
	for name := range r.Header {
		if ofPlatform(name) {
			delete(r.Header, name)
		}
	}
	// The SDKs call a payload whose type they aren't told a stream of bytes. No web page
	// can have sent it: AgentCore lets nobody in who has only cookies.
	if kind := r.Header.Get("Content-Type"); kind == "" || kind == "application/octet-stream" {
		r.Header.Set("Content-Type", "application/json")
	}
	h.runtime.ServeHTTP(w, r)
}

func (h *handler) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.live == 0 && !h.trailing {
		h.since = time.Now()
	}
	h.live, h.trailing = h.live+1, false
}

func (h *handler) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.live--; h.live > 0 {
		return
	}
	if h.trailing = h.goesOn(); !h.trailing {
		h.since = time.Now()
	}
}

const (
	prefix = "X-Amzn-Bedrock-Agentcore-Runtime-"
	// custom begins the names of headers that callers may send through AgentCore.
	custom = prefix + "Custom-"
)

// ofPlatform reports whether AgentCore adds a header for itself or its services. The name
// is in its canonical form.
func ofPlatform(name string) bool {
	switch name {
	case "Workloadaccesstoken", "Oauth2callbackurl", "X-Amz-Bedrock-Agentcore-Identity-Wat":
		return true
	}
	return strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, custom)
}
