package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Guarded returns an observer whose panics don't reach what it observes: they are logged,
// one a minute. Where it panics, nothing is observed. A nil observer stays nil.
func Guarded(observer Observer, logger *slog.Logger) Observer {
	if observer == nil {
		return nil
	}
	if _, ok := observer.(*guard); ok {
		return observer
	}
	return &guard{observer: observer, logger: logger}
}

type guard struct {
	observer Observer
	logger   *slog.Logger
	// warned is when a panic was logged, in nanoseconds since 1970.
	warned atomic.Int64
}

// catch must be deferred.
func (g *guard) catch() {
	value := recover()
	if value == nil {
		return
	}
	now, last := time.Now().UnixNano(), g.warned.Load()
	if now-last >= int64(time.Minute) && g.warned.CompareAndSwap(last, now) {
		g.logger.Error("the observer panicked", "panic", value, "stack", string(debug.Stack()))
	}
}

// guarded begins something, and returns an end that is there and doesn't panic.
func guarded[Result any](g *guard, ctx context.Context, begin func() (context.Context, func(Result))) (context.Context, func(Result)) {
	within, end := ctx, (func(Result))(nil)
	func() {
		defer g.catch()
		if made, ended := begin(); made != nil {
			within, end = made, ended
		}
	}()
	return within, func(result Result) {
		defer g.catch()
		if end != nil {
			end(result)
		}
	}
}

func (g *guard) Request(ctx context.Context, request Request) (context.Context, func(RequestResult)) {
	return guarded(g, ctx, func() (context.Context, func(RequestResult)) { return g.observer.Request(ctx, request) })
}

func (g *guard) Run(ctx context.Context, run Run) (context.Context, func(RunResult)) {
	return guarded(g, ctx, func() (context.Context, func(RunResult)) { return g.observer.Run(ctx, run) })
}

func (g *guard) Model(ctx context.Context, call ModelCall) (context.Context, func(ModelResult)) {
	return guarded(g, ctx, func() (context.Context, func(ModelResult)) { return g.observer.Model(ctx, call) })
}

func (g *guard) Tool(ctx context.Context, call ToolCall) (context.Context, func(ToolResult)) {
	return guarded(g, ctx, func() (context.Context, func(ToolResult)) { return g.observer.Tool(ctx, call) })
}

func (g *guard) Store(ctx context.Context, call StoreCall) (context.Context, func(error)) {
	return guarded(g, ctx, func() (context.Context, func(error)) { return g.observer.Store(ctx, call) })
}

func (g *guard) Call(ctx context.Context, call Call) (context.Context, func(CallResult)) {
	return guarded(g, ctx, func() (context.Context, func(CallResult)) { return g.observer.Call(ctx, call) })
}

func (g *guard) Count(ctx context.Context, counter Counter, delta int64) {
	defer g.catch()
	g.observer.Count(ctx, counter, delta)
}

func (g *guard) Outgoing(ctx context.Context, headers http.Header) {
	defer g.catch()
	g.observer.Outgoing(ctx, headers)
}

func (g *guard) Content() bool {
	defer g.catch()
	return g.observer.Content()
}

func (g *guard) Trace(ctx context.Context) (traceID, spanID string) {
	defer g.catch()
	return g.observer.Trace(ctx)
}
