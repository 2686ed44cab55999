package core

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/store"
)

// exchange is one request on its way through the runtime, and its answer. It
// belongs to the request's goroutine. Endpoints are methods of [Runtime] that
// take one; an exchange knows none of them.
type exchange struct {
	config *Config
	// closing ends when the runtime is closed.
	closing context.Context
	w       http.ResponseWriter
	r       *http.Request
	// cors is nil where no CORS headers are to be added.
	cors   *CORS
	origin string
	route  Route
	// body is the request's body as it came, nil if it has none.
	body *pacedBody
	// drained is set when all of that has been read.
	drained bool
	// readingLimited is set when there is a limit to how long the body may take.
	readingLimited bool
	// head is the beginning of a body that turned out to be too large.
	head []byte
	// bodies is the budget of all bodies, reserved what this one has of it.
	bodies   *bodyBudget
	reserved int64
	// buffers are what streams gather bursts in, as *[]byte.
	buffers *sync.Pool
	// forwarded are the headers for the request's agent, nil until they are needed.
	forwarded http.Header
	// user is who calls, the zero User without Identify.
	user access.User

	// hooked is set when OnResponse has had its turn, or isn't to have one.
	hooked bool
	// started is set when the status line is out: from then on the answer can't
	// be another.
	started bool
	// response is the answer's head, once started.
	response Response
	// failure is why there was no other answer, nil if nothing failed. With level and
	// reasons it goes into the request's line of the log.
	failure error
	level   slog.Level
	reasons []slog.Attr
	// code is that of the answer, "" if it has none.
	code string
	// begun is when the request came, written how many bytes of the body were sent.
	begun   time.Time
	written int64
	// replay rebuilds a stream's messages for AfterRequest; nil without one.
	replay *replay
	// debugLog logs a run, nil if it isn't to be.
	debugLog *debugLog
}

// newExchange returns the exchange of a request. A layer around the runtime that
// has set CORS headers already is left to it.
func newExchange(rt *Runtime, w http.ResponseWriter, r *http.Request) *exchange {
	ex := &exchange{
		config: &rt.config, closing: rt.closing, bodies: rt.bodies, buffers: &rt.buffers,
		w: w, r: r, origin: r.Header.Get("Origin"), begun: time.Now(),
	}
	if !corsHeaderSet(w.Header()) {
		ex.cors = ex.config.CORS
	}
	if ex.config.Hooks.AfterRequest != nil {
		ex.replay = &replay{}
	}
	return ex
}

// replaceRequest calls a hook, which may put another request in the place of
// the one it gets.
func (ex *exchange) replaceRequest(hook func(*http.Request) (*http.Request, error)) error {
	if hook == nil {
		return nil
	}
	r, err := hook(ex.r)
	if err != nil {
		return err
	}
	if r != nil {
		ex.r = r
	}
	return nil
}

// begin sends the head of the answer, after OnResponse has seen it. When that
// fails, nothing has been sent and the error is what to answer instead.
func (ex *exchange) begin(response Response) error {
	if hook := ex.config.Hooks.OnResponse; hook != nil && !ex.hooked {
		ex.hooked = true
		if err := hook(ex.r, ex.route, &response); err != nil {
			return err
		}
	}
	if response.Status < 200 || response.Status > 999 {
		return fmt.Errorf("answer with status %d: no such final status", response.Status)
	}
	maps.Copy(ex.w.Header(), response.Header)
	ex.setUserHeader()
	if ex.cors != nil {
		ex.cors.apply(ex.w.Header(), ex.origin)
	}
	ex.started, ex.response = true, response
	ex.w.WriteHeader(response.Status)
	return nil
}

// callAfterRequest calls [Hooks.AfterRequest] with what was answered.
func (ex *exchange) callAfterRequest() {
	hook := ex.config.Hooks.AfterRequest
	if hook == nil || !ex.started {
		return
	}
	answer := Answer{Route: ex.route, Status: ex.response.Status, Header: ex.response.Header}
	ex.replay.fill(&answer)
	if err := recovering(func() error { return hook(ex.r, answer) }); err != nil {
		ex.config.Logger.ErrorContext(ex.r.Context(), "AfterRequest failed", "path", shortened(ex.r.URL.Path), "error", err)
	}
}

// maxLogged is how much of what anybody can send goes into a line of the log.
const maxLogged = 256

func shortened(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	return strings.ToValidUTF8(text[:maxLogged], "") + "…"
}

// key identifies a thread of the request's owner.
func (ex *exchange) key(threadID string) store.Key {
	return store.Key{Owner: ex.user.ID, ID: threadID}
}

// storeTimeout is how long a call of the store may take before the client is
// told to come back later.
const storeTimeout = 5 * time.Second

// storeContext returns the request's context, limited for one call of the store.
func (ex *exchange) storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(ex.r.Context(), storeTimeout)
}

// agentContext returns the request's context with the headers that an agent may
// pass on.
func (ex *exchange) agentContext(policy *headerPolicy) context.Context {
	if ex.forwarded == nil {
		ex.forwarded = policy.forwardable(ex.r.Header)
	}
	return agent.WithForwardedHeaders(ex.r.Context(), ex.forwarded)
}
