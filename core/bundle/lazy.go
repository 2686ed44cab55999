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
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Lazy is an http.Handler whose runtime is built by the first request, or before it by
// Prepare, and kept for the following ones, so that a function instance starts quickly.
// It is safe for concurrent use.
//
// Requests that arrive during a build share it. If a build fails, the requests that
// waited for it get a 500 without detail, the error is logged, and the next request
// tries again with the environment as it is then. A client that disconnects doesn't
// cancel the build.
type Lazy struct {
	build  func(context.Context) (*core.Runtime, error)
	logger *slog.Logger

	built atomic.Pointer[core.Runtime]

	// closing is closed by Close.
	closing chan struct{}

	mu      sync.Mutex
	current *attempt // the build under way, nil when none is
	closed  bool
}

// attempt is a build under way. runtime and err may be read when done is closed.
type attempt struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	// abandoned is set, with the mutex of the Lazy, if Close no longer waits.
	abandoned bool

	runtime *core.Runtime
	err     error
}

// NewLazy returns a handler that calls [New] on its first request, unless it is prepared.
func NewLazy(env Env, options ...Option) *Lazy {
	build := func(ctx context.Context) (*core.Runtime, error) { return New(ctx, env, options...) }
	logger := collect(options).newLogger(slog.LevelInfo) // the environment may be what is wrong
	return &Lazy{build: build, logger: logger, closing: make(chan struct{})}
}

// ServeHTTP answers a request with the runtime, which it builds if necessary.
func (l *Lazy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = telemetry.Identified(r, w.Header())
	runtime, err := l.runtime(r.Context())
	switch {
	case errors.Is(err, http.ErrServerClosed):
		writeError(w, r, http.StatusServiceUnavailable, "Service unavailable")
	case err != nil:
		writeError(w, r, http.StatusInternalServerError, "internal_error")
	default:
		runtime.ServeHTTP(w, r)
	}
}

// Ready builds the runtime if necessary, and asks it: see [core.Runtime.Ready].
func (l *Lazy) Ready(ctx context.Context) error {
	runtime, err := l.runtime(ctx)
	switch {
	case errors.Is(err, http.ErrServerClosed):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errUnbuilt, err)
	}
	return runtime.Ready(ctx)
}

// errUnbuilt is that there is no runtime that could be ready.
var errUnbuilt = errors.New("the runtime isn't built")

// Prepare does beforehand what the first request would wait for, without network I/O: it
// builds the runtime, and reads the certificates that the system trusts. It is for a
// platform that gives an instance more processor time before its first request than
// during it. If the build fails, the error is logged and the first request tries again.
// Requests may come meanwhile.
func (l *Lazy) Prepare(ctx context.Context) {
	_, _ = l.runtime(ctx) // what it fails with is logged
	outbound.ReadCertificates()
}

// buildGrace is how long Close waits for a build whose context it has cancelled.
const buildGrace = 5 * time.Second

// Close closes the runtime if it was built. It cancels the context of a build under way
// and waits for its end, but not for long: of a build that doesn't heed its context
// Close returns an error after five seconds, and what it builds is closed when it is
// built. From then on requests are answered with 503.
func (l *Lazy) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
	}
	current := l.current
	l.mu.Unlock()
	if current != nil {
		current.cancel(http.ErrServerClosed)
		if !l.awaitBuild(current) {
			return errors.New("close the runtime: it is still being built")
		}
	}
	if runtime := l.built.Load(); runtime != nil {
		return runtime.Close()
	}
	return nil
}

// Wait waits for the requests under way, as [core.Runtime.Wait] does.
func (l *Lazy) Wait(ctx context.Context) error {
	if runtime := l.built.Load(); runtime != nil {
		return runtime.Wait(ctx)
	}
	return nil
}

// awaitBuild waits for the end of a build, and reports whether it has ended in time.
func (l *Lazy) awaitBuild(current *attempt) bool {
	timer := time.NewTimer(buildGrace)
	defer timer.Stop()
	select {
	case <-current.done:
		return true
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != current {
		return true // it has just ended
	}
	current.abandoned = true
	return false
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
		case <-l.closing:
			return nil, http.ErrServerClosed
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the runtime to be built: %w", ctx.Err())
		}
	}
	// The build has the values of the first request's context, but isn't cancelled with it.
	building, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	mine := &attempt{cancel: cancel, done: make(chan struct{})}
	l.current = mine
	l.mu.Unlock()

	mine.runtime, mine.err = l.try(building)

	l.mu.Lock()
	if mine.err == nil && !mine.abandoned {
		l.built.Store(mine.runtime)
	}
	l.current = nil
	l.mu.Unlock()
	close(mine.done)
	if mine.err == nil && mine.abandoned {
		if err := mine.runtime.Close(); err != nil {
			l.logger.ErrorContext(ctx, "the runtime that was built too late isn't closed whole", "error", err)
		}
		return nil, http.ErrServerClosed
	}
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
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, fmt.Errorf("build the runtime: %w", cause)
	}
	if err != nil {
		l.logger.ErrorContext(ctx, "the runtime could not be built; the next request tries again", "error", err)
		return nil, err
	}
	return runtime, nil
}

func writeError(w http.ResponseWriter, r *http.Request, status int, what string) {
	id := telemetry.RequestID(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(telemetry.RequestIDHeader, id)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":"`+what+`","requestId":"`+id+`"}`)
}
