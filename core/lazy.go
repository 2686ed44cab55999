package core

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Lazy is an http.Handler that is built by its first request and kept for the
// ones after it: a function instance that starts up does nothing until it is
// asked, and a warm one never builds again.
//
// Requests that come while a build is under way share it. A build that fails is
// forgotten: the requests that waited for it get a 500 that tells nothing, the
// log gets the error, and the next request tries again. A client that goes away
// doesn't take the build with it.
type Lazy struct {
	build  func(context.Context) (http.Handler, error)
	logger *slog.Logger

	built atomic.Pointer[http.Handler]

	mu      sync.Mutex
	current *lazyBuild
}

// lazyBuild is a build under way. handler and err may be read when done is
// closed.
type lazyBuild struct {
	done    chan struct{}
	handler http.Handler
	err     error
}

// NewLazy returns a handler that build makes when it is first needed. The
// context that build gets has the values of the first request, but neither its
// cancellation nor its deadline. A nil logger means [slog.Default].
func NewLazy(build func(context.Context) (http.Handler, error), logger *slog.Logger) *Lazy {
	return &Lazy{build: build, logger: logger}
}

// ServeHTTP builds the handler if need be and lets it answer.
func (l *Lazy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, err := l.Handler(r.Context())
	if err != nil {
		w.Header().Set("Content-Type", contentTypeJSON)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"error":"internal_error"}`))
		return
	}
	handler.ServeHTTP(w, r)
}

// Handler returns the handler, built if need be. It fails when the build fails,
// or when ctx ends while another caller's build is under way.
func (l *Lazy) Handler(ctx context.Context) (http.Handler, error) {
	if handler := l.built.Load(); handler != nil {
		return *handler, nil
	}
	l.mu.Lock()
	if handler := l.built.Load(); handler != nil {
		l.mu.Unlock()
		return *handler, nil
	}
	if under := l.current; under != nil {
		l.mu.Unlock()
		select {
		case <-under.done:
			return under.handler, under.err
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the handler's build: %w", ctx.Err())
		}
	}
	mine := &lazyBuild{done: make(chan struct{})}
	l.current = mine
	l.mu.Unlock()

	mine.handler, mine.err = l.run(context.WithoutCancel(ctx))

	l.mu.Lock()
	if mine.err == nil {
		l.built.Store(&mine.handler)
	}
	l.current = nil
	l.mu.Unlock()
	close(mine.done)
	return mine.handler, mine.err
}

// run is one attempt, in the goroutine of the request that came first.
func (l *Lazy) run(ctx context.Context) (handler http.Handler, err error) {
	logger := l.logger
	if logger == nil {
		logger = slog.Default()
	}
	defer func() {
		if value := recover(); value != nil {
			handler, err = nil, fmt.Errorf("build the runtime: panic: %v", value)
			logger.ErrorContext(ctx, "the runtime could not be built", "error", err, "stack", string(debug.Stack()))
		}
	}()
	handler, err = l.build(ctx)
	if err == nil && handler == nil {
		err = fmt.Errorf("build the runtime: no handler and no error")
	}
	if err != nil {
		logger.ErrorContext(ctx, "the runtime could not be built; the next request tries again", "error", err)
		return nil, err
	}
	return handler, nil
}
