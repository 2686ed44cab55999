// Package agent says what answers a run. The agents that ship are in the
// packages below it.
package agent

import (
	"context"
	"iter"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Agent answers runs. It is used by many runs at once.
type Agent interface {
	// Run answers one run with AG-UI events, in order. Stop is the cancellation
	// of ctx: Run then ends soon, and what it yields after that is dropped.
	//
	// It may leave out RUN_STARTED and the terminal event, and may yield chunk
	// events: the runner adds and expands. An error is the last thing yielded;
	// the run then ends with RUN_ERROR, with the message and code of an [*Error]
	// and with a general message for any other error, whose text goes to the log
	// alone. The input is shared: it must not be changed.
	Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]
}

// Func is an Agent that is a function.
type Func func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]

// Run calls f.
func (f Func) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return f(ctx, input)
}

// Describer is an Agent with a description, which /info shows.
type Describer interface {
	Description() string
}

// CapabilityReporter is an Agent that says what it can do, which /info shows.
type CapabilityReporter interface {
	// Capabilities may be asked for at any time and must not do any I/O.
	Capabilities() agui.Capabilities
}

// ClassNamer is an Agent with a name for its kind, which /info shows; without
// one it shows the name of the agent's Go type.
type ClassNamer interface {
	ClassName() string
}

// Connector is an Agent that keeps threads of its own. Connect gives the
// history of a thread that this runtime's store has never seen.
type Connector interface {
	Connect(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error]
}

// Middleware wraps an agent in another.
type Middleware func(Agent) Agent

// Error is a failure that the client may be told of.
type Error struct {
	// Code goes into RUN_ERROR as it is, e.g. "rate_limited".
	Code string
	// Message is shown to the user: no keys, no prompts, no addresses.
	Message string
	// Err is the cause, for the log.
	Err error
}

// Error returns the message, with the cause behind it.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

type headersKey struct{}

// WithForwardedHeaders returns a context that carries the headers of the
// front end's request that may be passed on.
func WithForwardedHeaders(ctx context.Context, headers http.Header) context.Context {
	return context.WithValue(ctx, headersKey{}, headers)
}

// ForwardedHeaders returns the headers of the front end's request that the
// runtime's policy lets an agent pass on. It must not be changed.
func ForwardedHeaders(ctx context.Context) http.Header {
	headers, _ := ctx.Value(headersKey{}).(http.Header)
	return headers
}
