package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// linger is how long an agent may work on after its terminal event, before its
// context is cancelled: the answer to its client stays open so long, and a function
// platform bills it.
const linger = 250 * time.Millisecond

// stream is an agent's answer on its way to one client: a run's, a suggestion's or
// a replay's. But for its outbox it belongs to one goroutine.
type stream struct {
	runner  *Runner
	request Request
	logger  *slog.Logger
	// base is the caller's context without its end.
	base context.Context
	// running is the agent's context; end ends it with a cause.
	running  context.Context
	end      context.CancelCauseFunc
	deadline deadline
	// cancelOnDisconnect ends the stream with its client.
	cancelOnDisconnect bool

	feed     *feed
	burst    []agui.Event
	composer composer
	outbox   *outbox
	// terminal is held back until the run is recorded; delivered says that it was
	// sent.
	terminal  agui.Encoded
	delivered bool
	// emitted are the events of a burst, before they are recorded and sent together.
	emitted []agui.Encoded
	// run is what is recorded, nil for a suggestion and a replay.
	run *recording
	// begun is when the stream began; isEnded says that Request.Ended was called.
	begun   time.Time
	isEnded bool
	// summary is what the log and the observer are told at the end, and observed tells
	// the observer, nil for a replay and once that is done.
	summary  telemetry.RunResult
	observed func(telemetry.RunResult)
}

// recording is what a run has beside other streams.
type recording struct {
	lease    store.Lease
	recorder *recorder
	// fold makes what the store is left with. It is nil where delivery isn't: that has
	// each event as it was made.
	fold     *fold.Run
	delivery store.Delivery
}

// newStream returns a stream that isn't recorded.
func (r *Runner) newStream(ctx context.Context, request Request, replay bool) *stream {
	s := &stream{
		runner: r, request: request, logger: r.logger(request),
		base: context.WithoutCancel(ctx), deadline: r.deadline(ctx),
		cancelOnDisconnect: true, outbox: newOutbox(&r.encoded), begun: time.Now(),
	}
	if !replay {
		s.observe()
	}
	s.running, s.end = context.WithCancelCause(s.base)
	s.composer = composer{replay: replay, input: request.Input, emit: s.emit, logger: s.logger, ctx: s.base}
	return s
}

// do makes the stream in a goroutine of its own and sends its events in the caller's,
// so that it ends, and is recorded, also when the client doesn't read. It returns when
// all is made and sent. A client whose send panics is gone; the panic goes on when the
// stream has ended, as that of an observer does.
func (s *stream) do(ctx context.Context, send func([]agui.Encoded) error) error {
	var err error
	var panicked any
	made := make(chan struct{})
	go func() {
		defer close(made)
		defer s.outbox.close()
		defer func() {
			if panicked = recover(); panicked != nil {
				s.logger.ErrorContext(s.base, "observer panicked", "panic", panicked, "stack", string(debug.Stack()))
			}
		}()
		defer s.release()
		err = s.close(s.follow(ctx))
	}()
	sent := false
	defer func() {
		if !sent {
			s.disconnect(errClientGone)
			s.end(errClientGone)
		}
		<-made
		if panicked != nil {
			panic(panicked)
		}
	}()
	s.outbox.drain(send, s.disconnect)
	sent = true
	<-made
	return err
}

// release ends what a stream has started. Only after a panic of the observer is there
// anything left to end: the lease then expires, also one that was held, and the next who
// comes closes the run.
func (s *stream) release() {
	s.end(nil)
	if s.run != nil {
		s.run.recorder.close(0)
		if release := s.run.recorder.release; release != nil {
			release()
		}
	}
	if s.run != nil && s.run.delivery != nil {
		// Unlike a lease it doesn't expire by itself. Once it has finished this does nothing.
		ctx, cancel := context.WithTimeout(s.base, s.runner.interval())
		_ = s.run.delivery.Finish(ctx, nil)
		cancel()
	}
	s.ended()
	s.tell(telemetry.RunResult{Outcome: "broken off"})
}

