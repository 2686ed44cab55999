package managed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/pause"
)

const (
	// renewRetryFirst and renewRetryMax bound the pauses before a lock is tried to be
	// renewed again.
	renewRetryFirst = 250 * time.Millisecond
	renewRetryMax   = 2 * time.Second
	// minRenewTime is how long renewing a lock may take when its time is nearly over.
	minRenewTime = 2 * time.Second
)

// renew keeps the thread's lock until ctx ends. asked is when the platform was asked for
// it. A failure is repaired while the lock holds; the run ends with it.
func (r *run) renew(ctx context.Context, asked time.Time) {
	options := r.platform.options
	expires := asked.Add(options.LockTTL)
	for pause.Sleep(ctx, options.LockHeartbeat) == nil {
		renewed, err := r.renewOnce(ctx, expires)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.mu.Lock()
			// The gateway has released the lock of a run whose end it has.
			r.breakOff(fmt.Errorf("the thread's lock is lost: %w", err), codeLockLost, "The run has lost its thread")
			r.mu.Unlock()
			return
		}
		expires = renewed.Add(options.LockTTL)
	}
}

// renewOnce renews the lock, in several attempts if need be, and returns when the platform
// was asked. It gives up when the lock is gone, or must have expired.
func (r *run) renewOnce(ctx context.Context, expires time.Time) (time.Time, error) {
	for failures := 0; ; failures++ {
		asked := time.Now()
		limited, cancel := context.WithDeadline(ctx, later(expires, asked.Add(minRenewTime)))
		err := r.platform.renewLock(limited, r.held.threadID, r.held.runID)
		cancel()
		if err == nil || lockGone(err) || denied(err) {
			return asked, err
		}
		wait := min(renewRetryFirst<<min(failures, 10), renewRetryMax)
		if time.Now().Add(wait).After(expires) || pause.Sleep(ctx, wait) != nil {
			return asked, err
		}
		r.logger.WarnContext(ctx, "lock wasn't renewed, and is tried again", "error", err)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// lockGone reports whether the platform says that a lock isn't the run's any more.
func lockGone(err error) bool {
	return hasStatus(err, http.StatusConflict) || hasStatus(err, http.StatusNotFound) || hasStatus(err, http.StatusGone)
}

// denied reports whether the platform won't say anything else however often it is asked.
func denied(err error) bool {
	failure, ok := errors.AsType[*intelligence.Error](err)
	if !ok || failure.Status < 400 || failure.Status >= 500 {
		return false
	}
	switch failure.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return true
}
