package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// A run whose events aren't its answer goes on when that has been sent: its handler
// returns, through all that is around it, and the request is carried on in a goroutine,
// which [Runtime.Close] waits for. A server that stops everything between requests waits for
// it, too: see [Background].

// Background is what goes on of a request when its handler has returned.
type Background struct{ requests requestCount }

// WithBackground returns a context for a request of a server that stops everything between
// requests, as function platforms do. When the handler has returned, it waits for Done.
func WithBackground(ctx context.Context) (context.Context, *Background) {
	background := new(Background)
	return context.WithValue(ctx, backgroundKey{}, background), background
}

type backgroundKey struct{}

// Done returns a channel that is closed when nothing of the request goes on any more, nil if
// nothing does already. It is for the time when the handler has returned.
func (b *Background) Done() <-chan struct{} { return b.requests.quiet() }

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
	exit := func() {}
	if background, ok := ctx.Value(backgroundKey{}).(*Background); ok {
		background.requests.enter()
		exit = background.requests.exit
	}
	ended := make(chan any, 1)
	go func() {
		defer exit()
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

// complete ends the answer, all of which has been written.
func (ex *exchange) complete() {
	if w, ok := ex.w.(*aheadWriter); ok {
		w.complete()
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

// complete has the handler return.
func (w *aheadWriter) complete() {
	if !w.isCompleted {
		w.isCompleted = true
		w.detach()
		close(w.completed)
	}
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
