package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/token"
)

// source numbers its tokens, which are good for an hour.
type source struct {
	calls atomic.Int32
	// delay is how long it takes, and err what it fails with.
	delay time.Duration
	err   error
	life  time.Duration
}

func (s *source) get(ctx context.Context) (token.Token, error) {
	number := s.calls.Add(1)
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		return token.Token{}, ctx.Err()
	}
	if s.err != nil {
		return token.Token{}, s.err
	}
	life := s.life
	if life == 0 {
		life = time.Hour
	}
	return token.Token{Value: fmt.Sprint("token ", number), Expiry: time.Now().Add(life)}, nil
}

func TestATokenIsReplacedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := token.NewCache(s.get)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "token 1"}, {54 * time.Minute, "token 1"}, {2 * time.Minute, "token 2"}, {3 * time.Hour, "token 3"}} {
			time.Sleep(step.after)
			if got, err := c.Get(t.Context()); err != nil || got != step.want {
				t.Errorf("after %v: got %q, %v, want %q", step.after, got, err, step.want)
			}
		}
	})
}

func TestOnlyOneCallerGetsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{delay: time.Second}
		c := token.NewCache(s.get)
		var running sync.WaitGroup
		for range 100 {
			running.Go(func() {
				if got, err := c.Get(t.Context()); err != nil || got != "token 1" {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		running.Wait()
		if got := s.calls.Load(); got != 1 {
			t.Errorf("the source was asked %d times", got)
		}
	})
}

func TestAReplacementStallsNobodyWhoHasAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		c := token.NewCache(s.get)
		c.Get(t.Context())
		time.Sleep(56 * time.Minute)
		s.delay = 10 * time.Second
		var running sync.WaitGroup
		running.Go(func() {
			if got, err := c.Get(t.Context()); err != nil || got != "token 2" {
				t.Errorf("the caller that replaces it got %q, %v", got, err)
			}
		})
		synctest.Wait()
		start := time.Now()
		if got, err := c.Get(t.Context()); err != nil || got != "token 1" || time.Since(start) > 0 {
			t.Errorf("another caller got %q, %v after %v", got, err, time.Since(start))
		}
		running.Wait()
	})
}

func TestASourceThatFails(t *testing.T) {
	refused := errors.New("refused")
	t.Run("ends all who wait with one attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &source{delay: time.Second, err: refused}
			c := token.NewCache(s.get)
			var running sync.WaitGroup
			for range 100 {
				running.Go(func() {
					if got, err := c.Get(t.Context()); err != refused {
						t.Errorf("got %q, %v", got, err)
					}
				})
			}
			running.Wait()
			if got := s.calls.Load(); got != 1 {
				t.Errorf("the source was asked %d times", got)
			}
			s.err = nil
			if got, err := c.Get(t.Context()); err != nil || got != "token 2" {
				t.Errorf("afterwards: got %q, %v", got, err)
			}
		})
	})
	t.Run("leaves a token that is still good, and isn't asked at once again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &source{}
			c := token.NewCache(s.get)
			c.Get(t.Context())
			time.Sleep(56 * time.Minute)
			s.err = refused
			for range 3 {
				if got, err := c.Get(t.Context()); err != nil || got != "token 1" {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if got := s.calls.Load(); got != 2 {
				t.Errorf("the source was asked %d times", got)
			}
			time.Sleep(4 * time.Minute)
			if got, err := c.Get(t.Context()); err != refused {
				t.Errorf("at its end: got %q, %v", got, err)
			}
		})
	})
	t.Run("by hanging is given up after 20 seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := token.NewCache((&source{delay: time.Hour}).get)
			start := time.Now()
			if _, err := c.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 20*time.Second {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		})
	})
}

func TestACallerThatLeavesIsReplacedByOneThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := token.NewCache((&source{delay: 5 * time.Second}).get)
		leaving, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		var running sync.WaitGroup
		running.Go(func() {
			if _, err := c.Get(leaving); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the one who left got %v", err)
			}
		})
		synctest.Wait()
		running.Go(func() {
			if got, err := c.Get(t.Context()); err != nil || got != "token 2" {
				t.Errorf("the one who stayed got %q, %v", got, err)
			}
		})
		running.Wait()
	})
}

func TestATokenThatIsAlwaysShortIsNotAskedForWithEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{life: 2 * time.Minute}
		c := token.NewCache(s.get)
		for range 60 {
			if _, err := c.Get(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		if got := s.calls.Load(); got > 3 {
			t.Errorf("the source was asked %d times in a minute", got)
		}
	})
}
