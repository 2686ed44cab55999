// Package agent defines what answers a run: [Agent], the optional interfaces that
// an agent can implement, and the tools and middleware that agents share. The
// agents that ship are in the packages below it.
//
// To write one: [NewCustom] makes an agent from a function that yields AG-UI
// events, package builtin makes one from a model, and package factory one from a
// function that calls a model with the go-openai library.
package agent

import (
	"context"
	"iter"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Agent answers runs. It must be safe for concurrent use.
type Agent interface {
	// Run answers one run with AG-UI events, in order. A run is stopped by
	// canceling ctx: Run must then end without delay, and what it yields after
	// that is dropped.
	//
	// RUN_STARTED is sent by the runner, as soon as the run is accepted; one that Run
	// yields is left out. Chunk events are expanded, and what is open at RUN_FINISHED
	// is closed. A run whose last event isn't RUN_FINISHED or RUN_ERROR ends with
	// RUN_ERROR and the code INCOMPLETE_STREAM. An error is the last thing yielded:
	// the run then ends with RUN_ERROR, with the message and code of an [*Error] and
	// with a general message for any other error, whose text is only logged. The input
	// is shared and must not be modified.
	Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]
}

// Func is an Agent that is a function.
type Func func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]

// Run calls f.
func (f Func) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return f(ctx, input)
}

// Describer is implemented by agents that have a description.
type Describer interface {
	// Description returns what /info shows as the agent's description.
	Description() string
}

// CapabilityReporter is implemented by agents that say what they can do.
type CapabilityReporter interface {
	// Capabilities returns what /info shows as the agent's capabilities. It must
	// not do any I/O.
	Capabilities() agui.Capabilities
}

// ClassNamer is implemented by agents that have a name for their kind.
type ClassNamer interface {
	// ClassName returns what /info shows as the agent's class. Without this
	// method it is the name of the agent's Go type.
	ClassName() string
}

// Connector is implemented by agents that keep threads of their own.
type Connector interface {
	// Connect yields the history of a thread that the runtime's store has never
	// seen.
	Connect(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]
}

// Middleware wraps an agent in another.
type Middleware func(Agent) Agent

// Error is a failure that is safe to show to the client.
type Error struct {
	// Code is the code of RUN_ERROR, such as "rate_limited".
	Code string
	// Message is shown to the user. It must not contain keys, prompts or
	// addresses.
	Message string
	// Err is the cause, which is only logged. It may be nil.
	Err error
}

// Error returns the message followed by the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

type headersKey struct{}

// WithForwardedHeaders returns a context that carries the headers of the front
// end's request that agents may pass on.
func WithForwardedHeaders(ctx context.Context, headers http.Header) context.Context {
	return context.WithValue(ctx, headersKey{}, headers)
}

// ForwardedHeaders returns the headers of the front end's request that the
// runtime's policy lets an agent pass on. They have the caller's Authorization: whoever
// is given that can act as the caller, so pass it on to none but servers that are
// trusted to. Packages remote and mcp do so only where ForwardAuthorization is set.
// They must not be modified.
func ForwardedHeaders(ctx context.Context) http.Header {
	headers, _ := ctx.Value(headersKey{}).(http.Header)
	return headers
}
