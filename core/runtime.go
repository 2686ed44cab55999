package core

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// Runtime says what answers and where threads live. It is read once, by
// [NewHandler]; changing it afterwards has no effect.
type Runtime struct {
	// Agents by the name that front ends use. A front end that names none asks
	// for "default".
	Agents map[string]agent.Agent
	// AgentsFor gives the agents of one request, for deployments whose tenants
	// have different ones. When it is set, Agents is not used. It runs on every
	// agent request and on /info, at the same time for many requests. An
	// [*HTTPError] from it is the answer; any other error is a 500.
	AgentsFor func(*http.Request) (map[string]agent.Agent, error)

	// Store keeps the threads; nil means a bounded store in memory, which a
	// restart empties. Whoever made the store closes it.
	Store store.Store
	// Owner says whose threads a request may see: threads of different owners
	// never meet, even under the same id. Nil means that all requests share one
	// set of threads, as in the reference. Refuse a request with an [*HTTPError].
	// With an Owner, agents that keep threads themselves are not asked for those
	// that the store doesn't know.
	Owner func(*http.Request) (string, error)

	// NameThreads gives a new thread a short name, by one more call of its agent
	// beside its first run. It is off by default.
	NameThreads bool
	// Runner says what happens when runs meet, clients leave and stores fail. Its
	// Logger is the runtime's when nil, and Development is set when the runtime's is.
	Runner runner.Options

	// Transcriber turns /transcribe on; nil answers it with 503.
	Transcriber agent.Transcriber
	// ForwardHeaders says which of a request's headers reach the agents. The
	// zero value is the reference's policy: authorization and x-*, without those
	// that proxies and platforms add.
	ForwardHeaders HeaderPolicy

	// BeforeRequest runs after [Hooks.OnRequest] and may return another request
	// to go on with (nil keeps the one it got), or refuse with an [*HTTPError].
	BeforeRequest func(*http.Request) (*http.Request, error)
	// AfterRequest runs when an endpoint has answered, before the handler
	// returns, because on a function platform nothing runs after that. It cannot
	// change the answer: an error or a panic of it goes to the log.
	AfterRequest func(*http.Request, Outcome) error

	// KeepAlive is how long a stream may be silent before it carries an SSE
	// comment, so that no proxy takes it for dead. 0 means 15 seconds, a
	// negative value turns it off.
	KeepAlive time.Duration
	// WriteTimeout is how long a client may leave a stream's bytes unread before
	// it counts as gone, so that a stalled one can't hold its run. 0 means 30
	// seconds, a negative value turns it off.
	WriteTimeout time.Duration

	// Development serves the debug events, lets /threads/clear clear, and puts
	// the text of internal errors into answers. Never set it in production.
	Development bool
	// Logger gets what clients are not told; nil means [slog.Default].
	Logger *slog.Logger
}

const (
	defaultKeepAlive    = 15 * time.Second
	defaultWriteTimeout = 30 * time.Second
)

// check finds what would fail at the first request.
func (rt *Runtime) check() error {
	if rt == nil {
		return errors.New("core: no runtime")
	}
	if rt.AgentsFor == nil && len(rt.Agents) == 0 {
		return errors.New("core: the runtime has no agents: set Agents or AgentsFor")
	}
	for name, a := range rt.Agents {
		if name == "" {
			return errors.New("core: an agent has an empty name")
		}
		if a == nil {
			return fmt.Errorf("core: agent %q is nil", name)
		}
	}
	return nil
}

// durationOr is d, or fallback when it is zero, or zero when it is negative.
func durationOr(d, fallback time.Duration) time.Duration {
	switch {
	case d == 0:
		return fallback
	case d < 0:
		return 0
	}
	return d
}
