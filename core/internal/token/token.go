// Package token keeps access tokens that are good for a while, and gets the next one
// ahead of time.
package token

import (
	"context"
	"sync"
	"time"
)

// Token is an access token.
type Token struct {
	Value string
	// Expiry is when it ends, by the wall clock: the other one stands still while a
	// platform freezes the instance.
	Expiry time.Time
}

// Source gets a new token.
type Source func(ctx context.Context) (Token, error)

const (
	// early is how long before its end a token is replaced.
	early = 5 * time.Minute
	// slack is how long before its end a token isn't used any more.
	slack = 10 * time.Second
	// interval is how long a token that is still good is kept after an attempt to
	// replace it: some sources give out the same one until shortly before its end.
	interval = 30 * time.Second
	// limit is how long an attempt may take.
	limit = 20 * time.Second
)

// Cache keeps the token of a source. It is safe for concurrent use.
type Cache struct {
	source Source
	// turn is held by the caller who is getting a token.
	turn chan struct{}

	mu    sync.Mutex
	token Token
	// again is when a token that is still good may be replaced.
	again time.Time
	// attempts counts those that have ended, the last one with err.
	attempts int
	err      error
}

// NewCache returns a cache without a token.
func NewCache(source Source) *Cache {
	return &Cache{source: source, turn: make(chan struct{}, 1)}
}

// Get returns a token that is good for at least ten seconds. It gets one from the source
// if there is none, and five minutes before the end of the last one. Only one caller
// does so at a time: the others go on with the last token, or wait if it has ended, and
// fail with the caller that they have waited for. An attempt fails after 20 seconds.
func (c *Cache) Get(ctx context.Context) (string, error) {
	before := c.look()
	switch {
	case before.good && !before.due:
		return before.token, nil
	case before.good:
		select {
		case c.turn <- struct{}{}:
		default:
			return before.token, nil
		}
	default:
		select {
		case c.turn <- struct{}{}:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	defer func() { <-c.turn }()
	now := c.look()
	switch {
	case now.good && !now.due:
		return now.token, nil
	case !now.good && now.attempts != before.attempts && now.err != nil:
		return "", now.err
	}
	attempt, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	token, err := c.source(attempt)
	if err != nil && ctx.Err() != nil {
		// The caller has left: this says nothing about the source.
		return "", context.Cause(ctx)
	}
	c.keep(token, err)
	switch {
	case err == nil:
		return token.Value, nil
	case now.good:
		return now.token, nil
	}
	return "", err
}

// Forget drops a token that its server no longer accepts. The next Get gets another.
func (c *Cache) Forget(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.Value == value {
		c.token, c.again = Token{}, time.Time{}
	}
}

// view is what a cache holds at one time.
type view struct {
	token     string
	good, due bool
	attempts  int
	err       error
}

func (c *Cache) look() view {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().Round(0)
	return view{
		token:    c.token.Value,
		good:     c.token.Value != "" && now.Before(c.token.Expiry.Add(-slack)),
		due:      !now.Before(c.token.Expiry.Add(-early)) && !now.Before(c.again),
		attempts: c.attempts,
		err:      c.err,
	}
}

func (c *Cache) keep(token Token, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts++
	c.err = err
	c.again = time.Now().Round(0).Add(interval)
	if err == nil {
		c.token = Token{token.Value, token.Expiry.Round(0)}
	}
}
