package platform

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

const (
	// maxKeys is how many keys are kept. A load balancer uses one at a time.
	maxKeys = 16
	// maxNewKeys is how many ids that weren't known are asked for in newKeysPer, so that
	// tokens with invented ids can't make this runtime flood the place of the keys.
	maxNewKeys = 16
	newKeysPer = jwt.Floor
)

// keyCache keeps keys that are fetched one at a time by their ids. It is safe for
// concurrent use.
type keyCache struct {
	fetch func(ctx context.Context, id string) (*ecdsa.PublicKey, error)

	mu      sync.Mutex
	entries map[string]*keyEntry
	// asked counts the ids that were asked for since.
	asked int
	since time.Time
}

type keyEntry struct {
	source *jwt.Source[*ecdsa.PublicKey]
	// used is when the key last served, or when its entry was made.
	used time.Time
	// good is set once there is a key.
	good bool
}

func newKeyCache(fetch func(context.Context, string) (*ecdsa.PublicKey, error)) *keyCache {
	return &keyCache{fetch: fetch, entries: make(map[string]*keyEntry)}
}

// get returns the key of an id. The error is errNoSuchKey or [access.ErrUnavailable].
func (c *keyCache) get(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	entry, err := c.entry(id)
	if err != nil {
		return nil, err
	}
	got, err := entry.source.Get(ctx)
	if errors.Is(err, errNoSuchKey) || errors.Is(got.Stale, errNoSuchKey) {
		return nil, errNoSuchKey
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.good, entry.used = true, time.Now()
	return got.Value, nil
}

// entry returns the entry of an id, a new one if there is none yet.
func (c *keyCache) entry(id string) (*keyEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry := c.entries[id]; entry != nil {
		return entry, nil
	}
	now := time.Now().Round(0) // the monotonic clock stands still in a frozen instance
	if now.Sub(c.since).Abs() >= newKeysPer {
		c.asked, c.since = 0, now
	}
	if c.asked == maxNewKeys {
		return nil, fmt.Errorf("%w: too many keys that aren't known", access.ErrUnavailable)
	}
	c.asked++
	if len(c.entries) == maxKeys {
		c.evict()
	}
	fetch := func(ctx context.Context) (*ecdsa.PublicKey, error) { return c.fetch(ctx, id) }
	entry := &keyEntry{source: jwt.NewSource(fetch), used: now}
	c.entries[id] = entry
	return entry, nil
}

// evict removes the entry that serves least: one without a key before one with a key,
// and of these the one that hasn't been used for longest.
func (c *keyCache) evict() {
	var least string
	for id, entry := range c.entries {
		other := c.entries[least]
		if other == nil || other.good && !entry.good || other.good == entry.good && entry.used.Before(other.used) {
			least = id
		}
	}
	delete(c.entries, least)
}
