package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Begin takes the thread's lease for a run, which must then be streamed or closed.
// An orphan that a dead instance left is closed first, and a live run that has been
// asked to stop is waited for: for as long as its instance may take, or until the
// deadline of ctx is near. Begin fails with [store.ErrLocked] while another run is
// live (see [Options.SupersedeRuns]), with [store.ErrUnavailable] when the store can't
// be reached, and with the cause of ctx when that ends.
func (r *Runner) Begin(ctx context.Context, request Request) (*Run, error) {
	run, err := r.begin(ctx, request)
	if errors.Is(err, store.ErrLocked) {
		telemetry.Count(ctx, telemetry.LockedThreads, 1)
	}
	if err != nil {
		return nil, fmt.Errorf("begin run %s: %w", request.Input.RunID, err)
	}
	return run, nil
}

func (r *Runner) begin(ctx context.Context, request Request) (*Run, error) {
	for holder := ""; ; {
		lease, err := r.lease(ctx, request)
		switch {
		case err == nil:
			request = renamed(request, lease)
			return &Run{runner: r, request: request, lease: lease, shown: unseen(request.Input, lease.Seen())}, nil
		case request.Lease != nil:
			return nil, err
		case errors.Is(err, store.ErrOrphaned):
			// That it is locked means that somebody else closes it now.
			if err := r.closeOrphan(ctx, request.Key); err != nil && !errors.Is(err, store.ErrLocked) {
				return nil, err
			}
		case errors.Is(err, store.ErrStopping):
		case errors.Is(err, store.ErrLocked) && r.options.SupersedeRuns:
			if _, err := r.Stop(ctx, request.Key, ""); err != nil {
				return nil, fmt.Errorf("supersede the live run: %w", err)
			}
		default:
			return nil, err
		}
		live, failure := r.liveRun(ctx, request.Key)
		if failure == nil && live != "" && live == holder {
			// It held the lease before and after it was met, so it is what was met.
			failure = r.awaitEnd(ctx, request.Key, holder)
		}
		holder = live
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(failure, errImpatient):
			return nil, err
		case failure != nil:
			return nil, failure
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
	if request.Lease != nil {
		return request.Lease(ctx, begin)
	}
	return call(ctx, r, func(ctx context.Context) (store.Lease, error) { return r.store.Begin(ctx, begin) })
}

// renamed returns the request of a run with the ids that it has where its events are
// delivered.
func renamed(request Request, lease store.Lease) Request {
	delivery, ok := lease.(store.Delivery)
	if !ok || request.Input.ThreadID == delivery.ThreadID() && request.Input.RunID == lease.RunID() {
		return request
	}
	input := *request.Input
	input.ThreadID, input.RunID = delivery.ThreadID(), lease.RunID()
	request.Input, request.Key.ID = &input, input.ThreadID
	return request
}

// liveRun returns the run that holds the thread's lease, "" for none.
func (r *Runner) liveRun(ctx context.Context, key store.Key) (runID string, err error) {
	page, err := r.read(ctx, key, math.MaxInt64)
	if err != nil || !page.Live {
		return "", err
	}
	return page.RunID, nil
}

// errImpatient means that a run didn't end in time.
var errImpatient = errors.New("run goes on")

// awaitEnd waits until a live run has ended. A holder that doesn't heed a stop, or is
// dead, is gone after a grace and a TTL; for longer it isn't waited.
func (r *Runner) awaitEnd(ctx context.Context, key store.Key, runID string) error {
	limit := r.options.LeaseTTL + r.options.StopGrace
	if d := r.deadline(ctx); !d.at.IsZero() {
		limit = min(limit, time.Until(d.at)-d.margin)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errImpatient)
	defer cancel()
	for {
		page, err := r.readBriefly(ctx, key)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || !page.Live || page.RunID != runID:
			return err
		}
	}
}

// readBriefly waits for the end of the live run, but not for long: to a store that
// waits, a run that begins at the end of another is the same.
func (r *Runner) readBriefly(ctx context.Context, key store.Key) (store.Page, error) {
	waiting, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	page, err := r.store.Read(waiting, key, math.MaxInt64, true)
	if waiting.Err() != nil {
		return r.read(ctx, key, math.MaxInt64)
	}
	return page, err
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

// Key returns the run's thread.
func (run *Run) Key() store.Key { return run.request.Key }

// Lease returns the run's lease, for what else that can tell.
func (run *Run) Lease() store.Lease { return run.lease }

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
