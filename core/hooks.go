package core

import "net/http"

// Hooks watch and change requests and answers on their way. Each may be nil.
// They run in the request's goroutine, for many requests at once, in the order
// OnRequest, [Runtime.BeforeRequest], OnBeforeHandler, the endpoint, OnResponse,
// [Runtime.AfterRequest].
//
// A hook answers early by returning an [*HTTPError]. Any other error, and any
// panic, is an internal error: OnError is told, and the client gets a 500.
type Hooks struct {
	// OnRequest runs first, before routing: authentication, correlation ids. A
	// request that it returns takes the place of the one it got; nil keeps that.
	OnRequest func(*http.Request) (*http.Request, error)
	// OnBeforeHandler runs when the route is known and its HTTP method is right:
	// authorization by route. The request is as in OnRequest.
	OnBeforeHandler func(*http.Request, Route) (*http.Request, error)
	// OnResponse runs once per answer, before its first byte, for early answers
	// and refusals as well; the route is the zero Route when none matched. It may
	// change the status and the headers. The body follows later, of a run over
	// minutes, and can't be changed, but an *HTTPError takes the answer's place.
	OnResponse func(*http.Request, Route, *Response) error
	// OnError runs when a request failed inside: a hook's error, a panic, a
	// runtime that can't tell its agents. It may answer with an *HTTPError;
	// otherwise the client gets the usual 500. Once a stream has begun it can
	// only take note.
	OnError func(*http.Request, Route, error) error
}

// Response is an answer before its first byte is sent.
type Response struct {
	Status int
	Header http.Header
}
