package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Begin takes the thread's lease for a run, which must then be streamed or
// closed. An orphan that a dead instance left is closed first. It fails with
// [store.ErrLocked] while another run is live (see [Supersede]) and with
// [store.ErrUnavailable] when the store can't be reached.
func (r *Runner) Begin(ctx context.Context, request Request) (*Run, error) {
	messageIDs := make([]string, len(request.Input.Messages))
	for i, message := range request.Input.Messages {
		messageIDs[i] = message.ID
	}
	// A holder that doesn't heed the stop, or is dead, is gone after a ttl.
	waiting, cancel := context.WithTimeout(ctx, r.options.LeaseTTL+r.options.StopGrace)
	defer cancel()
	for {
		lease, err := r.begin(ctx, request, messageIDs)
		switch {
		case err == nil:
			return &Run{runner: r, request: request, lease: lease, shown: unseen(request.Input, lease.Seen())}, nil
		case errors.Is(err, store.ErrOrphaned):
			if err := r.closeOrphan(ctx, request.Key); err != nil && !errors.Is(err, store.ErrLocked) {
				return nil, fmt.Errorf("begin run %s: %w", request.Input.RunID, err)
			}
			// Whoever else closes it now is soon done.
			r.awaitEnd(waiting, request.Key)
		case errors.Is(err, store.ErrLocked) && r.options.OnConcurrentRun == Supersede && waiting.Err() == nil:
			if _, err := r.store.Stop(ctx, request.Key, ""); err != nil {
				return nil, fmt.Errorf("supersede the run before %s: %w", request.Input.RunID, err)
			}
			r.awaitEnd(waiting, request.Key)
		default:
			return nil, fmt.Errorf("begin run %s: %w", request.Input.RunID, err)
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("begin run %s: %w", request.Input.RunID, err)
		}
	}
}

// begin asks the store once, for no longer than a call may take.
func (r *Runner) begin(ctx context.Context, request Request, messageIDs []string) (store.Lease, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.renewal(), store.ErrUnavailable)
	defer cancel()
	lease, err := r.store.Begin(ctx, store.BeginRequest{
		Key: request.Key, AgentID: request.AgentID, RunID: request.Input.RunID,
		TTL: r.options.LeaseTTL, MessageIDs: messageIDs,
	})
	return lease, unavailable(ctx, err)
}

// awaitEnd returns when the thread has no live run, or ctx ends.
func (r *Runner) awaitEnd(ctx context.Context, key store.Key) {
	for {
		page, err := r.store.Read(ctx, key, math.MaxInt64, true)
		if err != nil || !page.Live {
			return
		}
	}
}

// unavailable makes a call that took too long look like what it is.
func unavailable(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), store.ErrUnavailable) {
		return fmt.Errorf("%w: no answer in time", store.ErrUnavailable)
	}
	return err
}

// Stop asks the thread's live run to stop, wherever it runs; with a runID only
// that run. It tells whether there was one that hadn't been asked before.
func (r *Runner) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.renewal(), store.ErrUnavailable)
	defer cancel()
	stopped, err := r.store.Stop(ctx, key, runID)
	if err != nil {
		return false, fmt.Errorf("stop thread %s: %w", key.ID, unavailable(ctx, err))
	}
	return stopped, nil
}

// unseen is a run's input as its RUN_STARTED shows it: with those messages that
// the thread's history doesn't have.
func unseen(input *agui.RunAgentInput, seen map[string]bool) *agui.RunAgentInput {
	shown := *input
	shown.Messages = make([]agui.Message, 0, len(input.Messages))
	for _, message := range input.Messages {
		if !seen[message.ID] {
			shown.Messages = append(shown.Messages, message)
		}
	}
	return &shown
}

// Run is a run that has its thread's lease.
type Run struct {
	runner  *Runner
	request Request
	lease   store.Lease
	// shown is the input as RUN_STARTED shows it.
	shown *agui.RunAgentInput
	used  atomic.Bool
}

// FirstSeq is the Seq of the run's first event in its thread; those that follow
// count on from it. It is for the time before Stream.
func (run *Run) FirstSeq() int64 { return run.lease.NextSeq() }

// Close gives back the lease of a run that wasn't streamed, without a trace.
// After Stream it does nothing.
func (run *Run) Close(ctx context.Context) error {
	if run.used.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), run.runner.renewal())
	defer cancel()
	if err := run.lease.Finish(ctx, nil); err != nil {
		return fmt.Errorf("close run %s: %w", run.lease.RunID(), err)
	}
	return nil
}
