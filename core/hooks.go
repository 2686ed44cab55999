package core

import (
	"net/http"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Hooks watch and change requests and answers on their way. Each may be nil.
// Those for requests run in the request's goroutine, concurrently for many
// requests, in the order OnRequest, BeforeRequest, OnBeforeHandler, the
// endpoint, OnResponse, AfterRequest.
//
// A hook answers early by returning an [*HTTPError]. Any other error, and any
// panic, is an internal error: OnError is called, and the client gets a 500.
type Hooks struct {
	// OnRequest runs first, before routing: authentication, correlation ids. A
	// request that it returns takes the place of the one it got; nil keeps that.
	OnRequest func(*http.Request) (*http.Request, error)
	// BeforeRequest runs after OnRequest and may do the same. An answer of its own
	// is sent without OnResponse, as the reference's middleware does it.
	BeforeRequest func(*http.Request) (*http.Request, error)
	// OnBeforeHandler runs when the route is known and its HTTP method is right:
	// authorization by route. The request is as in OnRequest.
	OnBeforeHandler func(*http.Request, Route) (*http.Request, error)
	// OnResponse runs once per answer, before its first byte, for early answers
	// and refusals as well; the route is the zero Route when none matched. It may
	// change the status and the headers. The body follows later, of a run over
	// minutes, and can't be changed, but an *HTTPError takes the answer's place.
	OnResponse func(*http.Request, Route, *Response) error
	// OnError runs when a request failed inside: an error of a hook, a panic, an
	// error of AgentsFor. It may answer with an *HTTPError; otherwise the client
	// gets the usual 500. Once a stream has begun, it can only record the error.
	OnError func(*http.Request, Route, error) error
	// AfterRequest runs when an endpoint has answered, before ServeHTTP returns,
	// since nothing runs after that on a function platform. It can't change the
	// answer: its error or panic goes to the log.
	AfterRequest func(*http.Request, Answer) error
	// OnClose runs once, when [Runtime.Close] has seen the last request off: it
	// closes what was opened for the runtime. Close returns its error.
	OnClose func() error
}

// Response is the head of an answer before its first byte is sent.
type Response struct {
	Status int
	Header http.Header
}

// Answer is what an endpoint has answered.
type Answer struct {
	Route Route
	// Status and Header are the answer's. They must not be changed.
	Status int
	Header http.Header
	// Messages are those that the stream showed: its last snapshot if it had
	// one, otherwise what its text, tool call and result events add up to. Nil
	// when the answer wasn't a stream. A run's stream counts whole, also when its
	// client went away.
	Messages []agui.Message
	// ThreadID and RunID are those of the stream's RUN_STARTED, "" without one.
	ThreadID string
	RunID    string
}
