package core

import (
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Hooks observe and change requests and answers. Each may be nil. Those for requests
// run in the goroutine of the request, so they must be safe for concurrent use. Their
// order is OnRequest, BeforeRequest, OnBeforeHandler, the endpoint with OnResponse
// before its first byte, AfterRequest.
//
// A hook answers early by returning an [*HTTPError]. Any other error, and any panic, is
// an internal error: OnError is called, and the client gets a 500.
type Hooks struct {
	// OnRequest runs first, before routing, for instance to authenticate. The request
	// that it returns replaces the one that it was given; nil keeps it.
	OnRequest func(*http.Request) (*http.Request, error)
	// BeforeRequest runs after OnRequest and may do the same. If it answers early,
	// OnResponse isn't called, as with the reference's middleware.
	BeforeRequest func(*http.Request) (*http.Request, error)
	// OnBeforeHandler runs when the route is known and its HTTP method is right, for
	// instance to authorize by route. The request is as in OnRequest.
	OnBeforeHandler func(*http.Request, Route) (*http.Request, error)
	// OnResponse runs once per answer, before its first byte, also for early answers
	// and refusals; the route is the zero Route if none matched. It may change the
	// status and the headers, but not the body, which a run writes for minutes. An
	// *HTTPError replaces the answer.
	OnResponse func(*http.Request, Route, *Response) error
	// OnError runs after an internal error: an error of a hook or of AgentsFor, or a
	// panic. It may return an *HTTPError as the answer; otherwise the client gets a
	// 500. Once a stream has begun, it can't change the answer.
	OnError func(*http.Request, Route, error) error
	// AfterRequest runs when an endpoint has answered, before ServeHTTP returns, since
	// nothing runs after that on a function platform. It can't change the answer. Its
	// error or panic is logged.
	AfterRequest func(*http.Request, Answer) error
	// OnClose runs once, when [Runtime.Close] has waited for the last request, to close
	// what was opened for the runtime. Close returns its error.
	OnClose func() error
}

// Response is the status and the headers of an answer that is about to be sent.
type Response struct {
	Status int
	Header http.Header
}

// Answer describes the answer of an endpoint.
type Answer struct {
	Route Route
	// Status and Header must not be modified.
	Status int
	Header http.Header
	// Messages are the messages of the stream: its last snapshot if it had one,
	// otherwise the sum of its text, tool call and result events. They include what a
	// run sent after its client had disconnected. Nil if the answer wasn't a stream.
	Messages []agui.Message
	// ThreadID and RunID are those of the stream's RUN_STARTED, empty if it had none.
	ThreadID string
	RunID    string
}
