package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/copilotkit-go/runtime/core"
)

// Lazy is an http.Handler whose runtime is built by the first request and kept for the
// following ones, so that a function instance starts quickly. It is safe for concurrent
// use.
//
// Requests that arrive during a build share it. If a build fails, the requests that
// waited for it get a 500 without detail, the error is logged, and the next request
// tries again with the environment as it is then. A client that disconnects doesn't
// cancel the build.
type Lazy struct {
	build  func(context.Context) (*core.Runtime, error)
	logger *slog.Logger

	built atomic.Pointer[core.Runtime]

	mu      sync.Mutex
	current *attempt // the build under way, nil when none is
	closed  bool
}

// attempt is a build under way. runtime and err may be read when done is closed.
type attempt struct {
	done    chan struct{}
	runtime *core.Runtime
	err     error
}

// NewLazy returns a handler that calls [New] on its first request.
func NewLazy(env Env, options ...Option) *Lazy {
	build := func(ctx context.Context) (*core.Runtime, error) { return New(ctx, env, options...) }
	logger := collect(options).logger
	if logger == nil {
		logger = newLogger(slog.LevelInfo) // the environment may be what is wrong
	}
	return &Lazy{build: build, logger: logger}
}

// ServeHTTP answers a request with the runtime, which it builds if necessary.
func (l *Lazy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	runtime, err := l.runtime(r.Context())
	switch {
	case errors.Is(err, http.ErrServerClosed):
		writeError(w, http.StatusServiceUnavailable, "Service unavailable")
	case err != nil:
		writeError(w, http.StatusInternalServerError, "internal_error")
	default:
		runtime.ServeHTTP(w, r)
	}
}

// Close closes the runtime if it was built, and waits for a build under way. From then
// on requests are answered with 503.
func (l *Lazy) Close() error {
	l.mu.Lock()
	l.closed = true
	current := l.current
	l.mu.Unlock()
	if current != nil {
		<-current.done
	}
	if runtime := l.built.Load(); runtime != nil {
		return runtime.Close()
	}
	return nil
}

// runtime returns the runtime, which it builds if necessary. It fails if the build
// fails, if ctx ends during the build of another request, and after Close.
func (l *Lazy) runtime(ctx context.Context) (*core.Runtime, error) {
	if runtime := l.built.Load(); runtime != nil {
		return runtime, nil
	}
	l.mu.Lock()
	if runtime := l.built.Load(); runtime != nil {
		l.mu.Unlock()
		return runtime, nil
	}
	if l.closed {
		l.mu.Unlock()
		return nil, http.ErrServerClosed
	}
	if current := l.current; current != nil {
		l.mu.Unlock()
		select {
		case <-current.done:
			return current.runtime, current.err
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the runtime to be built: %w", ctx.Err())
		}
	}
	mine := &attempt{done: make(chan struct{})}
	l.current = mine
	l.mu.Unlock()

	// The build has the values of the first request's context, but isn't cancelled with it.
	mine.runtime, mine.err = l.try(context.WithoutCancel(ctx))

	l.mu.Lock()
	if mine.err == nil {
		l.built.Store(mine.runtime)
	}
	l.current = nil
	l.mu.Unlock()
	close(mine.done)
	return mine.runtime, mine.err
}

// try builds the runtime once, in the goroutine of the request that came first.
func (l *Lazy) try(ctx context.Context) (runtime *core.Runtime, err error) {
	defer func() {
		if value := recover(); value != nil {
			runtime, err = nil, fmt.Errorf("build the runtime: panic: %v", value)
			l.logger.ErrorContext(ctx, "the runtime could not be built", "error", err, "stack", string(debug.Stack()))
		}
	}()
	runtime, err = l.build(ctx)
	if err != nil {
		l.logger.ErrorContext(ctx, "the runtime could not be built; the next request tries again", "error", err)
		return nil, err
	}
	return runtime, nil
}

func writeError(w http.ResponseWriter, status int, what string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":"`+what+`"}`)
}
