// Package fresh keeps credentials that expire.
package fresh

import (
	"context"
	"sync"
	"time"
)

const (
	// ahead is how long before its end a credential is renewed.
	ahead = 5 * time.Minute
	// undated is how long a credential is kept that names no end. Where it comes from
	// may have another one by then.
	undated = 15 * time.Minute
	// fetchLimit bounds how long a credential may take, renewLimit the same while there
	// is one that is still good.
	fetchLimit = 10 * time.Second
	renewLimit = 3 * time.Second
	// patience is how long an attempt to renew a credential that is still good isn't
	// repeated after it has failed.
	patience = 30 * time.Second
)

// Cache keeps a credential, and renews it before it ends. Nothing runs between calls of
// Get, so an instance may be frozen meanwhile. It is safe for concurrent use.
type Cache[T any] struct {
	// Fetch fetches a credential and the time when it ends, zero if that isn't known.
	// It is never called twice at the same time.
	Fetch func(ctx context.Context) (T, time.Time, error)

	mu    sync.Mutex // guards all below
	value T
	// ends is zero if there is no value.
	ends, renew time.Time
	running     *flight
}

// flight is one call of Fetch.
type flight struct {
	done chan struct{}
	// err is set before done is closed, unless the caller has left.
	err error
}

// Get returns the credential. While one caller renews it, the others get the one that
// is still good; if there is none, they wait. A failure is returned to all who wait for
// it, and not kept.
func (c *Cache[T]) Get(ctx context.Context) (T, error) {
	var none T
	for {
		c.mu.Lock()
		now := time.Now().Round(0) // a frozen instance's monotonic clock may stand still
		good := now.Before(c.ends)
		if good && (now.Before(c.renew) || c.running != nil) {
			value := c.value
			c.mu.Unlock()
			return value, nil
		}
		other := c.running
		if other == nil {
			mine := &flight{done: make(chan struct{})}
			c.running = mine
			c.mu.Unlock()
			return c.fetch(ctx, mine, good)
		}
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return none, context.Cause(ctx)
		case <-other.done:
			if other.err != nil {
				return none, other.err
			}
		}
	}
}

// fetch fetches the credential. If that fails while there is a good one, it returns
// that.
func (c *Cache[T]) fetch(ctx context.Context, mine *flight, good bool) (value T, err error) {
	limit := fetchLimit
	if good {
		limit = renewLimit
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer func() { // even if Fetch panics
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		close(mine.done)
	}()
	value, ends, err := c.Fetch(limited)
	now := time.Now().Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.value, c.ends, c.renew = value, ends.Round(0), ends.Round(0).Add(-ahead)
		if ends.IsZero() {
			c.ends, c.renew = now.Add(2*undated), now.Add(undated)
		}
		return value, nil
	case good:
		c.renew = now.Add(patience)
		return c.value, nil
	case ctx.Err() != nil:
		return value, context.Cause(ctx) // those who wait try themselves
	}
	mine.err = err
	return value, err
}
