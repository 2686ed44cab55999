package sharing_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/store/internal/sharing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask asks for a reading, and returns where its result will be.
func ask(ctx context.Context, r *sharing.Readings[string, int], key string, read func() (int, error)) <-chan int {
	result := make(chan int, 1)
	go func() {
		value, err := r.Do(ctx, key, read)
		if err != nil {
			value = -1
		}
		result <- value
	}()
	synctest.Wait()
	return result
}

func TestAReadingIsSharedByThoseWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r sharing.Readings[string, int]
		made, release := 0, make(chan struct{})
		read := func() (int, error) {
			made++
			number := made
			<-release
			return number, nil
		}
		first, second, other := ask(t.Context(), &r, "a", read), ask(t.Context(), &r, "a", read), ask(t.Context(), &r, "b", read)
		gone, leave := context.WithCancel(t.Context())
		third := ask(gone, &r, "a", read)
		leave()
		if got := <-third; got != -1 {
			t.Errorf("whoever left got %d", got)
		}
		close(release)
		if a, b, c := <-first, <-second, <-other; a != 1 || b != 1 || c != 2 {
			t.Errorf("got %d, %d and %d", a, b, c)
		}
		if got := <-ask(t.Context(), &r, "a", read); got != 3 {
			t.Errorf("afterwards got %d", got)
		}
	})
}

func TestAReadingIsMadeAgainWhenItsFirstCallerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r sharing.Readings[string, int]
		ctx, cancel := context.WithCancel(t.Context())
		first := ask(ctx, &r, "a", func() (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		second := ask(t.Context(), &r, "a", func() (int, error) { return 7, nil })
		cancel()
		if a, b := <-first, <-second; a != -1 || b != 7 {
			t.Errorf("got %d and %d", a, b)
		}
	})
}

func TestAFailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r sharing.Readings[string, int]
		release := make(chan struct{})
		first := ask(t.Context(), &r, "a", func() (int, error) {
			<-release
			return 0, errors.New("no")
		})
		second := ask(t.Context(), &r, "a", func() (int, error) { return 7, nil })
		close(release)
		if a, b := <-first, <-second; a != -1 || b != -1 {
			t.Errorf("got %d and %d", a, b)
		}
	})
}
