package bundle

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/copilotkit-go/runtime/core/telemetry"
)

// LogFormat returns the handler that writes lines of a level or above.
type LogFormat func(w io.Writer, level slog.Leveler) slog.Handler

// JSONLogs is the default format: an object a line, with time, level, msg, requestId,
// traceId and spanId beside what the line is about. Durations are in nanoseconds.
func JSONLogs(w io.Writer, level slog.Leveler) slog.Handler {
	return telemetry.LogHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}), nil)
}

// WithLogFormat sets the form of the lines, as a platform reads them. It has no effect
// beside [WithLogger].
func WithLogFormat(format LogFormat) Option {
	return func(p *parts) { p.format = format }
}

// newLogger returns the logger that was given, or the one to standard error. Whatever it
// writes, its lines name the request that they belong to.
func (p parts) newLogger(level slog.Level) *slog.Logger {
	if p.logger != nil {
		return slog.New(telemetry.LogHandler(p.logger.Handler(), nil))
	}
	format := p.format
	if format == nil {
		format = JSONLogs
	}
	return slog.New(format(os.Stderr, level))
}

// logStart logs the first line: what the program was built from, and what it is to be.
func logStart(ctx context.Context, logger *slog.Logger, settings *Settings) {
	if !logger.Enabled(ctx, slog.LevelInfo) {
		return
	}
	build := ReadBuild()
	attributes := make([]slog.Attr, 0, 8)
	for _, attribute := range []slog.Attr{
		slog.String("version", build.Version), slog.String("commit", build.Commit), slog.String("built", build.Time), slog.String("go", build.Go),
		slog.String("model", settings.Model), slog.String("store", settings.keeper()), slog.String("auth", settings.Auth),
	} {
		if attribute.Value.String() != "" {
			attributes = append(attributes, attribute)
		}
	}
	if build.Modified {
		attributes = append(attributes, slog.Bool("modified", true))
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "the runtime starts", attributes...)
}
