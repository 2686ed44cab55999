package core

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/runner"
)

// json answers with a JSON body.
func (ex *exchange) json(status int, body any) error {
	data, err := encodeJSON(body)
	if err != nil {
		return err
	}
	return ex.bytes(status, http.Header{"Content-Type": {contentTypeJSON}}, data)
}

// answer sends what an HTTPError carries.
func (ex *exchange) answer(e *HTTPError) error {
	if e.Status == http.StatusRequestEntityTooLarge {
		ex.drainBody()
	}
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
	return ex.bytes(e.status(), header, body)
}

func (ex *exchange) bytes(status int, header http.Header, body []byte) error {
	if body != nil {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if err := ex.begin(Response{Status: status, Header: header}); err != nil {
		return err
	}
	// A client that is gone doesn't matter any more.
	_, _ = ex.w.Write(body)
	return nil
}

// fail ends a request that has no answer of its own: an *HTTPError is one;
// anything else is reported and becomes a 500.
func (ex *exchange) fail(err error) {
	for range 2 { // OnResponse may put one answer in the place of another
		var answer *HTTPError
		if !errors.As(err, &answer) || ex.started {
			break
		}
		if err = recovering(func() error { return ex.answer(answer) }); err == nil {
			return
		}
	}
	if errors.Is(err, context.Canceled) && ex.r.Context().Err() != nil {
		return // nobody is there any more, and nothing went wrong
	}
	ex.hooked = true
	answer := ex.report(err)
	if ex.started {
		return
	}
	if err := recovering(func() error { return ex.answer(answer) }); err != nil {
		ex.config.Logger.ErrorContext(ex.r.Context(), "the answer could not be sent", "error", err)
	}
}

// report logs an internal error, calls OnError, and returns the answer.
func (ex *exchange) report(err error) *HTTPError {
	ex.failure = err
	log := ex.config.Logger.With("method", ex.r.Method, "path", shortened(ex.r.URL.Path), "route", string(ex.route.Name))
	if hook := ex.config.Hooks.OnError; hook != nil {
		hookErr := recovering(func() error { return hook(ex.r, ex.route, err) })
		var answer *HTTPError
		if errors.As(hookErr, &answer) {
			return answer
		}
		if hookErr != nil {
			log.ErrorContext(ex.r.Context(), "OnError failed", "error", hookErr)
		}
	}
	attributes := []any{"error", err}
	var panicked *runner.PanicError
	if errors.As(err, &panicked) {
		attributes = append(attributes, "stack", string(panicked.Stack))
	}
	log.ErrorContext(ex.r.Context(), "request failed", attributes...)
	return ex.internal(err)
}

// internal returns the 500 for an error, which it shows in development alone.
func (ex *exchange) internal(err error) *HTTPError {
	body := errorBody{Error: "internal_error"}
	var failed *failure
	if errors.As(err, &failed) {
		body = errorBody{Error: failed.what, Message: "Internal error"}
		err = failed.err
	}
	if ex.config.Development {
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
			err = &runner.PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}
