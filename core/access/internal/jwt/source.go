package jwt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
)

const (
	// RenewAfter is the age at which a value is fetched again, so that a key which
	// its issuer has withdrawn is trusted no longer than that while the issuer answers.
	RenewAfter = time.Hour
	// KeepFor is how long a value is used while it can't be fetched again.
	KeepFor = 24 * time.Hour
	// Floor is the least time between two attempts to renew a value that clients ask
	// for, and after one that failed, so that tokens with invented keys can't make this
	// runtime flood an issuer.
	Floor = 30 * time.Second
	// RetryFloor is the least time between two attempts while there is no value at all.
	RetryFloor = 5 * time.Second
	// FetchTimeout is how long one attempt may take.
	FetchTimeout = 5 * time.Second
)

// Source keeps a value that is fetched over the network. Requests that need it at the
// same time share one fetch, which runs in the request that came first and goes on if
// that one is cancelled. Nothing runs in the background. It is safe for concurrent use.
type Source[T any] struct {
	fetch func(context.Context) (T, error)

	mu      sync.Mutex
	value   T
	fetched time.Time // zero if there is no value
	tried   time.Time
	failure error         // of the last attempt
	asked   time.Time     // when Renew last made an attempt
	current chan struct{} // closed at the end of the attempt under way, nil when none is
}

// NewSource returns a source without a value. It calls fetch once at a time, with a
// context that ends after [FetchTimeout].
func NewSource[T any](fetch func(context.Context) (T, error)) *Source[T] {
	return &Source[T]{fetch: fetch}
}

// Got is what a source has.
type Got[T any] struct {
	Value T
	// Fetched is when the value was fetched.
	Fetched time.Time
	// Stale is the error of the last attempt to renew the value, nil if that succeeded.
	Stale error
}

// Get returns the value. It is fetched if there is none; if it is older than
// [RenewAfter] one request renews it, and the others meanwhile get the old one. A value
// that can't be renewed lasts for [KeepFor]. Without a value the error is
// [access.ErrUnavailable].
func (s *Source[T]) Get(ctx context.Context) (Got[T], error) {
	return s.get(ctx, time.Time{})
}

// Renew returns a value that is newer than the one fetched at a time. If there can't be
// one yet, because of [Floor] or a failure, it returns what Get returns.
func (s *Source[T]) Renew(ctx context.Context, than time.Time) (Got[T], error) {
	return s.get(ctx, than)
}

func (s *Source[T]) get(ctx context.Context, than time.Time) (Got[T], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := wallTime()
	usable := s.usable(now)
	needed := !usable || !than.IsZero() && !s.fetched.After(than)
	if !needed && within(now, s.fetched, RenewAfter) {
		return s.got(now)
	}
	if current := s.current; current != nil {
		if !needed {
			return s.got(now)
		}
		s.mu.Unlock()
		select {
		case <-current:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if now = wallTime(); !s.usable(now) && ctx.Err() != nil {
			return Got[T]{}, fmt.Errorf("%w: wait for another request's fetch: %w", access.ErrUnavailable, ctx.Err())
		}
		return s.got(now)
	}
	if s.mayTry(now, usable, needed) {
		if usable && needed {
			s.asked = now
		}
		s.attempt(ctx)
	}
	return s.got(wallTime())
}

// mayTry reports whether enough time has passed for another attempt.
func (s *Source[T]) mayTry(now time.Time, usable, needed bool) bool {
	switch {
	case !usable:
		return !within(now, s.tried, RetryFloor)
	case s.failure != nil && within(now, s.tried, Floor):
		return false
	}
	return !needed || !within(now, s.asked, Floor)
}

// attempt fetches the value once. It is called with the lock held, and lets go of it
// meanwhile.
func (s *Source[T]) attempt(ctx context.Context) {
	done := make(chan struct{})
	s.current = done
	s.mu.Unlock()
	var value T
	err := errors.New("the attempt has panicked")
	defer func() {
		s.mu.Lock()
		s.tried, s.failure, s.current = wallTime(), err, nil
		if err == nil {
			s.value, s.fetched = value, s.tried
		}
		close(done)
	}()
	// The others wait for it too, so the end of this request doesn't end it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FetchTimeout)
	defer cancel()
	value, err = s.fetch(ctx)
}

// got returns what there is. It is called with the lock held.
func (s *Source[T]) got(now time.Time) (Got[T], error) {
	if s.usable(now) {
		return Got[T]{s.value, s.fetched, s.failure}, nil
	}
	return Got[T]{}, fmt.Errorf("%w: %w", access.ErrUnavailable, s.failure)
}

func (s *Source[T]) usable(now time.Time) bool { return within(now, s.fetched, KeepFor) }

// within reports whether since was less than d ago. The clock may have been set back.
func within(now, since time.Time, d time.Duration) bool {
	age := now.Sub(since)
	return !since.IsZero() && 0 <= age && age < d
}

// wallTime returns the time without its monotonic part, which may stand still while
// the platform has frozen this instance.
func wallTime() time.Time { return time.Now().Round(0) }
