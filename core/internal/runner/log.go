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
	level, outcome := slog.LevelInfo, "completed"
	switch {
	case !completed:
		end := s.runner.endOf(cause)
		level, outcome = end.level, end.outcome
	case s.terminal.EventType() == agui.EventTypeRunError:
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

// ended calls Request.Ended, once.
func (s *stream) ended() {
	if s.request.Ended != nil && !s.isEnded {
		s.isEnded = true
		s.request.Ended()
	}
}
