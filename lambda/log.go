package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// logFormat writes lines as Lambda reads them: JSON with timestamp, level, message and
// requestId. They are JSON whatever the function's log format is, since CloudWatch finds
// the fields of both; with the format JSON Lambda also drops the lines below its level.
func logFormat(w io.Writer, level slog.Leveler) slog.Handler {
	return telemetry.LogHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: lambdacontext.ReplaceAttr}), nil)
}

// withRequestID gives the request the id that Lambda's own lines of it have.
func withRequestID(ctx context.Context) context.Context {
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		return telemetry.WithRequestID(ctx, invocation.AwsRequestID)
	}
	return ctx
}

// withTrace puts the invocation's trace where the front door has put its own, which is the
// same without Lambda's part of it.
func withTrace(ctx context.Context, r *http.Request) *http.Request {
	if trace, _ := ctx.Value("x-amzn-trace-id").(string); trace != "" {
		r.Header.Set("X-Amzn-Trace-Id", trace)
	}
	return r
}
