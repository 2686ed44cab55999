package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// A run whose events aren't its answer goes on when that has been sent. How, is the
// server's: the ResponseWriter of one that can end an answer before its handler has
// returned implements completer. A function platform that freezes its instances between
// requests has such a one. For other servers the runtime makes one: the handler returns,
// and the request is carried on in a goroutine, which [Runtime.Close] waits for.

// completer is what a ResponseWriter implements that can end its answer. Nothing may be
// written after that, and the request's context doesn't end with its client any more.
type completer interface{ Complete() error }

// complete ends the answer, all of which has been written.
func (ex *exchange) complete() error {
	if w, ok := completerOf(ex.w); ok {
		return w.Complete()
	}
	return nil
}

// completerOf finds a completer among the layers of a ResponseWriter.
func completerOf(w http.ResponseWriter) (completer, bool) {
	for w != nil {
		if c, ok := w.(completer); ok {
			return c, true
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil, false
		}
		w = inner.Unwrap()
	}
	return nil, false
}

// serveAhead answers a request in a goroutine of its own, and returns when it is answered
// or has ended.
func (rt *Runtime) serveAhead(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	ahead := &aheadWriter{ResponseWriter: w, completed: make(chan struct{})}
	ahead.detach = context.AfterFunc(r.Context(), func() { cancel(context.Cause(r.Context())) })
	if deadline, ok := r.Context().Deadline(); ok {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, deadline)
		context.AfterFunc(ctx, end)
	}
	ended := make(chan any, 1)
	go func() {
		defer cancel(nil)
		defer func() {
			value := recover()
			if value != nil && ahead.isCompleted {
				rt.config.Logger.ErrorContext(ctx, "panic after a request was answered", "panic", fmt.Sprint(value), "stack", string(debug.Stack()))
				value = nil
			}
			ahead.detach()
			ended <- value
		}()
		rt.ServeHTTP(ahead, r.WithContext(ctx))
	}()
	select {
	case <-ahead.completed:
	case value := <-ended:
		if value != nil {
			panic(value)
		}
	}
}

// aheadWriter is the ResponseWriter of a request whose handler returns ahead of it.
type aheadWriter struct {
	http.ResponseWriter
	// detach lets the request's context go on without the client.
	detach func() bool
	// completed is closed when the answer is whole; isCompleted belongs to the goroutine
	// of the request.
	completed   chan struct{}
	isCompleted bool
}

// Complete has the handler return.
func (w *aheadWriter) Complete() error {
	if !w.isCompleted {
		w.isCompleted = true
		w.detach()
		close(w.completed)
	}
	return nil
}

// Write passes bytes on until the answer is whole.
func (w *aheadWriter) Write(p []byte) (int, error) {
	if w.isCompleted {
		return 0, errors.New("write after the end of the answer")
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the writer inside, for [http.ResponseController].
func (w *aheadWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
