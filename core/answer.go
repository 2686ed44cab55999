package core

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/telemetry"
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
	body, contentType, err := ex.named(e).encode()
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

// named notes the code of an answer for the log. It returns it with the request's id, if it
// is one of the runtime's own that the operator may be asked about: front ends show the
// body of an answer, not its headers.
func (ex *exchange) named(e *HTTPError) *HTTPError {
	body, ok := e.Body.(errorBody)
	ex.code = body.Code
	if !ok || e.status() < http.StatusInternalServerError {
		return e
	}
	body.RequestID = telemetry.RequestID(ex.r.Context())
	named := *e
	named.Body = body
	return &named
}

func (ex *exchange) bytes(status int, header http.Header, body []byte) error {
	if ex.unread() {
		// The server reads on before it answers: who doesn't send the rest can't hold it up.
		ex.limitReading()
	}
	if body != nil {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if err := ex.begin(Response{Status: status, Header: header}); err != nil {
		return err
	}
	n, _ := ex.w.Write(body) // a client that is gone doesn't matter any more
	ex.written += int64(n)
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

// report notes an internal error for the log, calls OnError, and returns the answer.
func (ex *exchange) report(err error) *HTTPError {
	ex.failure = err
	if hook := ex.config.Hooks.OnError; hook != nil {
		hookErr := recovering(func() error { return hook(ex.r, ex.route, err) })
		var answer *HTTPError
		if errors.As(hookErr, &answer) {
			return answer
		}
		if hookErr != nil {
			ex.config.Logger.ErrorContext(ex.r.Context(), "OnError failed", "error", hookErr)
		}
	}
	ex.level, ex.reasons = slog.LevelError, []slog.Attr{slog.Any("error", err)}
	var panicked *runner.PanicError
	if errors.As(err, &panicked) {
		ex.reasons = append(ex.reasons, slog.String("stack", string(panicked.Stack)))
	}
	return ex.internal(err)
}

// noteCause notes that an endpoint has answered with a failure, and for the log what the
// Intelligence platform has said, of which the answer has nothing.
func (ex *exchange) noteCause(answer *HTTPError) {
	failed := answer.status() >= http.StatusInternalServerError
	if failed {
		ex.failure = answer
	}
	if said := (*intelligence.Error)(nil); errors.As(answer.Err, &said) {
		ex.reasons = []slog.Attr{slog.Any("error", said)}
		if failed {
			ex.level = slog.LevelWarn
		}
	}
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
