package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// renewedLease tells of each renewal.
type renewedLease struct {
	store.Lease
	renewed chan struct{}
}

func (l *renewedLease) NextSeq() int64 { return 1 }

func (l *renewedLease) Renew(context.Context) error {
	l.renewed <- struct{}{}
	return nil
}

func (l *renewedLease) AwaitStop(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// staleLease is one that is lost, which is told when a connection that died is replaced.
type staleLease struct {
	renewedLease
	calls atomic.Int32
}

func (l *staleLease) Renew(context.Context) error {
	if l.calls.Add(1) == 1 {
		return errors.New("connection reset by peer")
	}
	return store.ErrLeaseLost
}

// The instance stands still between two calls, and finds its connection dead.
func TestADeadConnectionAfterAFreezeIsNotTheStoresFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancelCause(t.Context())
		r := &Runner{options: Options{LeaseTTL: 15 * time.Second}}
		recorder := startRecorder(ctx, r, &staleLease{}, end, slog.New(slog.DiscardHandler))
		synctest.Wait()
		recorder.mu.Lock()
		recorder.alive = recorder.alive.Add(-time.Minute)
		recorder.mu.Unlock()
		time.Sleep(time.Minute)
		if lost := recorder.close(time.Minute); !lost || !errors.Is(context.Cause(ctx), errLeaseLost) {
			t.Errorf("lost: %v, ended by %v", lost, context.Cause(ctx))
		}
	})
}

// localLease is one of the process's own store.
type localLease struct{ *renewedLease }

func (l localLease) Hold() (release func()) { return func() {} }

func (l localLease) Ended() context.Context { return context.Background() }

// A goroutine can stand still anywhere, and an instance be frozen, so that what is due later
// is due at once. The race detector sees what isn't ready then.
func TestALeaseIsRenewedThoughThatIsDueAtOnce(t *testing.T) {
	for name, from := range map[string]func(*renewedLease) store.Lease{
		"a local lease": func(l *renewedLease) store.Lease { return localLease{l} },
		"any other":     func(l *renewedLease) store.Lease { return l },
	} {
		t.Run(name, func(t *testing.T) {
			renewed := make(chan struct{})
			defer close(renewed)
			ctx, end := context.WithCancelCause(t.Context())
			r := &Runner{options: Options{LeaseTTL: 3 * time.Microsecond}}
			recorder := startRecorder(ctx, r, from(&renewedLease{renewed: renewed}), end, slog.New(slog.DiscardHandler))
			<-renewed
			<-renewed
			go func() {
				for range renewed { // what is under way
				}
			}()
			if lost := recorder.close(time.Minute); lost || ctx.Err() != nil {
				t.Errorf("the lease is lost: %v %v", lost, context.Cause(ctx))
			}
		})
	}
}
