package runner

import (
	"cmp"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// observe tells the context's observer that the run begins.
func (s *stream) observe() {
	s.base, s.observed = telemetry.StartRun(s.base, telemetry.Run{
		AgentID: s.request.AgentID, ThreadID: s.request.Key.ID, RunID: s.request.Input.RunID,
		Kind: s.kind(), User: s.request.Key.Owner,
	})
}

func (s *stream) kind() string { return cmp.Or(s.request.Kind, "run") }

// tell tells the observer how the run ended, once.
func (s *stream) tell(result telemetry.RunResult) {
	if s.observed != nil {
		s.observed(result)
		s.observed = nil
	}
}

// sumUp says how the run ended: to the log, in the one line that each run has, and to
// the observer. A line's level says how much the end is the operator's business. The text
// of errors, which clients aren't shown, is in it.
func (s *stream) sumUp(cause error, completed bool) {
	level, result := slog.LevelInfo, &s.summary
	result.Outcome = "completed"
	switch {
	case !completed:
		end := s.runner.endOf(cause)
		level, result.Outcome, result.Err = end.level, end.outcome, cause
	case s.terminal.EventType() == agui.EventTypeRunError:
		level, result.Outcome = slog.LevelWarn, "run error" // the agent's own
	}
	if s.terminal.EventType() == agui.EventTypeRunError {
		result.Code = s.word("code")
	} else {
		result.FinishReason = s.word("finishReason")
	}
	spent := s.request.Spent.Tokens()
	result.InputTokens, result.OutputTokens, result.EstimatedTokens = spent.Input, spent.Output, spent.Estimated
	calls, models := s.request.Spent.Models()
	result.Steps = calls
	if s.logger.Enabled(s.base, level) {
		s.logger.LogAttrs(s.base, level, "run ended", s.attributes(models, level)...)
	}
	s.tell(*result)
}

// attributes are those of the run's line.
func (s *stream) attributes(models []string, level slog.Level) []slog.Attr {
	result := &s.summary
	attributes := append(make([]slog.Attr, 0, 16), slog.String("kind", s.kind()))
	add := func(name, value string) {
		if value != "" {
			attributes = append(attributes, slog.String(name, value))
		}
	}
	add("user", s.request.Key.Owner)
	attributes = append(attributes, slog.String("outcome", result.Outcome))
	attributes = append(attributes,
		slog.Int64("inputTokens", result.InputTokens), slog.Int64("outputTokens", result.OutputTokens))
	if result.EstimatedTokens > 0 {
		attributes = append(attributes, slog.Int64("estimatedTokens", result.EstimatedTokens))
	}
	attributes = append(attributes, slog.Duration("duration", time.Since(s.begun)))
	if result.FirstEvent > 0 {
		attributes = append(attributes, slog.Duration("firstEvent", result.FirstEvent))
	}
	attributes = append(attributes, slog.Int("events", result.Events))
	if result.Steps > 0 {
		attributes = append(attributes, slog.Int("steps", result.Steps))
	}
	add("model", strings.Join(models, ","))
	add("code", result.Code)
	add("finishReason", result.FinishReason)
	var panicked *PanicError
	switch {
	case result.Err == nil:
	case errors.As(result.Err, &panicked):
		attributes = append(attributes, slog.Any("panic", panicked.Value), slog.String("stack", string(panicked.Stack)))
	// What a thread's name is made from is a conversation in one text, of which an error may
	// quote any part. The run beside it tells why its model fails.
	case level == slog.LevelError && s.kind() != "name":
		attributes = append(attributes, slog.String("error", shortened(result.Err.Error(), maxError)))
	}
	return attributes
}

// maxWord is how long a word of an agent's may be that goes into the log, maxError how long
// the text of an error, which may quote an id of an agent's.
const (
	maxWord  = 128
	maxError = 4 << 10
)

func shortened(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// word returns a short text of the terminal event, "" if there is none.
func (s *stream) word(name string) string {
	text, _ := s.terminal.Text(name)
	return shortened(string(text), maxWord)
}

// ended calls Request.Ended, once.
func (s *stream) ended() {
	if s.request.Ended != nil && !s.isEnded {
		s.isEnded = true
		s.request.Ended()
	}
}
