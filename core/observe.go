package core

import (
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// observe tells the observer that a request has come. The function that it returns says
// what came of it, to the log and to the observer.
func (rt *Runtime) observe(ex *exchange) (end func()) {
	observer := rt.config.Observer
	if observer == nil {
		return ex.log
	}
	request := telemetry.Request{Request: ex.r, ID: telemetry.RequestID(ex.r.Context())}
	ctx, ended := observer.Request(telemetry.With(ex.r.Context(), observer), request)
	ex.r = ex.r.WithContext(ctx)
	return func() {
		ex.log()
		ended(telemetry.RequestResult{
			Route: string(ex.route.Name), Status: ex.response.Status, User: ex.user.ID, Err: ex.failure,
		})
	}
}

// log writes the one line that each request has. What a client has chosen is cut short in
// it, so that nobody fills the log with a few requests.
func (ex *exchange) log() {
	ctx, logger := ex.r.Context(), ex.config.Logger
	if !logger.Enabled(ctx, ex.level) {
		return
	}
	attributes := append(make([]slog.Attr, 0, 12), slog.String("method", shortened(ex.r.Method)))
	if ex.route.Name != "" {
		attributes = append(attributes, slog.String("route", string(ex.route.Name)))
	} else {
		attributes = append(attributes, slog.String("path", shortened(ex.r.URL.Path)))
	}
	attributes = append(attributes, slog.Int("status", ex.response.Status),
		slog.Duration("duration", time.Since(ex.begun)), slog.Int64("bytes", ex.written))
	if ex.code != "" {
		attributes = append(attributes, slog.String("code", ex.code))
	}
	if ex.user.ID != "" {
		attributes = append(attributes, slog.String("user", ex.user.ID))
	}
	logger.LogAttrs(ctx, ex.level, "request ended", append(attributes, ex.reasons...)...)
}
