package core

import (
	"context"
	"encoding/json"
	"log/slog"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Debug says what of each run goes to the log, at level info, for those who look for a
// mistake. The zero value logs nothing of it.
//
// With users (see Config.Identify) it also serves the debug events, to each user those of
// their own runs. Without users they stay closed outside of Development: they would show
// everybody's conversations to anybody.
type Debug struct {
	// Events logs each event that a run sends: its type, its ids and how long it is, but
	// nothing of what it says. Defaults to false.
	Events bool
	// Lifecycle logs when the stream of a run is opened and when it ends. Defaults to
	// false.
	Lifecycle bool
	// Verbose logs those events whole, up to 32 KiB each: what users, models and tools
	// say. Defaults to false.
	Verbose bool
}

func (d Debug) enabled() bool { return d.Events || d.Lifecycle }

// debugLog logs one run as Debug says. It is for one goroutine at a time; a nil one logs
// nothing.
type debugLog struct {
	debug  Debug
	ctx    context.Context
	logger *slog.Logger
	events int
	last   agui.Encoded
}

// newDebugLog returns the log of a run, nil if nothing is to be logged.
func (rt *Runtime) newDebugLog(ex *exchange, from debugSource) *debugLog {
	if !rt.config.Debug.enabled() {
		return nil
	}
	return &debugLog{
		debug: rt.config.Debug,
		ctx:   ex.r.Context(),
		logger: rt.config.Logger.With(
			"agent", shortened(from.agentID), "thread", shortened(from.threadID), "run", shortened(from.runID)),
	}
}

// open logs that the run's stream is opened, and returns what logs its end.
func (l *debugLog) open() (ended func()) {
	if l == nil || !l.debug.Lifecycle {
		return func() {}
	}
	l.logger.InfoContext(l.ctx, "run stream opened")
	return func() {
		outcome := slog.Attr{}
		if l.last.JSON() != nil {
			outcome = slog.String("last", string(l.last.EventType()))
		}
		l.logger.LogAttrs(l.ctx, slog.LevelInfo, "run stream ended", slog.Int("events", l.events), outcome)
	}
}

// maxDebugged is how much of an event is logged.
const maxDebugged = 32 << 10

// observe logs the run's next event.
func (l *debugLog) observe(event agui.Encoded) {
	if l == nil {
		return
	}
	l.events++
	l.last = event
	if !l.debug.Events {
		return
	}
	attributes := make([]slog.Attr, 0, 8)
	attributes = append(attributes, slog.String("type", string(event.EventType())), slog.Int("bytes", len(event.JSON())))
	switch whole := event.JSON(); {
	case l.debug.Verbose && len(whole) <= maxDebugged:
		attributes = append(attributes, slog.Any("event", json.RawMessage(whole)))
	case l.debug.Verbose:
		attributes = append(attributes, slog.String("event", string(whole[:maxDebugged])+"…"))
	default:
		for _, name := range []string{"messageId", "toolCallId", "toolCallName", "activityType", "stepName", "code"} {
			if value, ok := event.Text(name); ok {
				attributes = append(attributes, slog.String(name, shortened(string(value))))
			}
		}
		if delta, ok := event.Text("delta"); ok {
			attributes = append(attributes, slog.Int("deltaLength", utf8.RuneCount(delta)))
		}
	}
	l.logger.LogAttrs(l.ctx, slog.LevelInfo, "run event", attributes...)
}
