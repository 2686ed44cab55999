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
// the batch before was on its way) and renews the lease, both in one goroutine. The
// client's stream never waits for it.
type recorder struct {
	lease    store.Lease
	interval time.Duration
	// tolerate lets the run go on when the store fails.
	tolerate bool
	// end ends the run.
	end    context.CancelCauseFunc
	logger *slog.Logger

	// more has room for one: there are events, or the lease is to be checked.
	more chan struct{}
	// watch ends with close.
	watch   context.Context
	unwatch context.CancelFunc
	// calls is the context of the store's calls.
	calls context.Context
	cut   context.CancelFunc
	group sync.WaitGroup

	mu sync.Mutex
	// records are those that aren't all appended yet; next is the Seq of the next.
	records []store.Record
	next    int64
	// check asks for the lease to be renewed at once.
	check bool
	// away says that the store failed and hasn't recovered.
	away bool
	// lost says that nothing can be written any more.
	lost bool

	// appended counts those of records that are stored. It is owned by the goroutine
	// that makes the calls.
	appended int
}

// maxSpare is for how many records room is kept when all are appended.
const maxSpare = 16

func startRecorder(ctx context.Context, r *Runner, lease store.Lease, end context.CancelCauseFunc, logger *slog.Logger) *recorder {
	recorder := &recorder{
		lease: lease, interval: r.interval(), tolerate: !r.options.FailOnStoreFailure,
		end: end, logger: logger, next: lease.NextSeq(),
		more: make(chan struct{}, 1),
	}
	recorder.watch, recorder.unwatch = context.WithCancel(ctx)
	recorder.calls, recorder.cut = context.WithCancel(ctx)
	recorder.group.Go(recorder.keep)
	recorder.group.Go(recorder.awaitStop)
	return recorder
}

// add takes the run's next events. The slice isn't kept.
func (r *recorder) add(events ...agui.Encoded) {
	r.mu.Lock()
	for _, event := range events {
		if !r.lost {
			r.records = append(r.records, store.Record{Seq: r.next, Event: event})
		}
		r.next++
	}
	r.mu.Unlock()
	r.wake()
}

func (r *recorder) wake() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// close ends the goroutines, and cuts a call short that takes longer than limit.
// What isn't stored then is left to Finish. It reports whether nothing can be written
// any more.
func (r *recorder) close(limit time.Duration) (lost bool) {
	r.unwatch()
	defer time.AfterFunc(limit, r.cut).Stop()
	r.group.Wait()
	r.cut()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// failing reports whether the store is away and the run goes on all the same.
func (r *recorder) failing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away && r.tolerate
}

// keep appends and renews until close.
func (r *recorder) keep() {
	renewal := time.NewTicker(r.interval)
	defer renewal.Stop()
	for {
		due := false
		select {
		case <-r.watch.Done():
			return
		case <-r.more:
		case <-renewal.C:
			due = true
		}
		r.mu.Lock()
		batch := r.records[r.appended:]
		due = due || r.check
		away, lost := r.away, r.lost
		r.check = false
		r.mu.Unlock()
		if lost || away && !due {
			continue
		}
		if due && !r.call("renew lease", r.lease.Renew) {
			continue
		}
		if len(batch) > 0 && r.call("append events", func(ctx context.Context) error {
			return r.lease.Append(ctx, batch)
		}) {
			r.drop(len(batch))
		}
	}
}

// drop forgets records that are appended.
func (r *recorder) drop(appended int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.appended += appended; r.appended < len(r.records) {
		return
	}
	clear(r.records)
	if r.records, r.appended = r.records[:0], 0; cap(r.records) > maxSpare {
		r.records = nil
	}
}

// call makes one call of the store, and decides what a failure means.
func (r *recorder) call(what string, do func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(r.calls, r.interval)
	defer cancel()
	err := do(ctx)
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
	case r.tolerate:
		if !r.away {
			r.logger.ErrorContext(ctx, "run goes on, but isn't recorded", "doing", what, "error", err)
		}
		r.away = true
	default:
		r.away = true
		r.logger.ErrorContext(ctx, "run can't be recorded", "doing", what, "error", err)
		r.end(fmt.Errorf("%w: %s: %w", errUnrecorded, what, err))
	}
	return false
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
