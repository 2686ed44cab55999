package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/runner"
)

// Close ends the runtime. From then on requests are answered with 503. Runs and
// streams under way are ended in good order: their clients get RUN_ERROR with
// the code SHUTDOWN, and what there is of a run is recorded and its thread
// freed. Close waits for these and for all other requests, for StopGrace and
// LeaseTTL together at most, and then closes the default store, if the runtime
// has one, and calls [Hooks.OnClose].
//
// To let runs come to their own ends, first have [http.Server.Shutdown] wait for
// them. Close may be called several times, concurrently: each call returns when
// the runtime is closed, with the same error.
func (rt *Runtime) Close() error { return rt.close() }

func (rt *Runtime) closeOnce() error {
	idle := rt.requests.close()
	rt.shutDown(runner.ErrShutdown)
	limit := rt.config.StopGrace + rt.config.LeaseTTL
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var errs []error
	select {
	case <-idle:
	case <-timer.C:
		errs = append(errs, fmt.Errorf("close the runtime: requests are still under way after %s", limit))
	}
	if rt.config.Store == nil {
		errs = append(errs, rt.store.Close())
	}
	if hook := rt.config.Hooks.OnClose; hook != nil {
		errs = append(errs, recovering(hook))
	}
	return errors.Join(errs...)
}

// errClosed is the answer to a request that comes after Close.
var errClosed = &HTTPError{
	Status: http.StatusServiceUnavailable,
	Body:   errorBody{Error: "Service unavailable", Message: "The runtime is shutting down."},
}

// untilClosed returns a context that also ends when the runtime is closed, and has
// RunTimeout as its deadline. Whoever follows a run has begun later than that, and
// sees its end.
func (rt *Runtime) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := func() {}
	if limit := rt.config.RunTimeout; limit > 0 {
		ctx, timeout = context.WithTimeout(ctx, limit)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(rt.closing, func() { cancel(context.Cause(rt.closing)) })
	return ctx, func() {
		stop()
		cancel(nil)
		timeout()
	}
}

// Wait returns when no request is under way, runs that go on after their answers included
// (see [Config.Intelligence]), or when ctx ends, whose error it returns then. Requests may
// come meanwhile. A server calls it when it has stopped taking them, before Close.
func (rt *Runtime) Wait(ctx context.Context) error {
	for {
		quiet := rt.requests.quiet()
		if quiet == nil {
			return nil
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// requestCount counts the requests under way. The zero value is ready for use.
type requestCount struct {
	mu     sync.Mutex
	active int
	// still is closed when none is under way; nil when nobody waits for that.
	still chan struct{}
	// idle is made by close, and closed when the last request has exited.
	idle chan struct{}
}

// enter counts a request, and reports whether it may be served.
func (c *requestCount) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle != nil {
		return false
	}
	c.active++
	return true
}

func (c *requestCount) exit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
	if c.active > 0 {
		return
	}
	if c.idle != nil {
		close(c.idle)
	}
	if c.still != nil {
		close(c.still)
		c.still = nil
	}
}

// quiet returns nil if no request is under way, and otherwise a channel that is closed
// when that was so.
func (c *requestCount) quiet() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active == 0 {
		return nil
	}
	if c.still == nil {
		c.still = make(chan struct{})
	}
	return c.still
}

// close lets no further request enter. The channel that it returns is closed
// when none is left.
func (c *requestCount) close() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = make(chan struct{})
	if c.active == 0 {
		close(c.idle)
	}
	return c.idle
}
