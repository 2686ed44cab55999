package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// room returns what to wait for before more events are made, nil for nothing.
func (r *recording) room() <-chan struct{} {
	if r == nil || r.delivery == nil {
		return nil
	}
	return r.delivery.Room()
}

// deliver waits until all events of a run have arrived where they are kept, as far as the
// deadline and the end of the runtime allow, and gives back its lease.
func (s *stream) deliver(cause error) error {
	s.run.recorder.close(0)
	ctx, cancel := s.base, context.CancelFunc(func() {})
	if !s.deadline.at.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, s.deadline.at.Add(-min(s.deadline.margin/2, time.Second)))
	}
	defer cancel()
	ctx, left := s.runner.untilLeft(ctx)
	defer left()
	err := s.run.delivery.Append(ctx, s.run.recorder.rest())
	// Also one that can't deliver any more has something to end.
	if finishErr := s.run.delivery.Finish(ctx, &store.Result{}); finishErr != nil {
		err = finishErr
	}
	if err == nil {
		return nil
	}
	if !errors.Is(cause, errLeaseLost) { // that was logged when it ended the run
		s.logger.ErrorContext(s.base, "run isn't delivered to its end", "error", err)
	}
	return fmt.Errorf("deliver run %s: %w", s.run.lease.RunID(), err)
}

// lastDelivery is how long what is left of a run may take to arrive when the runtime is
// closed: platforms kill a process that takes long to end.
const lastDelivery = 2 * time.Second

// untilLeft returns a context that ends lastDelivery after the runtime is closed, so that
// whoever closes it doesn't wait for what may never answer. left ends it at once.
func (r *Runner) untilLeft(ctx context.Context) (_ context.Context, left func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-r.options.Closing:
			if pause.Sleep(ctx, lastDelivery) == nil {
				cancel(ErrShutdown)
			}
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
	}
}
