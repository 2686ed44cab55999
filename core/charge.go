package core

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/spending"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// charge is what one request spends on its user's account. It takes a place for a
// concurrent run, and keeps it until it is ended; a timer renews it meanwhile, so that
// it costs no goroutine. A nil charge, where there are no limits, does nothing.
type charge struct {
	meter    store.Meter
	ticket   store.Ticket
	interval time.Duration
	failed   func(error)
	// calls is the context of the meter's calls: it outlives the client, but not the
	// request's deadline. renewing ends with the charge.
	calls, renewing context.Context
	endCalls, stop  context.CancelFunc

	// mu is held by the meter's calls, which follow one another.
	mu    sync.Mutex
	timer *time.Timer
	ended bool

	countsMu sync.Mutex
	counts   []*spending.Count
	// released is what the meter knows of, once it has freed the place.
	released   store.Tokens
	isReleased bool
}

const (
	// endPatience is how long a client waits for its terminal event because the meter
	// doesn't answer.
	endPatience = time.Second
	// closePause is how long a charge waits before it tries again to be counted.
	closePause = 200 * time.Millisecond
)

// admit lets a request in that costs a call of a model, or returns the answer to one
// that is over a limit. The charge must be closed. Without limits it is nil.
func (rt *Runtime) admit(ex *exchange) (*charge, error) {
	limits := &rt.config.Limits
	return rt.admitWithin(ex, store.Limits{
		RunsPerMinute: limits.RunsPerMinute, ConcurrentRuns: limits.ConcurrentRuns, TokensPerDay: limits.TokensPerDay,
	})
}

// admitThread does the same for a new thread, which calls no model, but would fill the
// store, or push the threads of others out of it, for free.
func (rt *Runtime) admitThread(ex *exchange) (*charge, error) {
	return rt.admitWithin(ex, store.Limits{RunsPerMinute: rt.config.Limits.RunsPerMinute})
}

func (rt *Runtime) admitWithin(ex *exchange, limits store.Limits) (*charge, error) {
	if rt.meter == nil {
		return nil, nil
	}
	c := &charge{
		meter: rt.meter, interval: rt.config.LeaseTTL / 3,
		ticket: store.Ticket{ID: rand.Text(), TTL: rt.config.LeaseTTL},
	}
	c.ticket.User, c.ticket.Unlisted = ex.account()
	// A client that leaves now is not to leave a place behind that nobody frees.
	c.calls, c.endCalls = withoutClient(ex.r.Context())
	c.renewing, c.stop = context.WithCancel(c.calls)
	c.failed = func(err error) { rt.outages.report(c.calls, rt.config.Logger, &outageError{err}) }
	ctx, cancel := context.WithTimeout(c.calls, storeTimeout)
	defer cancel()
	err := rt.meter.Admit(ctx, c.ticket, limits)
	if over := limitError(err); over != nil {
		c.discard()
		telemetry.Count(ex.r.Context(), telemetry.HitLimits, 1)
		rt.config.Logger.DebugContext(ex.r.Context(), "a request is over a limit", "limit", string(over.Limit))
		return nil, overLimit(over)
	}
	if err != nil && !rt.config.Limits.AllowUncounted {
		c.discard()
		return nil, storeError("Failed to count a run", err)
	}
	if err != nil {
		c.failed(err)
	}
	c.mu.Lock()
	c.timer = time.AfterFunc(c.interval, c.renew)
	c.mu.Unlock()
	return c, nil
}

// withoutClient returns ctx without the client's leaving, but with its deadline.
func withoutClient(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

func (c *charge) discard() {
	c.stop()
	c.endCalls()
}

// start returns a context whose agent reports what it spends, and the count of it,
// which add takes. Without limits it is there for the log.
func (c *charge) start(ctx context.Context, input []agui.Message) (context.Context, *spending.Count) {
	count := spending.New(input, c != nil)
	return agent.WithUsage(ctx, count.Report), count
}

// add adds what a call spends.
func (c *charge) add(count *spending.Count) {
	if c == nil {
		return
	}
	c.countsMu.Lock()
	defer c.countsMu.Unlock()
	c.counts = append(c.counts, count)
}

// spent sums up, with estimates when all has ended.
func (c *charge) spent(tokens func(*spending.Count) store.Tokens) store.Tokens {
	c.countsMu.Lock()
	defer c.countsMu.Unlock()
	var sum store.Tokens
	for _, count := range c.counts {
		sum = sum.Plus(tokens(count))
	}
	return sum
}

// renew keeps the place, and tells the meter what was spent until now.
func (c *charge) renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	ctx, cancel := context.WithTimeout(c.renewing, c.interval)
	defer cancel()
	if err := c.meter.Renew(ctx, c.ticket, c.spent((*spending.Count).Reported)); err != nil && c.renewing.Err() == nil {
		c.failed(err)
	}
	c.timer.Reset(c.interval)
}

// end frees the place and counts what was spent, before the client knows that its run
// has ended. It doesn't wait long for a meter that is away: close tries again.
func (c *charge) end() {
	if c != nil {
		c.release(endPatience)
	}
}

// close ends the charge, and counts what was spent since.
func (c *charge) close() {
	if c == nil {
		return
	}
	defer c.discard()
	for patience := time.Now().Add(c.interval); !c.release(time.Until(patience)); {
		if time.Until(patience) < closePause || pause.Sleep(c.calls, closePause) != nil {
			return
		}
	}
}

// release makes one call of the meter, unless that knows all. It reports whether it
// does.
func (c *charge) release(limit time.Duration) bool {
	c.stop() // a renewal under way
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.timer.Stop()
	spent := c.spent((*spending.Count).Tokens)
	if c.isReleased && spent == c.released {
		return true
	}
	ctx, cancel := context.WithTimeout(c.calls, limit)
	defer cancel()
	if err := c.meter.Release(ctx, c.ticket, spent); err != nil {
		c.failed(err)
		return false
	}
	c.released, c.isReleased = spent, true
	return true
}
