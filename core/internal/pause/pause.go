// Package pause waits for time to pass.
package pause

import (
	"context"
	"sync"
	"time"
)

// Sleep returns nil after d, or the cause of ctx's end if that comes first.
func Sleep(ctx context.Context, d time.Duration) error {
	return Wait(ctx, d, nil)
}

// Wait is as [Sleep], and also returns nil when wake is closed or sends. It
// does not say which of the two it was: the caller looks for itself.
func Wait(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Outlast returns a context that ends d after ctx does, with its cause. The caller calls
// end when it isn't needed any more, which ends it at once.
func Outlast(ctx context.Context, d time.Duration) (longer context.Context, end func()) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-ctx.Done():
			if Sleep(longer, d) == nil {
				cancel(context.Cause(ctx))
			}
		case <-longer.Done():
		}
	})
	return longer, func() {
		cancel(nil)
		watch.Wait()
	}
}
