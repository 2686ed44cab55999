package core

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// Mode is how requests name their endpoint.
type Mode string

const (
	// MultiRoute gives each endpoint a path of its own. It is the default.
	MultiRoute Mode = "multi-route"
	// SingleRoute takes every request as a POST to one path, with a JSON envelope
	// {"method", "params", "body"} that names the endpoint.
	SingleRoute Mode = "single-route"
)

// DefaultMaxBodyBytes is how large a request body may be by default: 10 MiB.
const DefaultMaxBodyBytes = 10 << 20

// Options says how the runtime is served. The zero value is ready.
type Options struct {
	// BasePath is the path that the routes are below, e.g. "/api/copilotkit";
	// all other paths are not found. It begins with a slash. Empty means that
	// routes match as suffixes of any path.
	BasePath string
	// Mode is MultiRoute when empty.
	Mode Mode
	// CORS adds CORS headers and answers preflights; nil adds none.
	CORS *CORS
	// Hooks watch requests on their way.
	Hooks Hooks
	// MaxBodyBytes is how large a request body may be; a larger one gets 413. 0
	// means DefaultMaxBodyBytes.
	MaxBodyBytes int64
}

// Handler serves a [Runtime] over HTTP. It answers many requests at the same
// time, and no part of it runs on after ServeHTTP has returned.
type Handler struct {
	runtime Runtime
	base    string
	single  bool
	cors    *CORS
	hooks   Hooks
	maxBody int64
	headers *headerPolicy
	store   store.Store
	runner  *runner.Runner
	logger  *slog.Logger
	debug   *debugBus

	keepAlive    time.Duration
	writeTimeout time.Duration
}

// NewHandler makes a handler for the runtime, or says what is wrong with the
// runtime or the options.
func NewHandler(rt *Runtime, o Options) (*Handler, error) {
	if err := rt.check(); err != nil {
		return nil, err
	}
	base, err := normalizeBase(o.BasePath)
	if err != nil {
		return nil, err
	}
	if err := o.CORS.check(); err != nil {
		return nil, err
	}
	switch o.Mode {
	case "", MultiRoute, SingleRoute:
	default:
		return nil, fmt.Errorf("core: unknown mode %q: want %q or %q", o.Mode, MultiRoute, SingleRoute)
	}
	if o.MaxBodyBytes < 0 {
		return nil, fmt.Errorf("core: MaxBodyBytes is negative: %d", o.MaxBodyBytes)
	}
	h := &Handler{
		runtime: *rt,
		base:    base,
		single:  o.Mode == SingleRoute,
		cors:    o.CORS,
		hooks:   o.Hooks,
		maxBody: o.MaxBodyBytes,
		headers: rt.ForwardHeaders.resolve(),
		store:   rt.Store,
		logger:  rt.Logger,
		debug:   &debugBus{},

		keepAlive:    durationOr(rt.KeepAlive, defaultKeepAlive),
		writeTimeout: durationOr(rt.WriteTimeout, defaultWriteTimeout),
	}
	if h.store == nil {
		h.store = memory.New(memory.Limits{})
	}
	if h.maxBody == 0 {
		h.maxBody = DefaultMaxBodyBytes
	}
	if h.logger == nil {
		h.logger = slog.Default()
	}
	policy := rt.Runner
	policy.Development = policy.Development || rt.Development
	if policy.Logger == nil {
		policy.Logger = h.logger
	}
	h.runner = runner.New(h.store, policy)
	return h, nil
}

// normalizeBase gives the base path in its escaped form without a trailing
// slash: "" for the root and for none, which match alike.
func normalizeBase(base string) (string, error) {
	if base == "" {
		return "", nil
	}
	if !strings.HasPrefix(base, "/") {
		return "", fmt.Errorf("core: base path %q doesn't begin with a slash", base)
	}
	if strings.ContainsAny(base, "?#") {
		return "", fmt.Errorf("core: base path %q is not a path alone", base)
	}
	unescaped, err := url.PathUnescape(base)
	if err != nil {
		return "", fmt.Errorf("core: base path %q: %w", base, err)
	}
	escaped := (&url.URL{Path: unescaped, RawPath: base}).EscapedPath()
	return strings.TrimRight(escaped, "/"), nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Handler: h, w: w, r: r, origin: r.Header.Get("Origin")}
	if !corsHeaderSet(w.Header()) {
		x.cors = h.cors
	}
	if x.cors != nil && r.Method == http.MethodOptions {
		x.cors.preflight(w.Header(), x.origin)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err := recovering(x.serve); err != nil {
		x.fail(err)
	}
}

