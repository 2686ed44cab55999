// Package runner decides what happens to a run: one at a time per thread, its
// events in order on their way to the client and the store, a stop from anywhere,
// an end in good order whatever the agent does, replay and live follow for those
// who connect.
//
//	           ┌── agent's goroutine ──┐        stream's goroutine
//	agent.Run ─┤ range over its events ├─> expand, check, encode ─┬─> outbox ─> caller's goroutine ─> send (the client)
//	           └───────── feed ────────┘                          ├─> recorder, in a goroutine for a store elsewhere ─> store
//	                                                              └─> fold (what is left behind)
//
// [Runner.Begin] takes the thread's lease, [Run.Stream] runs the agent until
// everything is recorded, and nothing goes on after it has returned. Stop and
// Connect work through the store, so they may reach another process than the one
// that runs.
//
// An instance that dies in the middle of a run leaves an orphan: in the store is
// what it had appended, and the next that comes adopts its lease and closes it.
// What its client may have seen beyond that is the last batch: the events that came
// while one call of the store was on its way.
package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/spending"
	"github.com/copilotkit-go/runtime/core/store"
)

// Codes of the RUN_ERROR events that a runner makes. A run that just ends without
// a terminal event has the reference's INCOMPLETE_STREAM; an agent's own
// [agent.Error] keeps its code.
const (
	// CodeAgentError means that the agent failed.
	CodeAgentError = "AGENT_ERROR"
	// CodeInvalidEvent means that the agent made an event that the protocol doesn't
	// allow where it came.
	CodeInvalidEvent = "INVALID_EVENT"
	// CodeDeadlineExceeded means that the platform's time limit is near.
	CodeDeadlineExceeded = "DEADLINE_EXCEEDED"
	// CodeShutdown means that the process is shutting down, see [ErrShutdown].
	CodeShutdown = "SHUTDOWN"
	// CodeLeaseLost means that the thread was deleted, or that another instance took
	// it over.
	CodeLeaseLost = "LEASE_LOST"
	// CodeStoreUnavailable means that the run can't be recorded, see
	// [Options.FailOnStoreFailure].
	CodeStoreUnavailable = "STORE_UNAVAILABLE"
	// CodeTooLarge means that the run has reached [Options.MaxRunBytes] or
	// [Options.MaxRunEvents].
	CodeTooLarge = "RUN_TOO_LARGE"
	// CodeOrphaned means that the instance that ran it is gone.
	CodeOrphaned = "RUN_ORPHANED"
)

// Options is the policy of a [Runner]. The zero value is ready for use.
type Options struct {
	// SupersedeRuns makes a run on a thread that has a live one stop that, wait for
	// its end, and begin then. If false, Begin fails with [store.ErrLocked], unless
	// that run has been asked to stop already.
	SupersedeRuns bool
	// CancelOnDisconnect ends a run whose client goes away, as a stop does. If
	// false, the run goes on and is recorded.
	CancelOnDisconnect bool
	// FailOnStoreFailure ends a run that can't be recorded any more with RUN_ERROR,
	// [CodeStoreUnavailable]. If false, the run goes on for its client, and what has
	// come meanwhile is recorded when the store is back in time.
	FailOnStoreFailure bool
	// LeaseTTL is how long after an instance's death its thread stays locked. A
	// lease is renewed at a third of it. If zero, defaults to 15 seconds.
	LeaseTTL time.Duration
	// DeadlineMargin is how long before the deadline of its context a run is ended,
	// so that its end can be sent and recorded; never more than half of the time
	// that is left when the run begins. If zero, defaults to 2 seconds.
	DeadlineMargin time.Duration
	// StopGrace is how long an agent may take to return after its context was
	// cancelled. After that the run is closed without it. If zero, defaults to 5
	// seconds.
	StopGrace time.Duration
	// Gather is how long deltas that come in quick succession wait before they are
	// appended, for those that follow. If zero, they don't.
	Gather time.Duration
	// StoreGrace is how long the end of a run is tried to be recorded while the store
	// is away, as far as the deadline allows; it succeeds while the run's lease holds.
	// If zero, defaults to LeaseTTL.
	StoreGrace time.Duration
	// MaxRunBytes bounds the events of a run that is recorded, as JSON; a run that
	// reaches it is ended. If zero, defaults to 64 MiB; a negative value turns the
	// limit off.
	MaxRunBytes int64
	// MaxRunEvents bounds their number. If zero, defaults to 1,000,000; a negative
	// value turns the limit off.
	MaxRunEvents int
	// Closing ends the runs under way as [ErrShutdown] does when it is closed, also
	// those whose clients are gone. If nil, it never is.
	Closing <-chan struct{}
	// Development shows clients the text of errors, which may quote prompts and
	// keys.
	Development bool
	// Logger gets what clients aren't shown. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Runner runs agents on the threads of one store. It is safe for concurrent use.
type Runner struct {
	store   store.Store
	options Options
	// What streams need in bursts.
	events  room[agui.Event]
	encoded room[agui.Encoded]
	records room[store.Record]
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
	if options.StoreGrace <= 0 {
		options.StoreGrace = options.LeaseTTL
	}
	if options.MaxRunBytes == 0 {
		options.MaxRunBytes = 64 << 20
	}
	if options.MaxRunEvents == 0 {
		options.MaxRunEvents = 1_000_000
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	return &Runner{store: s, options: options}
}

// Request is a run that is to be done.
type Request struct {
	Key     store.Key
	AgentID string
	Agent   agent.Agent
	// Input is shared with the agent, and isn't changed.
	Input *agui.RunAgentInput
	// Lease takes the thread's lease in place of the runner's store, nil for that. It
	// limits its own time.
	Lease func(context.Context, store.BeginRequest) (store.Lease, error)
	// Observe is called with each event that is sent, also after the client is gone.
	// It must be quick. Nil for none.
	Observe func(agui.Encoded)
	// Spent counts what is spent, which is logged when the run ends. Nil for nothing.
	Spent *spending.Count
	// Ended is called when the run has ended and is recorded, before its terminal event
	// is sent: who gets that may begin the next run at once. Nil for nothing. It is
	// called exactly once by a run that is streamed, however it ends.
	Ended func()
	// Kind says in logs and traces what kind of run it is. If empty, defaults to "run".
	Kind string
}

// Stop asks the thread's live run to stop, wherever it runs; with a runID only that
// run. It reports whether there was one that hadn't been asked before.
func (r *Runner) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	stopped, err := call(ctx, r, func(ctx context.Context) (bool, error) { return r.store.Stop(ctx, key, runID) })
	if err != nil {
		return false, fmt.Errorf("stop thread %s: %w", key.ID, err)
	}
	return stopped, nil
}

// interval is how often a lease is renewed, and how long one call of the store may
// take.
func (r *Runner) interval() time.Duration { return r.options.LeaseTTL / 3 }

// call makes one call of the store, with a time limit of its own.
func call[T any](ctx context.Context, r *Runner, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.interval(), store.ErrUnavailable)
	defer cancel()
	result, err := do(ctx)
	return result, unavailable(ctx, err)
}

// unavailable makes a call that took too long look like what it is.
func unavailable(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), store.ErrUnavailable) {
		return fmt.Errorf("%w: no answer in time", store.ErrUnavailable)
	}
	return err
}

func (r *Runner) logger(request Request) *slog.Logger {
	return r.options.Logger.With(
		"agent", request.AgentID, "thread", request.Key.ID, "run", request.Input.RunID)
}
