package managed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
)

// errStopped ends a run that was asked to stop.
var errStopped = errors.New("run was asked to stop")

// lastWords is how long a run that is lost tries to tell its front ends so.
const lastWords = 5 * time.Second

// Codes of the RUN_ERROR events with which a run is broken off.
const (
	codeLockLost = "LEASE_LOST"
	codeTooLarge = "EVENT_TOO_LARGE"
)

// Credentials implements [intelligence.Run].
func (r *run) Credentials() intelligence.Credentials {
	return intelligence.Credentials{ThreadID: r.held.threadID, RunID: r.held.runID, JoinToken: r.held.joinToken}
}

// Unnamed implements [intelligence.Run].
func (r *run) Unnamed() bool { return r.unnamed }

// The methods of [store.Lease] and [store.Delivery].

func (r *run) RunID() string          { return r.held.runID }
func (r *run) ThreadID() string       { return r.held.threadID }
func (r *run) AgentID() string        { return r.agentID }
func (r *run) ParentRunID() string    { return "" }
func (r *run) Seen() map[string]bool  { return r.seen }
func (r *run) NextSeq() int64         { return 1 }
func (r *run) Ended() context.Context { return r.ended }
func (r *run) Room() <-chan struct{}  { return r.queue.awaitRoom() }

// Append queues events. One that is too large for the gateway breaks the run off.
func (r *run) Append(_ context.Context, records []store.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range records {
		if r.lost != nil || r.finished {
			return store.ErrLeaseLost
		}
		sealed := r.sealer.seal(record.Event.JSON())
		if len(sealed) > maxEvent {
			r.sealer.seq-- // another event comes in its place
			r.breakOff(fmt.Errorf("a %s event of %d bytes is more than the gateway takes (%d)", record.Event.EventType(), len(sealed), maxEvent),
				codeTooLarge, "An event of the run is too large for the platform")
			return store.ErrLeaseLost
		}
		switch record.Event.EventType() {
		case agui.EventTypeRunFinished:
			r.terminal, r.good = true, true
		case agui.EventTypeRunError:
			r.terminal = true
		}
		r.queue.put(sealed, r.terminal)
	}
	return nil
}

// Hold does nothing: the platform's lock has a heartbeat of its own.
func (r *run) Hold() (release func()) { return func() {} }

// Renew reports whether the run is lost. Its lock is renewed by itself.
func (r *run) Renew(context.Context) error {
	if r.failure() != nil {
		return store.ErrLeaseLost
	}
	return nil
}

func (r *run) AwaitStop(ctx context.Context) error {
	select {
	case <-r.ended.Done():
		if context.Cause(r.ended) == errStopped {
			return nil
		}
		return store.ErrLeaseLost
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop asks the run to stop, and reports whether it hadn't been asked before.
func (r *run) stop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended.Err() != nil || r.terminal || r.finished {
		return false
	}
	r.end(errStopped)
	return true
}

// failure returns why the run is lost, nil if it isn't.
func (r *run) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil && r.finished {
		return store.ErrLeaseLost
	}
	return r.lost
}

// lose ends a run whose events can't be delivered. One whose events have all arrived isn't
// lost any more.
func (r *run) lose(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished || r.terminal && r.queue.isEmpty() {
		return
	}
	if r.lost == nil {
		r.lost = err
		r.logger.Error("run's events can't be delivered", "error", err)
	}
	r.queue.close(true)
	r.end(store.ErrLeaseLost)
}

// breakOff ends a run whose next events can't be delivered with a RUN_ERROR in their
// place, so that nobody who follows it waits for more. The mutex is held.
func (r *run) breakOff(err error, code, message string) {
	if r.lost != nil || r.finished || r.terminal {
		return
	}
	r.lost = err
	r.logger.Error("run is broken off", "error", err)
	if event, err := agui.Encode(agui.RunErrorEvent{Message: message, Code: code}); err == nil {
		r.queue.put(r.sealer.seal(event.JSON()), true)
	}
	r.queue.close(false)
	r.end(store.ErrLeaseLost)
}

// Finish waits until all events have arrived, or can't any more, and leaves the gateway.
// The lock of a run that has arrived to a good end the gateway has released; any other is
// released here, as the reference does it. Only the first call does anything.
func (r *run) Finish(ctx context.Context, result *store.Result) error {
	r.mu.Lock()
	if r.finished {
		r.mu.Unlock()
		return store.ErrLeaseLost
	}
	lost := r.lost
	r.mu.Unlock()
	if result != nil {
		r.await(ctx, lost != nil)
	}
	r.mu.Lock()
	r.finished = true
	complete := r.good && r.lost == nil && r.queue.isEmpty()
	if lost = r.lost; lost == nil && result != nil && !r.queue.isEmpty() {
		lost = context.Cause(ctx)
	}
	r.mu.Unlock()
	r.close()
	if !complete {
		r.platform.release(ctx, r.logger, r.held.threadID, r.held.runID)
	}
	if lost != nil {
		return fmt.Errorf("%w: %w", store.ErrLeaseLost, lost)
	}
	return nil
}

// await waits until all events have arrived.
func (r *run) await(ctx context.Context, lost bool) {
	r.queue.close(false)
	if lost {
		limited, cancel := context.WithTimeout(ctx, lastWords)
		defer cancel()
		ctx = limited
	}
	select {
	case <-r.queue.empty:
	case <-ctx.Done():
	}
}