// exchange is one request on its way through the handler, and its answer.
type exchange struct {
	*Handler
	w      http.ResponseWriter
	r      *http.Request
	cors   *CORS
	origin string
	route  Route

	// hooked is set when OnResponse has had its turn, or isn't to have one.
	hooked bool
	// started is set when the status line is out: from then on the answer can't
	// be another.
	started bool
	// response is the answer's head, once started.
	response Response
	// replay rebuilds a stream's messages for AfterRequest; nil without one.
	replay *replay
}

// serve takes the request through the hooks to its endpoint. An error is the
// answer when it is an *HTTPError, and what went wrong otherwise.
func (x *exchange) serve() error {
	x.limitBody()
	if err := x.replaceRequest(x.hooks.OnRequest); err != nil {
		return err
	}
	if err := x.replaceRequest(x.runtime.BeforeRequest); err != nil {
		// The reference sends this answer without asking OnResponse.
		x.hooked = errors.As(err, new(*HTTPError))
		return err
	}
	endpoint, err := x.resolve()
	if err != nil {
		return err
	}
	before := x.hooks.OnBeforeHandler
	if before != nil {
		err := x.replaceRequest(func(r *http.Request) (*http.Request, error) { return before(r, x.route) })
		if err != nil {
			return err
		}
	}
	if x.runtime.AfterRequest != nil {
		x.replay = &replay{}
	}
	err = endpoint()
	var answer *HTTPError
	if errors.As(err, &answer) && !x.started {
		err = x.answer(answer)
	}
	if err != nil {
		return err
	}
	x.after()
	return nil
}

// resolve finds the endpoint, sets the route, and checks the HTTP method.
func (x *exchange) resolve() (endpoint func() error, err error) {
	if x.single {
		return x.resolveEnvelope()
	}
	route, ok := matchPath(x.r.URL.EscapedPath(), x.base)
	if !ok {
		return nil, x.unmatched()
	}
	x.route = route
	if err := route.checkMethod(x.r.Method); err != nil {
		return nil, err
	}
	return x.dispatch, nil
}

// dispatch calls the endpoint of the route.
func (x *exchange) dispatch() error {
	switch x.route.Name {
	case RouteRun:
		return x.run()
	case RouteConnect:
		return x.connect()
	case RouteStop:
		return x.stop()
	case RouteSuggest:
		return x.suggest()
	case RouteInfo:
		return x.info()
	case RouteTranscribe:
		return x.transcribe()
	case RouteThreads:
		if x.r.Method == http.MethodPost {
			return x.threadCreate()
		}
		return x.threadList()
	case RouteThread:
		if x.r.Method == http.MethodDelete {
			return x.threadDelete()
		}
		return x.threadUpdate()
	case RouteThreadArchive:
		return x.threadArchive()
	case RouteThreadsClear:
		return x.threadsClear()
	case RouteThreadMessages:
		return x.threadMessages()
	case RouteThreadEvents:
		return x.threadEvents()
	case RouteThreadState:
		return x.threadState()
	case RouteDebugEvents:
		return x.debugEvents()
	case RouteInspectorMetadata:
		return x.inspectorMetadata()
	case RouteInspectorLearning:
		return x.inspectorLearning()
	case RouteThreadsSubscribe:
		return needsIntelligence("Thread operations require")
	case RouteAnnotate:
		return needsIntelligence("annotate requires")
	}
	return notFound()
}

// replaceRequest lets a hook look at the request, and exchange it.
func (x *exchange) replaceRequest(hook func(*http.Request) (*http.Request, error)) error {
	if hook == nil {
		return nil
	}
	r, err := hook(x.r)
	if err != nil {
		return err
	}
	if r != nil {
		x.r = r
	}
	return nil
}