// follow sends RUN_STARTED and what the agent yields, until its end or the end of
// running. It returns what cut the stream short, nil for nothing.
func (s *stream) follow(ctx context.Context) error {
	defer s.deadline.afterFunc(func() { s.end(errDeadline) })()
	s.feed = startFeed(s.running, s.request.Agent, s.request.Input, &s.runner.events)
	// However long the agent thinks: its client and everybody who opens the thread
	// sees that the run has begun, and with what.
	if err := s.composer.start(); err != nil {
		return err
	}
	s.flush()
	disconnected := ctx.Done()
	for s.running.Err() == nil {
		more := s.feed.more
		var stalled <-chan time.Time
		if s.outbox.full() {
			more, stalled = nil, time.After(stallLimit)
		}
		room := s.run.room()
		if room != nil {
			more = nil
		}
		select {
		case <-room:
		case <-s.outbox.read:
		case <-stalled:
			s.disconnect(errStalled)
		case <-more:
			if ended, err := s.takeBurst(); ended || err != nil {
				return err
			}
		case <-s.running.Done():
		case <-s.runner.options.Closing:
			return ErrShutdown
		case <-disconnected:
			disconnected = nil
			if shuttingDown(ctx) {
				return ErrShutdown
			}
			s.disconnect(ctx.Err())
		}
	}
	// The agent knows that these events were taken, so a stop that came meanwhile
	// doesn't drop them.
	if ended, err := s.takeBurst(); ended || err != nil {
		return err
	}
	return context.Cause(s.running)
}

// takeBurst takes what the agent has yielded. It reports whether that, or the agent,
// has ended the stream, and returns what has cut it short.
func (s *stream) takeBurst() (ended bool, err error) {
	defer s.flush()
	returned := s.feed.returned() // before what it has yielded is taken
	s.burst = s.feed.take(s.burst)
	if len(s.burst) > 0 && s.summary.FirstEvent == 0 {
		s.summary.FirstEvent = max(time.Since(s.begun), 1)
	}
	for _, event := range s.burst {
		if err := s.composer.take(event); err != nil {
			return true, err
		}
		if s.composer.progress.Terminated() {
			return true, nil
		}
	}
	s.burst = s.runner.events.spare(s.burst)
	if !returned {
		return false, nil
	}
	if s.running.Err() != nil {
		return true, context.Cause(s.running)
	}
	err, s.feed.err = s.feed.err, nil
	return true, err
}

// emit takes the stream's next event, and folds it. The terminal event is kept: when a
// client gets it, it may begin the next run at once.
func (s *stream) emit(event agui.Encoded) {
	s.request.Spent.Observe(event)
	s.emitted = append(s.runner.encoded.fit(s.emitted, 1), event)
	if s.composer.progress.Terminated() {
		s.terminal = event
	} else if s.request.Observe != nil {
		s.request.Observe(event)
	}
	if s.run != nil && s.run.fold != nil {
		if err := s.run.fold.Add(event); err != nil {
			s.logger.WarnContext(s.base, "event doesn't fit the thread", "event", event.EventType(), "error", err)
		}
	}
}

// flush records and sends what was emitted.
func (s *stream) flush() {
	events := s.emitted
	if len(events) == 0 {
		return
	}
	s.summary.Events += len(events)
	if s.run != nil {
		s.run.recorder.add(events...)
	}
	if s.composer.progress.Terminated() {
		events = events[:len(events)-1]
	}
	s.outbox.put(events...)
	s.emitted = s.runner.encoded.spare(s.emitted)
}

// disconnect records that the client is gone.
func (s *stream) disconnect(err error) {
	if !s.outbox.abandon(err) {
		return
	}
	s.logger.DebugContext(s.base, "client is gone", "error", err)
	if s.cancelOnDisconnect {
		s.end(errClientGone)
	}
}

// close ends the stream: its last events, the agent, the record, the terminal event.
func (s *stream) close(cause error) error {
	completed := s.composer.progress.Terminated()
	if !completed {
		s.end(cause)
		if cause != nil || !s.composer.replay {
			if err := s.composer.end(s.runner.endOf(cause).Ending); err != nil {
				s.fail(err)
			}
			s.flush()
		}
		// The thread isn't given to the next run while this one's agent works.
		s.awaitAgent()
	}
	var err error
	switch {
	case s.run == nil:
	case s.run.delivery != nil:
		err = s.deliver(cause)
	default:
		err = s.record(cause)
	}
	s.ended()
	s.deliverTerminal()
	if completed {
		s.awaitLinger()
	}
	if !s.composer.replay {
		s.sumUp(cause, completed)
	}
	return err
}

