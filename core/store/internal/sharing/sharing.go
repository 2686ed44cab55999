// Package sharing lets those who want to read the same at the same time read it once.
package sharing

import (
	"context"
	"sync"
)

// Readings are the readings under way, by what they read. The zero value has none. It is
// safe for concurrent use.
type Readings[K comparable, V any] struct {
	mu       sync.Mutex
	underWay map[K]*reading[V]
}

// reading is one of them. What came of it may be read when done is closed.
type reading[V any] struct {
	done  chan struct{}
	value V
	err   error
	// abandoned is set when the reading ended with the context of its caller.
	abandoned bool
}

// Do returns what read does, or what it does for somebody who has asked for the same and
// still waits: the first who asks makes the reading. When the context of the first one
// ends too soon for that, another one makes it again. The value is shared, so it must not
// be changed.
func (r *Readings[K, V]) Do(ctx context.Context, key K, read func() (V, error)) (V, error) {
	for {
		r.mu.Lock()
		shared, found := r.underWay[key]
		if !found {
			shared = &reading[V]{done: make(chan struct{})}
			if r.underWay == nil {
				r.underWay = make(map[K]*reading[V])
			}
			r.underWay[key] = shared
		}
		r.mu.Unlock()
		if !found {
			shared.value, shared.err = read()
			shared.abandoned = shared.err != nil && ctx.Err() != nil
			r.mu.Lock()
			delete(r.underWay, key)
			r.mu.Unlock()
			close(shared.done)
			return shared.value, shared.err
		}
		select {
		case <-shared.done:
			if !shared.abandoned {
				return shared.value, shared.err
			}
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
}
