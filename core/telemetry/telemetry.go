// Package telemetry is what the runtime says about its work while it works: requests,
// runs, calls of models, of tools and of stores, with what each came to. An [Observer] in
// a request's context is told; without one nothing is made and nothing is allocated.
// Package otel, below, is an Observer that makes OpenTelemetry's traces and metrics of it.
//
// The runtime says facts. What they are called in a trace or a metric is an Observer's
// business.
package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Observer is told what happens. Each method that begins something returns the context
// for what is done within, and a function that is called once, when it has ended. It must
// be safe for concurrent use, must not block, and must not keep what it is given.
type Observer interface {
	// Request begins an HTTP request to the runtime.
	Request(ctx context.Context, request Request) (context.Context, func(RequestResult))
	// Run begins a run, or a suggestion.
	Run(ctx context.Context, run Run) (context.Context, func(RunResult))
	// Model begins one call of a model.
	Model(ctx context.Context, call ModelCall) (context.Context, func(ModelResult))
	// Tool begins one call of a tool that runs here.
	Tool(ctx context.Context, call ToolCall) (context.Context, func(ToolResult))
	// Store begins one call of a store.
	Store(ctx context.Context, call StoreCall) (context.Context, func(error))
	// Call begins one request to another server: of a model, an agent or tools.
	Call(ctx context.Context, call Call) (context.Context, func(CallResult))
	// Count adds to a counter.
	Count(ctx context.Context, counter Counter, delta int64)
	// Outgoing adds to the headers of a request to another server what lets that go on
	// with the trace of ctx.
	Outgoing(ctx context.Context, headers http.Header)
	// Content reports whether it wants to be told what models and tools are asked and
	// answer. It is what deployers opt in to.
	Content() bool
	// Trace returns the ids of the trace of ctx and of what is under way in it, in hex; ""
	// for none.
	Trace(ctx context.Context) (traceID, spanID string)
}

// Request is an HTTP request to the runtime, as it came.
type Request struct {
	*http.Request
	// ID is the request's id: the platform's, the client's or a new one.
	ID string
}

// RequestResult is what came of a request.
type RequestResult struct {
	// Route is the name of the route, "" if none matched.
	Route string
	// Status is the answer's status, 0 if there was none.
	Status int
	// User is who called, "" for nobody.
	User string
	// Err is why there was no other answer, nil if nothing failed.
	Err error
}

// Run is a run, or a suggestion, that begins.
type Run struct {
	AgentID, ThreadID, RunID string
	// Kind is "run", "suggest", "detached" for one beside its thread, or "name" for the one
	// that names a thread.
	Kind string
	// User is whose thread it is, "" for nobody's.
	User string
}

// RunResult is how a run ended.
type RunResult struct {
	// Outcome is "completed", "stopped", or another word of the runner's for the end.
	Outcome string
	// Code is that of the run's RUN_ERROR, "" without one.
	Code string
	// FinishReason is the last answer's, "" if it isn't known.
	FinishReason string
	// FirstEvent is how long it took to the first event of the agent, 0 if there was none.
	FirstEvent time.Duration
	// Events is the number of events, Steps of model calls.
	Events, Steps int
	// InputTokens and OutputTokens are what it has spent, Estimated how many of them were
	// not counted by a provider.
	InputTokens, OutputTokens, EstimatedTokens int64
	// Err is the cause of an end that isn't the agent's own, for traces and logs alone.
	Err error
}

// ModelCall is a call of a model that begins.
type ModelCall struct {
	// Provider and Model are the parts of its name, "" if it has none.
	Provider, Model string
	// System, Messages and Tools are what it is asked. They are for those who opted in to
	// content.
	System   []string
	Messages []agui.Message
	Tools    []string
	// Temperature and MaxTokens are settings of the call, nil if they are left to the
	// provider.
	Temperature *float64
	MaxTokens   *int64
}

// ModelResult is what came of a call of a model.
type ModelResult struct {
	// FirstToken is how long it took to the first piece of the answer, 0 if there was none.
	FirstToken time.Duration
	// Provider and Model are the model that has answered, as the provider reports it, ""
	// if it doesn't.
	Provider, Model string
	// FinishReason is "" if the answer isn't complete.
	FinishReason string
	// Usage is what the provider has counted, nil if it hasn't.
	Usage *agui.TokenUsage
	// Answer are the messages of the answer, nil unless the observer wants content.
	Answer []agui.Message
	// Code is that of a failure that the client is told, "" without one. Err is its cause.
	Code string
	Err  error
}

// ToolCall is a call of a tool that begins.
type ToolCall struct {
	// Name is the tool's name, ID the call's.
	Name, ID string
	// Server is the MCP server that runs it, "" for a tool of this process.
	Server string
	// Arguments are JSON, for those who opted in to content.
	Arguments string
}

// ToolResult is what came of a call of a tool.
type ToolResult struct {
	// Result is for those who opted in to content.
	Result string
	// Err is why it failed, nil if it didn't.
	Err error
}

// ErrToolResult is the [ToolResult.Err] of a tool whose result says that it failed, as those
// of MCP servers do.
var ErrToolResult = errors.New("the tool's result is an error")

// StoreCall is a call of a store that begins.
type StoreCall struct {
	// Store is the scheme of its address, such as "redis".
	Store string
	// Method is the method of the interface, such as "Begin".
	Method string
	// ThreadID is the thread that it is about, "" for none or several.
	ThreadID string
	// Records is how many it appends.
	Records int
	// Frequent is set for calls that a run makes again and again while it goes on.
	Frequent bool
}

// Call is a request to another server that begins.
type Call struct {
	Method string
	// URL is where it goes. It may hold secrets: of it only the host and the port are to
	// be shown.
	URL *url.URL
	// Resend is how many times it was sent before.
	Resend int
}

// CallResult is what came of a request to another server.
type CallResult struct {
	// Status is that of the answer, 0 if there was none.
	Status int
	// Err is why there was no answer, nil if there was one.
	Err error
}

// Counter is something that is counted.
type Counter string

// What is counted.
const (
	// LockedThreads are runs that were refused since their thread has one.
	LockedThreads Counter = "locked threads"
	// ClosedOrphans are runs of dead instances that were closed.
	ClosedOrphans Counter = "closed orphans"
	// HitLimits are requests that were refused since their user has spent enough.
	HitLimits Counter = "hit limits"
	// Followers are clients that follow a run: one more, one less.
	Followers Counter = "followers"
)
