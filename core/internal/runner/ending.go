package runner

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// Causes of the end of an agent's context, before the agent has ended its run.
var (
	errStopped    = errors.New("run stopped")
	errClientGone = errors.New("client gone")
	errDeadline   = errors.New("deadline near")
	errLeaseLost  = errors.New("lease lost")
	errUnrecorded = errors.New("store failed")
	errTooLarge   = errors.New("run too large")
)

// ErrShutdown is the cause with which a caller cancels the context of a stream
// to have it ended in good order, since the process is about to end: a run is
// closed and recorded, and whoever follows one elsewhere is told that its
// stream isn't whole.
var ErrShutdown = errors.New("shutting down")

// shuttingDown reports whether ctx has ended with ErrShutdown.
func shuttingDown(ctx context.Context) bool { return errors.Is(context.Cause(ctx), ErrShutdown) }

// end is what becomes of a stream that a cause has cut short.
type end struct {
	// Ending is what its readers are told.
	protocol.Ending
	// outcome is what the log says, and level how much of it is the operator's business.
	level   slog.Level
	outcome string
}

// endOf returns the end that a cause makes; nil is an agent that returned without a
// terminal event.
func (r *Runner) endOf(cause error) end {
	var failure *agent.Error
	var invalid *invalidEventError
	var panicked *PanicError
	switch {
	case cause == nil:
		return end{protocol.Ending{}, slog.LevelWarn, "incomplete"}
	case errors.Is(cause, errStopped):
		return end{protocol.Ending{Stopped: true}, slog.LevelInfo, "stopped"}
	case errors.Is(cause, errClientGone):
		return end{protocol.Ending{Stopped: true, Message: "Run cancelled, its client disconnected"}, slog.LevelInfo, "client gone"}
	case errors.Is(cause, errDeadline):
		return end{protocol.Ending{Code: CodeDeadlineExceeded, Message: "The run reached the platform's time limit"}, slog.LevelWarn, "deadline near"}
	case errors.Is(cause, ErrShutdown):
		return end{protocol.Ending{Code: CodeShutdown, Message: shutdown}, slog.LevelWarn, "shutting down"}
	case errors.Is(cause, errLeaseLost):
		return end{protocol.Ending{Code: CodeLeaseLost, Message: leaseLost}, slog.LevelWarn, "lease lost"}
	case errors.Is(cause, errUnrecorded):
		return end{protocol.Ending{Code: CodeStoreUnavailable, Message: unrecorded}, slog.LevelError, "unrecorded"}
	case errors.Is(cause, errTooLarge):
		return end{protocol.Ending{Code: CodeTooLarge, Message: "The run is too large"}, slog.LevelWarn, "too large"}
	case errors.As(cause, &failure):
		return end{protocol.Ending{Code: cmp.Or(failure.Code, CodeAgentError), Message: r.message(cause, cmp.Or(failure.Message, agentFailed))}, slog.LevelError, "agent failed"}
	case errors.As(cause, &invalid):
		return end{protocol.Ending{Code: CodeInvalidEvent, Message: r.message(cause, "The agent sent an invalid "+string(invalid.eventType)+" event")}, slog.LevelError, "agent broke the protocol"}
	case errors.As(cause, &panicked):
		return end{protocol.Ending{Code: CodeAgentError, Message: r.message(cause, agentFailed)}, slog.LevelError, "agent panicked"}
	}
	return end{protocol.Ending{Code: CodeAgentError, Message: r.message(cause, agentFailed)}, slog.LevelError, "agent failed"}
}

// Messages that clients are shown.
const (
	agentFailed = "The agent failed"
	leaseLost   = "The thread was deleted or taken over by another instance"
	unrecorded  = "The run can't be recorded"
	shutdown    = "The server is shutting down"
)

// runError returns a terminal event that no agent made.
func runError(code, message string) agui.Encoded {
	// Two strings can always be encoded.
	event, _ := agui.Encode(agui.RunErrorEvent{Code: code, Message: message})
	return event
}

// message returns what the client is shown of an error: the safe text, or in
// development all of it.
func (r *Runner) message(err error, safe string) string {
	if r.options.Development {
		return err.Error()
	}
	return safe
}
