package runner

import (
	"context"
	"errors"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// Stream runs the agent to its end, and sends the events as they come, in the
// caller's goroutine: those of a burst together, without waiting for more. An error of send means that the client is gone, as the end of
// ctx does; whether the run then goes on is the policy's decision. The deadline of
// ctx ends the run in good order before it passes, and so does an end of ctx by
// [ErrShutdown].
//
// The run doesn't wait for send, but for when it is far ahead of a client: one that
// reads nothing for a while then is gone, too.
//
// When the terminal event is sent the run is recorded and its thread free. When
// Stream returns nothing goes on, but for an agent that ignores its context; that is
// logged. The error is nil when the run is recorded, however it ended and whoever
// listened; any other is logged.
func (run *Run) Stream(ctx context.Context, send func([]agui.Encoded) error) error {
	if run.used.Swap(true) {
		return errors.New("run was streamed or closed before")
	}
	return run.newStream(ctx).do(ctx, send)
}

// newStream returns the run's stream, with its recorder at work.
func (run *Run) newStream(ctx context.Context) *stream {
	s := run.runner.newStream(ctx, run.request, false)
	s.cancelOnDisconnect = run.runner.options.CancelOnDisconnect
	s.composer.input, s.composer.showInput = run.shown, true
	s.composer.maxBytes, s.composer.maxEvents = run.runner.options.MaxRunBytes, run.runner.options.MaxRunEvents
	s.run = &recording{lease: run.lease, recorder: startRecorder(s.base, run.runner, run.lease, s.end, s.logger)}
	if s.run.delivery, _ = run.lease.(store.Delivery); s.run.delivery == nil {
		s.run.fold = fold.NewRun(run.lease.NextSeq(), run.request.Input.Messages, run.request.Input.State)
	}
	return s
}

// Suggest runs an agent beside its thread: without lease, history or observer. It
// ends with its client, and before the deadline of ctx as a run does. The error is
// that of send or ctx.
func (r *Runner) Suggest(ctx context.Context, request Request, send func([]agui.Encoded) error) error {
	return r.relay(ctx, request, false, send)
}

// Replay sends what an agent knows of a thread: request.Agent is one that answers
// with history, as [agent.Connector] does. The stream may hold several runs, and is
// passed on as it comes, chunks expanded. It ends as that of Suggest does.
func (r *Runner) Replay(ctx context.Context, request Request, send func([]agui.Encoded) error) error {
	return r.relay(ctx, request, true, send)
}

// relay runs an agent for one client alone.
func (r *Runner) relay(ctx context.Context, request Request, replay bool, send func([]agui.Encoded) error) error {
	request.Observe = nil
	s := r.newStream(ctx, request, replay)
	_ = s.do(ctx, send)
	return s.outbox.reason()
}

// Each returns a send that passes on what it is given one by one, until an error.
func Each[T any](send func(T) error) func([]T) error {
	return func(all []T) error {
		for _, one := range all {
			if err := send(one); err != nil {
				return err
			}
		}
		return nil
	}
}
