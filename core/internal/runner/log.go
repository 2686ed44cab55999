package runner

import (
	"errors"
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// logEnd logs the one line that each run has: whose it was, how it ended and what it
// has spent. Its level says how much the end is the operator's business. The text of
// errors, which clients aren't shown, is in it.
func (s *stream) logEnd(cause error, completed bool) {
	level, outcome := outcomeOf(cause, completed)
	if completed && s.terminal.EventType() == agui.EventTypeRunError {
		level, outcome = slog.LevelWarn, "run error" // the agent's own
	}
	if !s.logger.Enabled(s.base, level) {
		return
	}
	kind := s.request.Kind
	if kind == "" {
		kind = "run"
	}
	spent := s.request.Spent.Tokens()
	attributes := make([]slog.Attr, 0, 10)
	attributes = append(attributes, slog.String("kind", kind))
	if owner := s.request.Key.Owner; owner != "" {
		attributes = append(attributes, slog.String("user", owner))
	}
	attributes = append(attributes,
		slog.String("outcome", outcome),
		slog.Int64("inputTokens", spent.Input), slog.Int64("outputTokens", spent.Output))
	if spent.Estimated > 0 {
		attributes = append(attributes, slog.Int64("estimatedTokens", spent.Estimated))
	}
	attributes = append(attributes, slog.Duration("duration", time.Since(s.begun)))
	var panicked *PanicError
	switch {
	case completed || cause == nil:
	case errors.As(cause, &panicked):
		attributes = append(attributes, slog.Any("panic", panicked.Value), slog.String("stack", string(panicked.Stack)))
	case level == slog.LevelError:
		attributes = append(attributes, slog.Any("error", cause))
	}
	s.logger.LogAttrs(s.base, level, "run ended", attributes...)
}

// outcomeOf returns what the log says of a run's end.
func outcomeOf(cause error, completed bool) (slog.Level, string) {
	var invalid *invalidEventError
	var panicked *PanicError
	switch {
	case completed:
		return slog.LevelInfo, "completed"
	case cause == nil:
		return slog.LevelWarn, "incomplete" // the agent returned without a terminal event
	case errors.Is(cause, errStopped):
		return slog.LevelInfo, "stopped"
	case errors.Is(cause, errClientGone):
		return slog.LevelInfo, "client gone"
	case errors.Is(cause, errDeadline):
		return slog.LevelWarn, "deadline near"
	case errors.Is(cause, ErrShutdown):
		return slog.LevelWarn, "shutting down"
	case errors.Is(cause, errLeaseLost):
		return slog.LevelWarn, "lease lost"
	case errors.Is(cause, errUnrecorded):
		return slog.LevelError, "unrecorded"
	case errors.Is(cause, errTooLarge):
		return slog.LevelWarn, "too large"
	case errors.As(cause, &invalid):
		return slog.LevelError, "agent broke the protocol"
	case errors.As(cause, &panicked):
		return slog.LevelError, "agent panicked"
	}
	return slog.LevelError, "agent failed"
}

// ended calls Request.Ended, once.
func (s *stream) ended() {
	if s.request.Ended != nil && !s.isEnded {
		s.isEnded = true
		s.request.Ended()
	}
}
