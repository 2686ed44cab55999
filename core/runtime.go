package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Runtime is the CopilotKit runtime: an http.Handler made by [New]. It is safe
// for concurrent use.
type Runtime struct {
	config  Config
	base    string
	headers *headerPolicy
	store   store.Store
	runner  *runner.Runner
	keeper  keeper
	debug   debugBus
	outages outageLog
	// meter counts what users spend, nil without limits.
	meter  store.Meter
	bodies *bodyBudget
	// buffers are what streams gather bursts in, as *[]byte.
	buffers sync.Pool

	requests requestCount
	// closing ends with [runner.ErrShutdown] when Close is called.
	closing  context.Context
	shutDown context.CancelCauseFunc
	close    func() error
}

// New returns a runtime, or an error that says what is wrong with the
// configuration. It does no I/O. Close the runtime after use.
func New(config Config) (*Runtime, error) {
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	base, err := normalizeBase(config.BasePath)
	if err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	rt := &Runtime{
		config:  config.withDefaults(),
		base:    base,
		headers: config.ForwardHeaders.resolve(),
		store:   config.Store,
		bodies:  newBodyBudget(config.MaxConcurrentBodyBytes),
	}
	if debug := rt.config.Debug; debug.Events && debug.Verbose && !rt.config.Development {
		rt.config.Logger.Warn("the log has what users, models and tools say, since Debug.Verbose is set")
	}
	if rt.store == nil {
		rt.store = memory.New(memory.Limits{})
	}
	if rt.config.Limits.set() {
		rt.meter, _ = rt.store.(store.Meter)
	}
	rt.closing, rt.shutDown = context.WithCancelCause(context.Background())
	options := rt.config.runnerOptions()
	options.Closing = rt.closing.Done()
	rt.runner = runner.New(rt.store, options)
	rt.keeper = storeKeeper{rt}
	if config := rt.config.Intelligence; config != nil {
		rt.keeper = platformKeeper{rt, config, config.Platform, newContact()}
	}
	rt.close = sync.OnceValue(rt.closeOnce)
	return rt, nil
}

// ServeHTTP answers one request. Where the Intelligence platform keeps threads, a run goes
// on after it has returned, until Close at the longest: see [Config.Intelligence].
func (rt *Runtime) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if frontEnd := rt.config.FrontEnd; frontEnd != nil {
		if _, ok := cutBase(r.URL.EscapedPath(), rt.base); !ok {
			frontEnd.ServeHTTP(w, r)
			return
		}
	}
	if _, ahead := w.(*aheadWriter); !ahead && rt.config.Intelligence != nil {
		rt.serveAhead(w, r)
		return
	}
	ex := newExchange(rt, w, telemetry.Identified(r, w.Header()))
	defer ex.release()
	if ex.cors != nil && r.Method == http.MethodOptions {
		ex.cors.preflight(w.Header(), r.Header)
		w.WriteHeader(http.StatusNoContent)
		rt.warnOfPage(ex)
		ex.level, ex.response.Status = slog.LevelDebug, http.StatusNoContent
		ex.log()
		return
	}
	w.Header().Set(telemetry.RequestIDHeader, telemetry.RequestID(ex.r.Context()))
	open := rt.requests.enter()
	if open {
		defer rt.requests.exit()
	}
	defer rt.observe(ex)()
	if !open {
		ex.hooked = true // what hooks use may be closed
		ex.fail(errClosed)
		return
	}
	if err := recovering(func() error { return rt.serve(ex) }); err != nil {
		ex.fail(err)
	}
}

// serve takes a request through the hooks to its endpoint. An error is the
// answer when it is an *HTTPError, and what went wrong otherwise.
func (rt *Runtime) serve(ex *exchange) error {
	ex.limitBody()
	hooks := &rt.config.Hooks
	if err := ex.replaceRequest(hooks.OnRequest); err != nil {
		return err
	}
	if err := ex.replaceRequest(hooks.BeforeRequest); err != nil {
		ex.hooked = errors.As(err, new(*HTTPError))
		return err
	}
	if err := rt.identify(ex); err != nil {
		return err
	}
	endpoint, err := rt.resolve(ex)
	if err != nil {
		return err
	}
	if hooks.OnBeforeHandler != nil {
		err := ex.replaceRequest(func(r *http.Request) (*http.Request, error) { return hooks.OnBeforeHandler(r, ex.route) })
		if err != nil {
			return err
		}
	}
	err = endpoint()
	var answer *HTTPError
	if errors.As(err, &answer) && !ex.started {
		ex.noteCause(answer)
		rt.outages.report(ex.r.Context(), rt.config.Logger, err)
		err = ex.answer(answer)
	}
	if err != nil {
		return err
	}
	ex.callAfterRequest()
	return nil
}

// resolve finds the endpoint, sets the route, and checks the HTTP method.
func (rt *Runtime) resolve(ex *exchange) (endpoint func() error, err error) {
	if rt.config.SingleRoute {
		return rt.resolveEnvelope(ex)
	}
	route, ok := matchPath(ex.r.URL.EscapedPath(), rt.base)
	if !ok || route.Name == RouteUsage && rt.meter == nil {
		return nil, rt.unmatched(ex)
	}
	ex.route = route
	if err := rt.checkMethod(route, ex.r.Method); err != nil {
		return nil, err
	}
	return func() error { return rt.dispatch(ex) }, nil
}
