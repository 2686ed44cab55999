package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// recorder appends a run's events to the store in batches (whatever gathered while
// the batch before was on its way) and renews the lease, one call after the other. The
// client's stream never waits for it. Between the calls it has no goroutine, and none at
// all where the store is in this process.
type recorder struct {
	lease  store.Lease
	spares *room[store.Record]
	// local is set if the lease's calls wait for nobody.
	local    bool
	interval time.Duration
	// gather is how long deltas wait for those that follow.
	gather time.Duration
	// tolerate lets the run go on when the store fails.
	tolerate bool
	// end ends the run.
	end    context.CancelCauseFunc
	logger *slog.Logger

	// watch ends with close.
	watch   context.Context
	unwatch context.CancelFunc
	// calls is the context of the store's calls.
	calls context.Context
	cut   context.CancelFunc
	group sync.WaitGroup
	// unhook ends the wait for a stop that has no goroutine, and release has the lease
	// expire that doesn't before. Both are nil unless local.
	unhook  func() bool
	release func()

	mu sync.Mutex
	// records are those that aren't all appended yet; next is the Seq of the next.
	records []store.Record
	next    int64
	// delta is when the last delta was added, zero if something else came after it.
	delta time.Time
	// flushAt is when records are to be appended, zero if there are none.
	flushAt time.Time
	// renewAt is when the lease is to be renewed; check asks for that at once.
	renewAt time.Time
	check   bool
	// timer fires when there is something to do.
	timer *time.Timer
	// working is set while somebody makes calls, who owns appended, how many of
	// records are stored, and alive, the wall clock's time of the last sign of life.
	working  bool
	appended int
	alive    time.Time
	// closed says that no call is begun any more.
	closed bool
	// away says that the store failed and hasn't recovered.
	away bool
	// lost says that nothing can be written any more.
	lost bool
}

// maxGathered is how many deltas wait at most.
const maxGathered = 256

func startRecorder(ctx context.Context, r *Runner, lease store.Lease, end context.CancelCauseFunc, logger *slog.Logger) *recorder {
	recorder := &recorder{
		lease: lease, spares: &r.records, interval: r.interval(), gather: r.options.Gather, tolerate: !r.options.FailOnStoreFailure,
		end: end, logger: logger, next: lease.NextSeq(),
		renewAt: time.Now().Add(r.interval()), alive: time.Now().Round(0),
	}
	recorder.watch, recorder.unwatch = context.WithCancel(ctx)
	recorder.calls, recorder.cut = context.WithCancel(ctx)
	held, local := lease.(store.LocalLease)
	if recorder.local = local; local {
		recorder.release = held.Hold()
		if _, delivers := lease.(store.Delivery); delivers {
			recorder.gather = 0 // it gathers by itself
		}
	}
	// From here on others use the recorder. However short the interval is, or how long
	// this goroutine stands still, they find a timer.
	recorder.mu.Lock()
	recorder.timer = time.AfterFunc(recorder.interval, recorder.wake)
	recorder.mu.Unlock()
	if !local {
		recorder.group.Go(recorder.awaitStop)
		return recorder
	}
	recorder.group.Add(1)
	recorder.unhook = context.AfterFunc(held.Ended(), func() {
		defer recorder.group.Done()
		recorder.awaitStop()
	})
	return recorder
}

// add takes the run's next events. The slice isn't kept.
func (r *recorder) add(events ...agui.Encoded) {
	if r.take(events) {
		r.begin()
	}
}

// take takes events, and reports whether the caller must begin to work.
func (r *recorder) take(events []agui.Encoded) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	// Deltas wait for more where they come in quick succession. What comes at a slower
	// pace would gain nothing by it.
	wait := r.gather > 0 && now.Sub(r.delta) < r.gather && len(r.records)-r.appended < maxGathered
	r.records = r.spares.fit(r.records, len(events))
	for _, event := range events {
		if !r.lost {
			r.records = append(r.records, store.Record{Seq: r.next, Event: event})
		}
		r.next++
		if !isDelta(event) {
			wait, r.delta = false, time.Time{} // the next one may be the first of a message
		} else if r.gather > 0 {
			r.delta = now
		}
	}
	switch {
	case !wait:
		r.flushAt = now
	case r.flushAt.IsZero():
		r.flushAt = now.Add(r.gather)
	}
	return r.schedule(now)
}

// isDelta reports whether an event is one of many that say one thing.
func isDelta(event agui.Encoded) bool {
	switch event.EventType() {
	case agui.EventTypeTextMessageContent, agui.EventTypeToolCallArgs, agui.EventTypeReasoningMessageContent:
		return true
	}
	return false
}

// wake does what is due.
func (r *recorder) wake() {
	r.mu.Lock()
	due := r.schedule(time.Now())
	r.mu.Unlock()
	if due {
		r.begin()
	}
}

// begin makes the calls that are due: those that may take time in a goroutine.
func (r *recorder) begin() {
	if r.local {
		r.work()
	} else {
		go r.work()
	}
}

