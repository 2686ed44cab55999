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

// Begin takes the thread's lease for a run, which must then be streamed or closed.
// An orphan that a dead instance left is closed first. It fails with
// [store.ErrLocked] while another run is live (see [Options.SupersedeRuns]) and with
// [store.ErrUnavailable] when the store can't be reached.
func (r *Runner) Begin(ctx context.Context, request Request) (*Run, error) {
	run, err := r.begin(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("begin run %s: %w", request.Input.RunID, err)
	}
	return run, nil
}

func (r *Runner) begin(ctx context.Context, request Request) (*Run, error) {
	// A holder that doesn't heed the stop, or is dead, is gone after a TTL.
	waiting, cancel := context.WithTimeout(ctx, r.options.LeaseTTL+r.options.StopGrace)
	defer cancel()
	for {
		lease, err := r.lease(ctx, request)
		switch {
		case err == nil:
			return &Run{runner: r, request: request, lease: lease, shown: unseen(request.Input, lease.Seen())}, nil
		case errors.Is(err, store.ErrOrphaned):
			if err := r.closeOrphan(ctx, request.Key); err != nil && !errors.Is(err, store.ErrLocked) {
				return nil, err
			}
			// Somebody else may be closing it now.
			r.awaitEnd(waiting, request.Key)
		case errors.Is(err, store.ErrLocked) && r.options.SupersedeRuns && waiting.Err() == nil:
			if _, err := r.Stop(ctx, request.Key, ""); err != nil {
				return nil, fmt.Errorf("supersede the live run: %w", err)
			}
			r.awaitEnd(waiting, request.Key)
		default:
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// lease asks the store for the lease, once.
func (r *Runner) lease(ctx context.Context, request Request) (store.Lease, error) {
	begin := store.BeginRequest{
		Key: request.Key, AgentID: request.AgentID, RunID: request.Input.RunID,
		TTL: r.options.LeaseTTL, MessageIDs: make([]string, len(request.Input.Messages)),
	}
	for i := range request.Input.Messages {
		begin.MessageIDs[i] = request.Input.Messages[i].ID
	}
	return call(ctx, r, func(ctx context.Context) (store.Lease, error) { return r.store.Begin(ctx, begin) })
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

// unseen returns a run's input as its RUN_STARTED shows it: with those messages that
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

// FirstSeq returns the Seq of the run's first event in its thread; those that follow
// count on from it. It is for the time before Stream.
func (run *Run) FirstSeq() int64 { return run.lease.NextSeq() }

// Close gives back the lease of a run that wasn't streamed, without a trace. After
// Stream it does nothing.
func (run *Run) Close(ctx context.Context) error {
	if run.used.Swap(true) {
		return nil
	}
	_, err := call(context.WithoutCancel(ctx), run.runner, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, run.lease.Finish(ctx, nil)
	})
	if err != nil {
		return fmt.Errorf("close run %s: %w", run.lease.RunID(), err)
	}
	return nil
}
