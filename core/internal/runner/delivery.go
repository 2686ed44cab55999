package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

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
// deadline allows, and gives back its lease.
func (s *stream) deliver(cause error) error {
	s.run.recorder.close(0)
	ctx, cancel := s.base, context.CancelFunc(func() {})
	if !s.deadline.at.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, s.deadline.at.Add(-min(s.deadline.margin/2, time.Second)))
	}
	defer cancel()
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
