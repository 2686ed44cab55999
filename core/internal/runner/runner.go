// Package runner decides what happens to a run: one at a time per thread, its
// events in order on their way to the client and the store, a stop from
// anywhere, an end in good order whatever the agent does, replay and live
// follow for those who connect.
//
//	           ┌── agent's goroutine ──┐        caller's goroutine
//	agent.Run ─┤ range over its events ├─> expand, check, encode ─┬─> send (the client)
//	           └───────────────────────┘                          └─> recorder's goroutine ─> store
//
// [Runner.Begin] takes the thread's lease, [Run.Stream] runs the agent until
// everything is recorded, and nothing goes on after it has returned. Stop and
// Connect work through the store, so they may reach another process than the
// one that runs.
//
// An instance that dies in the middle of a run leaves in the store what it had
// appended. What its client may have seen beyond that is the last batch: the
// events that came while one call of the store was on its way.
package runner

import (
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// ConcurrentRun says what becomes of a run on a thread that has a live one.
type ConcurrentRun uint8

const (
	// Reject refuses the second run: Begin fails with [store.ErrLocked].
	Reject ConcurrentRun = iota
	// Supersede stops the live run, waits for its end, and begins the new one.
	Supersede
)

// Disconnect says what becomes of a run whose client goes away.
type Disconnect uint8

const (
	// ContinueRun lets the run go on and be recorded.
	ContinueRun Disconnect = iota
	// CancelRun ends the run as a stop does.
	CancelRun
)

// StoreFailure says what becomes of a run that can't be recorded any more.
type StoreFailure uint8

const (
	// ContinueUnrecorded lets the run go on for its client. What has come
	// meanwhile is recorded when the store is back in time.
	ContinueUnrecorded StoreFailure = iota
	// FailRun ends the run with RUN_ERROR, [CodeStoreUnavailable].
	FailRun
)

// Codes of the RUN_ERROR events that a runner makes. A run that just ends
// without a terminal event has the reference's INCOMPLETE_STREAM; an agent's
// own [agent.Error] keeps its code.
const (
	// CodeAgentError: the agent failed.
	CodeAgentError = "AGENT_ERROR"
	// CodeInvalidEvent: the agent made an event that the protocol doesn't allow
	// where it came.
	CodeInvalidEvent = "INVALID_EVENT"
	// CodeDeadlineExceeded: the platform's time limit is near.
	CodeDeadlineExceeded = "DEADLINE_EXCEEDED"
	// CodeShutdown: the process is shutting down, see [ErrShutdown].
	CodeShutdown = "SHUTDOWN"
	// CodeLeaseLost: the thread was deleted, or another instance took it over.
	CodeLeaseLost = "LEASE_LOST"
	// CodeStoreUnavailable: the run can't be recorded, see [FailRun].
	CodeStoreUnavailable = "STORE_UNAVAILABLE"
	// CodeOrphaned: the instance that ran it is gone.
	CodeOrphaned = "RUN_ORPHANED"
)

// Options is the policy of a [Runner]. The zero value is ready for use.
type Options struct {
	OnConcurrentRun ConcurrentRun
	OnDisconnect    Disconnect
	OnStoreFailure  StoreFailure
	// LeaseTTL is how long after an instance's death its thread stays locked,
	// 15 s by default. A lease is renewed at a third of it.
	LeaseTTL time.Duration
	// DeadlineMargin is how long before the deadline of its context a run is
	// ended, so that its end can be sent and recorded: 2 s by default, and never
	// more than half of the time that is left when the run begins.
	DeadlineMargin time.Duration
	// StopGrace is how long an agent may take to return after its context was
	// cancelled, 5 s by default. After that the run is closed without it.
	StopGrace time.Duration
	// Development tells clients the text of errors, which may quote prompts and
	// keys.
	Development bool
	// Logger gets what clients aren't told; slog.Default() by default.
	Logger *slog.Logger
}

// Runner runs agents on the threads of one store. Its methods may be called
// from many goroutines.
type Runner struct {
	store   store.Store
	options Options
}

// New returns a runner on a store, which the caller closes after the last run.
func New(s store.Store, options Options) *Runner {
	if options.LeaseTTL <= 0 {
		options.LeaseTTL = 15 * time.Second
	}
	if options.DeadlineMargin <= 0 {
		options.DeadlineMargin = 2 * time.Second
	}
	if options.StopGrace <= 0 {
		options.StopGrace = 5 * time.Second
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return &Runner{store: s, options: options}
}

// Store returns the store of the runner's threads.
func (r *Runner) Store() store.Store { return r.store }

// Request is a run that is to be done.
type Request struct {
	Key     store.Key
	AgentID string
	Agent   agent.Agent
	// Input is shared with the agent, and isn't changed.
	Input *agui.RunAgentInput
	// Observe sees each event that is sent, after a client that is gone too. It
	// must be quick. Nil for none.
	Observe func(agui.Encoded)
}

// renewal is how often a lease is renewed, and how long a call of the store may
// take.
func (r *Runner) renewal() time.Duration { return r.options.LeaseTTL / 3 }

func (r *Runner) logger(request Request) *slog.Logger {
	return r.options.Logger.With(
		"agent", request.AgentID, "thread", request.Key.ID, "run", request.Input.RunID)
}
