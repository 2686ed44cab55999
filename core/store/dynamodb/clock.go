package dynamodb

import (
	"sync"
	"time"
)

// resolution is that of the Date in an answer.
const resolution = time.Second

// sampleAge is after how long what was learned of the server's clock is learned anew:
// clocks drift.
const sampleAge = 10 * time.Minute

// clock knows between which bounds the server's clock is. Each answer has its date, to
// the second, and was made between the sending of its request and its arrival; several
// of them narrow the bounds down.
type clock struct {
	now func() time.Time

	mu    sync.Mutex
	since time.Time // zero before the first answer
	// low and high bound what the server's clock is ahead of this machine's.
	low, high time.Duration
}

// observe takes the date of an answer.
func (c *clock) observe(sent, received, date time.Time) {
	// Without the monotonic part: it may have stood still in a frozen instance.
	sent, received = sent.Round(0), received.Round(0)
	low, high := date.Sub(received), date.Add(resolution).Sub(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() || received.Sub(c.since).Abs() > sampleAge || low > c.high || high < c.low {
		c.since, c.low, c.high = received, low, high
		return
	}
	c.low, c.high = max(c.low, low), min(c.high, high)
}

// earliest returns the time that it is at the server at least.
func (c *clock) earliest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Round(0).Add(c.low)
}

// latest returns the time that it is at the server at most.
func (c *clock) latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Round(0).Add(c.high)
}

// time returns the time by this machine's clock, set right as far as it contradicts the
// server's.
func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Round(0).Add(max(c.low, 0) + min(c.high, 0))
}
