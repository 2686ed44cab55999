package fresh_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/signin/internal/fresh"
)

func TestACredentialIsFetchedOnceForAllWhoNeedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetched atomic.Int32
		cache := &fresh.Cache[int32]{Fetch: func(context.Context) (int32, time.Time, error) {
			time.Sleep(time.Second)
			return fetched.Add(1), time.Now().Add(time.Hour), nil
		}}
		var running sync.WaitGroup
		for range 100 {
			running.Go(func() {
				if got, err := cache.Get(t.Context()); got != 1 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			})
		}
		running.Wait()
		if n := fetched.Load(); n != 1 {
			t.Errorf("fetched %d times", n)
		}
	})
}

func TestACredentialIsRenewedAheadOfItsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		ends, after time.Duration
		want        int32
	}{
		"long before":                        {time.Hour, 54 * time.Minute, 1},
		"shortly before":                     {time.Hour, 56 * time.Minute, 2},
		"after it, as when frozen meanwhile": {time.Hour, 5 * time.Hour, 2},
		"one without an end":                 {0, 14 * time.Minute, 1},
		"one without an end, later":          {0, 16 * time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fetched int32
				cache := &fresh.Cache[int32]{Fetch: func(context.Context) (int32, time.Time, error) {
					fetched++
					if test.ends == 0 {
						return fetched, time.Time{}, nil
					}
					return fetched, time.Now().Add(test.ends), nil
				}}
				get(t, cache)
				time.Sleep(test.after)
				if got := get(t, cache); got != test.want {
					t.Errorf("got the credential %d, want %d", got, test.want)
				}
			})
		})
	}
}

func TestRenewingStallsNobodyWhoHasACredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetched int32
		cache := &fresh.Cache[int32]{Fetch: func(ctx context.Context) (int32, time.Time, error) {
			if fetched++; fetched > 1 {
				<-ctx.Done()
				return 0, time.Time{}, ctx.Err()
			}
			return fetched, time.Now().Add(time.Hour), nil
		}}
		get(t, cache)
		time.Sleep(56 * time.Minute)
		began := time.Now()
		var renewing sync.WaitGroup
		renewing.Go(func() {
			if got := get(t, cache); got != 1 || time.Since(began) > 5*time.Second {
				t.Errorf("who renews got %d after %v", got, time.Since(began))
			}
		})
		synctest.Wait()
		for range 10 {
			if got := get(t, cache); got != 1 || time.Since(began) > 0 {
				t.Errorf("got %d after %v", got, time.Since(began))
			}
		}
		renewing.Wait()
		before := fetched
		if got := get(t, cache); got != 1 || fetched != before {
			t.Errorf("right after a failure: got %d, and fetched again", got)
		}
	})
}

func TestAFailureIsSharedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := errors.New("no")
		var fetched int32
		cache := &fresh.Cache[int32]{Fetch: func(context.Context) (int32, time.Time, error) {
			time.Sleep(time.Second)
			if fetched++; fetched == 1 {
				return 0, time.Time{}, fails
			}
			return fetched, time.Now().Add(time.Hour), nil
		}}
		var running sync.WaitGroup
		for range 10 {
			running.Go(func() {
				if _, err := cache.Get(t.Context()); !errors.Is(err, fails) {
					t.Errorf("got %v", err)
				}
			})
		}
		running.Wait()
		if got := get(t, cache); got != 2 {
			t.Errorf("then got %d", got)
		}
	})
}

func TestWhoLeavesFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetched int32
		cache := &fresh.Cache[int32]{Fetch: func(ctx context.Context) (int32, time.Time, error) {
			fetched++
			select {
			case <-ctx.Done():
				return 0, time.Time{}, ctx.Err()
			case <-time.After(2 * time.Second):
				return fetched, time.Now().Add(time.Hour), nil
			}
		}}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var running sync.WaitGroup
		running.Go(func() {
			if _, err := cache.Get(ctx); err == nil {
				t.Error("got a credential after leaving")
			}
		})
		synctest.Wait()
		if got := get(t, cache); got != 2 {
			t.Errorf("got %d", got)
		}
		running.Wait()
	})
}

func TestACredentialThatNeverComesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &fresh.Cache[int32]{Fetch: func(ctx context.Context) (int32, time.Time, error) {
			<-ctx.Done()
			return 0, time.Time{}, ctx.Err()
		}}
		began := time.Now()
		if _, err := cache.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func get(t *testing.T, cache *fresh.Cache[int32]) int32 {
	t.Helper()
	got, err := cache.Get(t.Context())
	if err != nil {
		t.Error(err)
	}
	return got
}
