package telemetry

import (
	"context"
	"net/http"
)

type observerKey struct{}

// With returns a context whose work is told to an observer. A nil observer leaves ctx as
// it is.
func With(ctx context.Context, observer Observer) context.Context {
	if observer == nil {
		return ctx
	}
	return context.WithValue(ctx, observerKey{}, observer)
}

// From returns the observer of a context, nil for none.
func From(ctx context.Context) Observer {
	observer, _ := ctx.Value(observerKey{}).(Observer)
	return observer
}

// StartRun begins a run. The function that it returns is called when that has ended.
func StartRun(ctx context.Context, run Run) (context.Context, func(RunResult)) {
	if observer := From(ctx); observer != nil {
		return observer.Run(ctx, run)
	}
	return ctx, func(RunResult) {}
}

// StartModel begins a call of a model, likewise.
func StartModel(ctx context.Context, call ModelCall) (context.Context, func(ModelResult)) {
	if observer := From(ctx); observer != nil {
		return observer.Model(ctx, call)
	}
	return ctx, func(ModelResult) {}
}

// StartTool begins a call of a tool, likewise.
func StartTool(ctx context.Context, call ToolCall) (context.Context, func(ToolResult)) {
	if observer := From(ctx); observer != nil {
		return observer.Tool(ctx, call)
	}
	return ctx, func(ToolResult) {}
}

// StartStore begins a call of a store, likewise.
func StartStore(ctx context.Context, call StoreCall) (context.Context, func(error)) {
	if observer := From(ctx); observer != nil {
		return observer.Store(ctx, call)
	}
	return ctx, func(error) {}
}

// StartCall begins a request to another server, likewise, and adds to its headers what
// lets that go on with the trace.
func StartCall(ctx context.Context, call Call, headers http.Header) (context.Context, func(CallResult)) {
	observer := From(ctx)
	if observer == nil {
		return ctx, func(CallResult) {}
	}
	ctx, end := observer.Call(ctx, call)
	observer.Outgoing(ctx, headers)
	return ctx, end
}

// ResultOf returns what came of a request that net/http has made.
func ResultOf(response *http.Response, err error) CallResult {
	if response == nil {
		return CallResult{Err: err}
	}
	return CallResult{Status: response.StatusCode, Err: err}
}

// Content reports whether the observer of ctx wants content.
func Content(ctx context.Context) bool {
	observer := From(ctx)
	return observer != nil && observer.Content()
}

// Count adds to a counter.
func Count(ctx context.Context, counter Counter, delta int64) {
	if observer := From(ctx); observer != nil {
		observer.Count(ctx, counter, delta)
	}
}

// Outgoing adds to the headers of a request to another server what lets that go on with
// the trace of ctx.
func Outgoing(ctx context.Context, headers http.Header) {
	if observer := From(ctx); observer != nil {
		observer.Outgoing(ctx, headers)
	}
}
