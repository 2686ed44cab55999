package telemetry

import (
	"context"
	"log/slog"
)

// LogHandler returns a handler that adds to each record what its context says of the
// request that it belongs to, and passes it on: with add, or if that is nil with
// [AddIDs]. A handler that does so already is returned as it is.
//
// The runtime logs with the contexts of requests, so that all lines of one can be found
// by its id. Records of a level that is off cost nothing.
func LogHandler(handler slog.Handler, add func(context.Context, *slog.Record)) slog.Handler {
	if _, ok := handler.(*logHandler); ok {
		return handler
	}
	if add == nil {
		add = AddIDs
	}
	return &logHandler{handler, add}
}

// AddIDs adds requestId, traceId and spanId to a record, those that there are.
func AddIDs(ctx context.Context, record *slog.Record) {
	if id := RequestID(ctx); id != "" {
		record.AddAttrs(slog.String("requestId", id))
	}
	trace := TraceOf(ctx)
	if trace.TraceID != "" {
		record.AddAttrs(slog.String("traceId", trace.TraceID))
	}
	if trace.SpanID != "" {
		record.AddAttrs(slog.String("spanId", trace.SpanID))
	}
}

type logHandler struct {
	slog.Handler
	add func(context.Context, *slog.Record)
}

func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	if scopeOf(ctx) != nil || From(ctx) != nil {
		record = record.Clone() // whose attributes may be shared with other handlers
		h.add(ctx, &record)
	}
	return h.Handler.Handle(ctx, record)
}

func (h *logHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attributes), h.add}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.Handler.WithGroup(name), h.add}
}