// fail ends a stream whose closing events can't be made.
func (s *stream) fail(err error) {
	s.logger.ErrorContext(s.base, "run can't be closed in order", "error", err)
	s.flush()
	s.terminal = runError(CodeInvalidEvent, "The run can't be closed in order")
	if s.run != nil {
		s.run.recorder.add(s.terminal)
		if s.run.fold != nil {
			_ = s.run.fold.Add(s.terminal)
		}
	}
}

// awaitLinger waits for an agent that has sent its terminal event to return by itself,
// and then ends it.
func (s *stream) awaitLinger() {
	patience := min(linger, s.runner.options.StopGrace)
	if returned, _ := s.feed.await(s.deadline.limit(patience)); !returned {
		s.end(nil)
		s.awaitAgent()
	}
}

// awaitAgent waits until the agent, whose context has ended, has returned.
func (s *stream) awaitAgent() {
	returned, dropped := s.feed.await(s.deadline.limit(s.runner.options.StopGrace))
	if dropped > 0 {
		s.logger.DebugContext(s.base, "dropped events after the end of the run", "count", dropped)
	}
	switch late := new(PanicError); {
	case returned && errors.As(s.feed.err, &late):
		s.logger.ErrorContext(s.base, "agent panicked after the end of the run",
			"panic", late.Value, "stack", string(late.Stack))
	case !returned:
		s.logger.ErrorContext(s.base, "agent ignores the end of its context, and is left behind")
	}
}

// deliverTerminal sends the terminal event, once. A replay has none of its own.
func (s *stream) deliverTerminal() {
	if !s.delivered && s.terminal.JSON() != nil {
		s.delivered = true
		if s.request.Observe != nil {
			s.request.Observe(s.terminal)
		}
		s.outbox.put(s.terminal)
	}
}

// record finishes the run in the store. Where that fails the terminal event says so,
// unless the policy is to go on unrecorded.
func (s *stream) record(cause error) error {
	r, run := s.runner, s.run
	// All was folded as it came; the lease is renewed while the result is encoded.
	result, err := run.fold.Result()
	if err != nil {
		s.logger.ErrorContext(s.base, "the thread's messages or state can't be encoded", "error", err)
	}
	patience := r.interval()
	if run.recorder.failing() || errors.Is(cause, errUnrecorded) {
		// The client needn't wait for what will hardly succeed.
		s.deliverTerminal()
		patience = 0
	}
	lost := run.recorder.close(s.deadline.limit(patience))
	if run.recorder.failing() {
		s.deliverTerminal()
	}
	err = store.ErrLeaseLost
	if !lost {
		grace := s.deadline.limit(r.options.StoreGrace)
		patience := min(grace, r.interval())
		run.recorder.stoodStill() // from here on: the recorder has made its last call
		err = r.finish(s.base, s.request.Key, run.lease, patience, result)
		still := run.recorder.stoodStill()
		if errors.Is(err, store.ErrUnavailable) && grace > patience {
			if !r.options.FailOnStoreFailure && !still { // else others may have closed the run
				s.deliverTerminal()
			}
			err = r.finish(s.base, s.request.Key, run.lease, s.deadline.limit(grace-patience), result)
		}
	}
	if err == nil {
		return nil
	}
	if !errors.Is(cause, errLeaseLost) { // that was logged when it ended the run
		s.logger.ErrorContext(s.base, "run isn't recorded to its end", "error", err)
	}
	switch {
	case errors.Is(err, store.ErrLeaseLost):
		s.terminal = runError(CodeLeaseLost, leaseLost)
	case r.options.FailOnStoreFailure:
		s.terminal = runError(CodeStoreUnavailable, unrecorded)
	}
	return fmt.Errorf("record run %s: %w", run.lease.RunID(), err)
}