// schedule reports whether something is due: then the caller must begin to work.
// Otherwise it sets the timer. The caller holds mu.
func (r *recorder) schedule(now time.Time) (due bool) {
	if r.working || r.closed || r.lost {
		return false
	}
	if renew, flush := r.due(now); renew || flush {
		r.working = true
		r.group.Add(1)
		return true
	}
	next := r.renewAt
	if !r.away && !r.flushAt.IsZero() && r.flushAt.Before(next) {
		next = r.flushAt
	}
	r.timer.Reset(next.Sub(now))
	return false
}

// due reports what is to be done. The caller holds mu.
func (r *recorder) due(now time.Time) (renew, flush bool) {
	renew = r.check || !now.Before(r.renewAt)
	pending := r.appended < len(r.records)
	return renew, pending && (renew || !r.away && !now.Before(r.flushAt))
}

// work makes the calls that are due.
func (r *recorder) work() {
	defer r.group.Done()
	for {
		r.mu.Lock()
		now := time.Now()
		renew, flush := r.due(now)
		if r.closed || r.lost || !renew && !flush {
			r.working = false
			r.schedule(now) // nothing is due
			r.mu.Unlock()
			return
		}
		if renew {
			r.check, r.renewAt = false, now.Add(r.interval)
		}
		if flush {
			r.flushAt = time.Time{}
		}
		batch := r.records[r.appended:]
		r.mu.Unlock()
		if renew && !r.call("renew lease", r.lease.Renew) {
			continue
		}
		if flush && r.call("append events", func(ctx context.Context) error {
			return r.lease.Append(ctx, batch)
		}) {
			r.drop(len(batch))
		}
	}
}

// close ends the goroutines, and cuts a call short that takes longer than limit.
// What isn't stored then is left to Finish. It reports whether nothing can be written
// any more.
func (r *recorder) close(limit time.Duration) (lost bool) {
	r.mu.Lock()
	r.closed = true
	r.timer.Stop()
	r.mu.Unlock()
	r.unwatch()
	if r.unhook != nil && r.unhook() {
		r.group.Done()
	}
	defer time.AfterFunc(limit, r.cut).Stop()
	r.group.Wait()
	r.cut()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// rest returns what wasn't appended before close.
func (r *recorder) rest() []store.Record { return r.records[r.appended:] }

// failing reports whether the store is away and the run goes on all the same.
func (r *recorder) failing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away && r.tolerate
}

// drop forgets records that are appended.
func (r *recorder) drop(appended int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.appended += appended; r.appended < len(r.records) {
		return
	}
	r.records, r.appended = r.spares.spare(r.records), 0
}

// call makes one call of the store, and decides what a failure means.
func (r *recorder) call(what string, do func(context.Context) error) bool {
	ctx := r.calls
	if !r.local {
		limited, cancel := context.WithTimeout(ctx, r.interval)
		defer cancel()
		ctx = limited
	}
	still := r.stoodStill()
	err := do(ctx)
	still = r.stoodStill() || still
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.calls.Err() != nil:
		// Cut short by close.
	case err == nil:
		if r.away {
			r.away = false
			r.logger.InfoContext(ctx, "run is recorded again")
		}
		return true
	case errors.Is(err, store.ErrLeaseLost) && r.away && r.tolerate:
		// The store has come back without the lease, or too late.
		r.lost = true
		r.logger.WarnContext(ctx, "run goes on unrecorded, its lease is lost")
	case errors.Is(err, store.ErrLeaseLost):
		r.lost = true
		r.end(errLeaseLost)
	case still:
		// That a connection or the time is gone says nothing of the store, and the lease may
		// be another's since long.
		r.logger.WarnContext(ctx, "instance stood still, the store is asked again", "doing", what, "error", err)
		r.check = true
	case r.tolerate:
		if !r.away {
			r.logger.ErrorContext(ctx, "run goes on, but isn't recorded", "doing", what, "error", err)
		}
		r.away = true
		// Each interval would be too seldom: a lease lasts for three.
		r.renewAt = time.Now().Add(r.interval / 5)
	default:
		r.away = true
		r.logger.ErrorContext(ctx, "run can't be recorded", "doing", what, "error", err)
		r.end(fmt.Errorf("%w: %s: %w", errUnrecorded, what, err))
	}
	return false
}

// stoodStill notes that this instance runs, and reports whether it hadn't run since the
// last time: while it does there is a call, or the end of one, in each interval. The caller
// makes the calls.
func (r *recorder) stoodStill() bool {
	// A frozen instance's monotonic clock may stand still as well.
	before := r.alive
	r.alive = time.Now().Round(0)
	return r.alive.Sub(before) > 2*r.interval
}

// awaitStop ends the run when it is asked to stop.
func (r *recorder) awaitStop() {
	for {
		err := r.lease.AwaitStop(r.watch)
		switch {
		case err == nil:
			r.end(errStopped)
			return
		case r.watch.Err() != nil:
			return
		case errors.Is(err, store.ErrLeaseLost):
			// What that means depends on how the store has been doing.
			r.mu.Lock()
			r.check = true
			r.mu.Unlock()
			r.wake()
		}
		_ = pause.Sleep(r.watch, r.interval)
	}
}
