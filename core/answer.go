package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"strconv"
)

// json answers with a JSON body.
func (x *exchange) json(status int, body any) error {
	data, err := encodeJSON(body)
	if err != nil {
		return err
	}
	return x.bytes(status, http.Header{"Content-Type": {contentTypeJSON}}, data)
}

// answer sends what an HTTPError carries.
func (x *exchange) answer(e *HTTPError) error {
	body, contentType, err := e.encode()
	if err != nil {
		return err
	}
	header := e.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	if contentType != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType)
	}
	return x.bytes(e.status(), header, body)
}

func (x *exchange) bytes(status int, header http.Header, body []byte) error {
	if body != nil {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if err := x.begin(Response{Status: status, Header: header}); err != nil {
		return err
	}
	// A client that is gone doesn't matter any more.
	_, _ = x.w.Write(body)
	return nil
}

// begin sends the head of the answer, after OnResponse has seen it. When that
// fails, nothing has been sent and the error is what to answer instead.
func (x *exchange) begin(response Response) error {
	if x.hooks.OnResponse != nil && !x.hooked {
		x.hooked = true
		if err := x.hooks.OnResponse(x.r, x.route, &response); err != nil {
			return err
		}
	}
	if response.Status < 200 || response.Status > 999 {
		return fmt.Errorf("answer with status %d: no such final status", response.Status)
	}
	maps.Copy(x.w.Header(), response.Header)
	if x.cors != nil {
		x.cors.apply(x.w.Header(), x.origin)
	}
	x.started, x.response = true, response
	x.w.WriteHeader(response.Status)
	return nil
}

// fail ends a request that has no answer of its own: an *HTTPError is one;
// anything else is told to OnError and becomes a 500.
func (x *exchange) fail(err error) {
	for range 2 { // OnResponse may put one answer in the place of another
		var answer *HTTPError
		if !errors.As(err, &answer) || x.started {
			break
		}
		if err = recovering(func() error { return x.answer(answer) }); err == nil {
			return
		}
	}
	if errors.Is(err, context.Canceled) && x.r.Context().Err() != nil {
		return // nobody is there any more, and nothing went wrong
	}
	x.hooked = true
	answer := x.report(err)
	if x.started {
		return
	}
	if err := recovering(func() error { return x.answer(answer) }); err != nil {
		x.logger.ErrorContext(x.r.Context(), "the answer could not be sent", "error", err)
	}
}

// report logs an internal error, tells OnError, and gives the answer.
func (x *exchange) report(err error) *HTTPError {
	log := x.logger.With("method", x.r.Method, "path", x.r.URL.Path, "route", string(x.route.Name))
	if x.hooks.OnError != nil {
		hookErr := recovering(func() error { return x.hooks.OnError(x.r, x.route, err) })
		var answer *HTTPError
		if errors.As(hookErr, &answer) {
			return answer
		}
		if hookErr != nil {
			log.ErrorContext(x.r.Context(), "OnError failed", "error", hookErr)
		}
	}
	attributes := []any{"error", err}
	var panicked *panicError
	if errors.As(err, &panicked) {
		attributes = append(attributes, "stack", string(panicked.stack))
	}
	log.ErrorContext(x.r.Context(), "request failed", attributes...)
	return x.internal(err)
}

// internal is the 500 for an error. Only in development does it say which.
func (x *exchange) internal(err error) *HTTPError {
	body := errorBody{Error: "internal_error"}
	var failed *failure
	if errors.As(err, &failed) {
		body = errorBody{Error: failed.what, Message: "Internal error"}
		err = failed.err
	}
	if x.runtime.Development {
		body.Message = err.Error()
	}
	return &HTTPError{Status: http.StatusInternalServerError, Body: body, Err: err}
}

// recovering calls f and turns its panic into an error. http.ErrAbortHandler
// passes through: whoever panics with it wants the connection cut.
func recovering(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			if value == http.ErrAbortHandler {
				panic(value)
			}
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return f()
}
