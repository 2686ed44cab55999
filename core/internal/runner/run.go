package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Stream runs the agent to its end, and sends each event as it comes, in the
// caller's goroutine. An error of send means that the client is gone, as the
// end of ctx does; whether the run then goes on is the policy's decision. The
// deadline of ctx ends the run in good order before it passes, and so does an
// end of ctx by [ErrShutdown].
//
// When the terminal event is sent the run is recorded and its thread free. When
// Stream returns nothing goes on, but for an agent that ignores its context;
// that is logged. The error is nil when the run is recorded, however it ended
// and whoever listened.
func (run *Run) Stream(ctx context.Context, send func(agui.Encoded) error) error {
	if run.used.Swap(true) {
		return errors.New("run was streamed or closed before")
	}
	s := run.newStream(ctx, send)
	defer s.release()
	cause := s.follow(ctx, startFeed(s.running, run.request.Agent, run.request.Input))
	return s.close(cause)
}

// stream is one run on its way.
type stream struct {
	run    *Run
	logger *slog.Logger
	// base is the caller's context without its end.
	base context.Context
	// running is the agent's context; end gives the cause of its end.
	running context.Context
	end     context.CancelCauseFunc
	// deadline is when the caller's context ends, zero for never.
	deadline time.Time

	feed     *feed
	composer composer
	recorder *recorder
	send     func(agui.Encoded) error
	gone     bool
	// terminal is held back until the run is recorded; ended tells that it was
	// sent.
	terminal agui.Encoded
	ended    bool
}

func (run *Run) newStream(ctx context.Context, send func(agui.Encoded) error) *stream {
	s := &stream{run: run, logger: run.runner.logger(run.request), base: context.WithoutCancel(ctx), send: send}
	s.running, s.end = context.WithCancelCause(s.base)
	s.composer = composer{input: run.shown, showInput: true, emit: s.emit, logger: s.logger}
	s.recorder = startRecorder(s.base, run.runner, run.lease, s.end, s.logger)
	s.deadline, _ = ctx.Deadline()
	return s
}

// release ends what a stream has started. Only after a panic of send or the
// observer is there anything left to end: the lease then expires, and the next
// who comes closes the run.
func (s *stream) release() {
	s.end(nil)
	s.recorder.close(0)
}

// follow sends what the agent yields, until its end or the end of running. It
// returns what cut the run short, nil for nothing.
func (s *stream) follow(ctx context.Context, feed *feed) error {
	s.feed = feed
	if !s.deadline.IsZero() {
		left := time.Until(s.deadline)
		margin := min(s.run.runner.options.DeadlineMargin, left/2)
		defer time.AfterFunc(left-margin, func() { s.end(errDeadline) }).Stop()
	}
	disconnected := ctx.Done()
	for {
		select {
		case next, more := <-feed.items:
			if s.running.Err() != nil {
				return context.Cause(s.running)
			}
			if !more {
				return nil
			}
			if next.err != nil {
				return next.err
			}
			if err := s.composer.take(next.event); err != nil {
				return err
			}
			if s.composer.progress.Terminated() {
				return nil
			}
		case <-s.running.Done():
			return context.Cause(s.running)
		case <-disconnected:
			disconnected = nil
			if shuttingDown(ctx) {
				return ErrShutdown
			}
			s.leave(ctx.Err())
		}
	}
}

// emit sends an event and has it recorded. The terminal event is kept: when a
// client gets it, it may begin the next run at once.
func (s *stream) emit(event agui.Encoded) {
	s.recorder.add(event)
	if s.composer.progress.Terminated() {
		s.terminal = event
		return
	}
	s.deliver(event)
}

func (s *stream) deliver(event agui.Encoded) {
	if s.run.request.Observe != nil {
		s.run.request.Observe(event)
	}
	if s.gone {
		return
	}
	if err := s.send(event); err != nil {
		s.leave(err)
	}
}

// leave takes note that the client is gone.
func (s *stream) leave(err error) {
	if s.gone {
		return
	}
	s.gone = true
	s.logger.DebugContext(s.base, "client is gone", "error", err)
	if s.run.runner.options.OnDisconnect == CancelRun {
		s.end(errClientGone)
	}
}

// close ends the run: its last events, the agent, the record, the terminal
// event.
func (s *stream) close(cause error) error {
	completed := s.composer.progress.Terminated()
	if !completed {
		s.end(cause)
		if err := s.composer.end(s.run.runner.ending(s.base, cause, s.logger)); err != nil {
			s.fail(err)
		}
		// The thread isn't given to the next run while this one's agent works.
		s.awaitAgent()
	}
	limit := s.run.runner.renewal()
	if s.recorder.failing() || errors.Is(cause, errUnrecorded) {
		// The client needn't wait for what will hardly succeed.
		s.deliverTerminal()
		limit = 0
	}
	s.recorder.close(s.limit(limit))
	err := s.record()
	s.deliverTerminal()
	if completed {
		// What an agent does after its terminal event has time, but not for ever.
		if returned, _ := s.feed.await(s.limit(s.run.runner.options.StopGrace)); !returned {
			s.end(nil)
			s.awaitAgent()
		}
	}
	return err
}

// fail ends a stream whose closing events can't be made.
func (s *stream) fail(err error) {
	s.logger.ErrorContext(s.base, "run can't be closed in order", "error", err)
	s.terminal = runError(CodeInvalidEvent, "The run can't be closed in order")
	s.recorder.add(s.terminal)
}

// awaitAgent waits until the agent, whose context has ended, has returned.
func (s *stream) awaitAgent() {
	returned, dropped := s.feed.await(s.limit(s.run.runner.options.StopGrace))
	if dropped > 0 {
		s.logger.DebugContext(s.base, "dropped events after the end of the run", "count", dropped)
	}
	switch late := new(panicError); {
	case returned && errors.As(s.feed.late, &late):
		s.logger.ErrorContext(s.base, "agent panicked after the end of the run",
			"panic", late.value, "stack", string(late.stack))
	case !returned:
		s.logger.ErrorContext(s.base, "agent ignores the end of its context, and is left behind")
	}
}

// limit shortens a wait so that the deadline leaves time for what follows it.
func (s *stream) limit(wait time.Duration) time.Duration {
	if s.deadline.IsZero() {
		return wait
	}
	return min(wait, time.Until(s.deadline)/2)
}

// record finishes the run in the store. Where that fails the terminal event
// says so, unless the policy is to go on unrecorded.
func (s *stream) record() error {
	r := s.run.runner
	tolerate := r.options.OnStoreFailure == ContinueUnrecorded
	records, lost := s.recorder.recorded()
	if s.recorder.failing() {
		s.deliverTerminal()
	}
	err := store.ErrLeaseLost
	if !lost {
		result := r.result(s.logger, records, s.run.request.Input.Messages, s.run.request.Input.State)
		err = r.finish(s.base, s.run.request.Key, s.run.lease, s.limit(r.renewal()), result)
	}
	if err == nil {
		return nil
	}
	s.logger.ErrorContext(s.base, "run isn't recorded to its end", "error", err)
	switch {
	case errors.Is(err, store.ErrLeaseLost):
		s.terminal = runError(CodeLeaseLost, leaseLost)
	case !tolerate:
		s.terminal = runError(CodeStoreUnavailable, unrecorded)
	}
	return fmt.Errorf("record run %s: %w", s.run.lease.RunID(), err)
}

// deliverTerminal sends the terminal event, once.
func (s *stream) deliverTerminal() {
	if !s.ended {
		s.ended = true
		s.deliver(s.terminal)
	}
}
