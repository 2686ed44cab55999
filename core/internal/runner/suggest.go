package runner

import (
	"context"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Suggest runs an agent beside its thread: without lease, history or observer.
// It ends with its client, and is bounded by the deadline of ctx as a run is.
// The error is that of send or ctx.
func (r *Runner) Suggest(ctx context.Context, request Request, send func(agui.Encoded) error) error {
	return r.relay(ctx, request, true, send)
}

// Replay sends what an agent knows of a thread: request.Agent is one that
// answers with history, as [agent.Connector] does. The stream may hold several
// runs, and is passed on as it comes, chunks expanded.
func (r *Runner) Replay(ctx context.Context, request Request, send func(agui.Encoded) error) error {
	return r.relay(ctx, request, false, send)
}

// relay runs an agent for one client alone. whole makes its stream one whole
// run.
func (r *Runner) relay(ctx context.Context, request Request, whole bool, send func(agui.Encoded) error) error {
	logger := r.logger(request)
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	if deadline, limited := ctx.Deadline(); limited {
		left := time.Until(deadline)
		margin := min(r.options.DeadlineMargin, left/2)
		defer time.AfterFunc(left-margin, func() { end(errDeadline) }).Stop()
	}
	var failure error
	composer := composer{input: request.Input, logger: logger, emit: func(event agui.Encoded) {
		if failure == nil {
			failure = send(event)
		}
	}}
	take := composer.take
	if !whole {
		take = composer.pass
	}
	feed := startFeed(running, request.Agent, request.Input)
	defer func() {
		end(nil)
		if returned, _ := feed.await(r.options.StopGrace); !returned {
			logger.ErrorContext(ctx, "agent ignores the end of its context, and is left behind")
		}
	}()

	cause := error(nil)
	for more := true; more && cause == nil && failure == nil; {
		select {
		case next, open := <-feed.items:
			switch {
			case running.Err() != nil:
				cause = context.Cause(running)
			case !open:
				more = false
			case next.err != nil:
				cause = next.err
			default:
				cause = take(next.event)
				more = !composer.progress.Terminated() || !whole
			}
		case <-running.Done():
			cause = context.Cause(running)
		}
	}
	if failure != nil {
		return failure
	}
	if err := ctx.Err(); err != nil && !shuttingDown(ctx) {
		return err
	}
	switch {
	case whole && !composer.progress.Terminated():
		if err := composer.end(r.ending(ctx, cause, logger)); err != nil {
			logger.ErrorContext(ctx, "run can't be closed in order", "error", err)
			composer.emit(runError(CodeInvalidEvent, "The run can't be closed in order"))
		}
	case !whole && cause != nil:
		ending := r.ending(ctx, cause, logger)
		composer.emit(runError(ending.Code, ending.Message))
	}
	return failure
}

// pass passes an event of a replayed stream on, chunks expanded.
func (c *composer) pass(event agui.Event) error {
	expanded, err := c.expander.Expand(c.expanded[:0], event)
	if err != nil {
		return &invalidEventError{event.EventType(), err}
	}
	c.expanded = expanded
	for _, event := range expanded {
		encoded, err := agui.Encode(event)
		if err != nil {
			return &invalidEventError{event.EventType(), err}
		}
		c.emit(encoded)
	}
	return nil
}
