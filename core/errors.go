package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/copilotkit-go/runtime/core/store"
)

// HTTPError is an error that carries the answer. A hook, [Config.Identify] or
// [Config.AgentsFor] returns one to answer early; any other error is internal,
// and the client gets a 500 without its text.
//
//	return nil, &core.HTTPError{Status: http.StatusUnauthorized, Body: "Unauthorized"}
type HTTPError struct {
	// Status is the HTTP status. If zero, defaults to 500.
	Status int
	// Header is added to the answer. Defaults to none.
	Header http.Header
	// Body is sent as text when it is a string, as it is when it is a []byte, as
	// JSON otherwise; nil means no body. Header may name another Content-Type.
	Body any
	// Err is the cause, for hooks and logs; the client never sees it.
	Err error
}

// Error returns the status and the cause.
func (e *HTTPError) Error() string {
	text := fmt.Sprintf("answer %d %s", e.status(), http.StatusText(e.status()))
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *HTTPError) Unwrap() error { return e.Err }

func (e *HTTPError) status() int {
	if e.Status == 0 {
		return http.StatusInternalServerError
	}
	return e.Status
}

// encode returns the bytes of the body and the content type that fits them.
func (e *HTTPError) encode() (body []byte, contentType string, err error) {
	switch b := e.Body.(type) {
	case nil:
		return nil, "", nil
	case string:
		return []byte(b), "text/plain;charset=UTF-8", nil
	case []byte:
		return b, "application/octet-stream", nil
	}
	body, err = encodeJSON(e.Body)
	return body, contentTypeJSON, err
}

// failure is an internal error of an endpoint whose answers to errors have a text
// of their own: {"error": what, "message": …}, as the reference has it.
type failure struct {
	what string
	err  error
}

func (f *failure) Error() string { return f.what + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

const contentTypeJSON = "application/json"

// errorBody is the shape of the reference's error answers.
type errorBody struct {
	Error   string `json:"error"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Details string `json:"details,omitempty"`
	// RequestID is by which the operator finds the request in the log.
	RequestID string `json:"requestId,omitempty"`
}

func answerError(status int, what string) *HTTPError {
	return &HTTPError{Status: status, Body: errorBody{Error: what}}
}

func notFound() *HTTPError { return answerError(http.StatusNotFound, "Not found") }

func methodNotAllowed(allow string) *HTTPError {
	return &HTTPError{
		Status: http.StatusMethodNotAllowed,
		Header: http.Header{"Allow": {allow}},
		Body:   errorBody{Error: "Method not allowed"},
	}
}

func agentNotFound(id string) *HTTPError {
	return &HTTPError{
		Status: http.StatusNotFound,
		Body:   errorBody{Error: "Agent not found", Message: "Agent '" + id + "' does not exist"},
	}
}

func invalidBody(err error) *HTTPError {
	return &HTTPError{
		Status: http.StatusBadRequest,
		Body:   errorBody{Error: "Invalid request body", Details: err.Error()},
		Err:    err,
	}
}

func notJSON() *HTTPError {
	return &HTTPError{Status: http.StatusUnsupportedMediaType, Body: errorBody{
		Error: "Unsupported media type", Message: "The request body must have the Content-Type application/json.",
	}}
}

// codeTooLarge is the code of a request that is refused for its size.
const codeTooLarge = "request_body_too_large"

func bodyTooLarge(limit int64) *HTTPError {
	return &HTTPError{
		Status: http.StatusRequestEntityTooLarge,
		Body: errorBody{
			Error:   "Request body too large",
			Code:    codeTooLarge,
			Message: "The request body is larger than " + strconv.FormatInt(limit, 10) + " bytes.",
		},
	}
}

// threadLocked returns the answer that front ends know as that of a busy thread.
func threadLocked(err error) *HTTPError {
	return &HTTPError{
		Status: http.StatusConflict,
		Body: errorBody{
			Error:   "Thread is locked",
			Code:    "agent_thread_locked",
			Message: "Thread already running",
		},
		Err: err,
	}
}

// retryAfterSeconds is the Retry-After of an answer while the store can't be
// reached: long enough for a failover to show, short enough not to be noticed
// much.
const retryAfterSeconds = "2"

func storeUnavailable(err error) *HTTPError {
	return &HTTPError{
		Status: http.StatusServiceUnavailable,
		Header: http.Header{"Retry-After": {retryAfterSeconds}},
		Body: errorBody{
			Error:   "Store unavailable",
			Code:    "store_unavailable",
			Message: "Threads can't be reached right now. Please try again.",
		},
		Err: &outageError{err},
	}
}

// storeError returns the answer to an error of the store, or a failure that says
// what was being done. An error that is an answer already stays one.
func storeError(what string, err error) error {
	switch {
	case errors.As(err, new(*HTTPError)):
		return err
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return storeUnavailable(err)
	case errors.Is(err, store.ErrNotFound):
		return answerError(http.StatusNotFound, "Thread not found")
	}
	return &failure{what: what, err: err}
}

// encodeJSON encodes as JavaScript does: without escaping HTML.
func encodeJSON(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// namedFailure returns a failure that says what was being done. An error that is
// an answer already stays one.
func namedFailure(what string, err error) error {
	if errors.As(err, new(*HTTPError)) {
		return err
	}
	return &failure{what: what, err: err}
}
