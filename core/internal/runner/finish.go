package runner

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// maxPause bounds how long finish waits before it tries again.
const maxPause = 500 * time.Millisecond

// finish ends a run in the store. While the store is unavailable it tries again, for
// limit at most. Within an interval the lease holds meanwhile: it was renewed an
// interval or less before the last call on it, which took another at most.
func (r *Runner) finish(ctx context.Context, key store.Key, lease store.Lease, limit time.Duration, result *store.Result) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, store.ErrUnavailable)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, maxPause) {
		_, err := call(ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, lease.Finish(ctx, result) })
		err = unavailable(ctx, err)
		if errors.Is(err, store.ErrLeaseLost) && r.finished(ctx, key, result) {
			return nil
		}
		if !errors.Is(err, store.ErrUnavailable) || pause.Sleep(ctx, wait) != nil {
			return err
		}
	}
}

// finished reports whether the store has the result already, from a Finish that
// seemed to fail. The last record alone could be another run's that ended alike; the
// first one names the run.
func (r *Runner) finished(ctx context.Context, key store.Key, result *store.Result) bool {
	if result == nil || len(result.Records) == 0 {
		return false
	}
	first, last := result.Records[0], result.Records[len(result.Records)-1]
	page, err := r.store.Read(ctx, key, first.Seq-1, false)
	if err != nil || page.FirstSeq > 0 && page.FirstSeq <= last.Seq {
		return false
	}
	has := func(record store.Record) bool {
		return slices.ContainsFunc(page.Records, func(stored store.Record) bool {
			return stored.Seq == record.Seq && bytes.Equal(stored.Event.JSON(), record.Event.JSON())
		})
	}
	return has(first) && has(last)
}
