package dynamodb

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// releaseTimeout is for giving back a lease that may not have been given.
const releaseTimeout = time.Second

type lease struct {
	store   *Store
	key     store.Key
	token   string
	ttl     time.Duration
	runID   string
	agentID string
	parent  string
	seen    map[string]bool
	next    int64
	// adopted is set if the run had another holder.
	adopted bool

	// blocks are the keys of the run's blocks, and garbage is what nobody reads: both
	// are removed when the run is finished.
	blocks, garbage []string
	// unsure is set when a Finish may have been done.
	unsure bool

	// ended is closed when the run is asked to stop, or the lease is lost.
	ended chan struct{}

	mu sync.Mutex
	// head is what is known of the thread's head.
	head head
	// until is when the lease runs out, by this machine's clock.
	until         time.Time
	stopped, lost bool
}

func (l *lease) RunID() string         { return l.runID }
func (l *lease) AgentID() string       { return l.agentID }
func (l *lease) ParentRunID() string   { return l.parent }
func (l *lease) Seen() map[string]bool { return l.seen }
func (l *lease) NextSeq() int64        { return l.next }

// Renew takes one write, and a reading more if somebody else has changed the thread.
func (l *lease) Renew(ctx context.Context) error {
	if l.isLost() {
		return store.ErrLeaseLost
	}
	s := l.store
	known := l.known()
	sent := s.clock.now()
	h, err := s.change(ctx, l.key, &known, func(h *head) error {
		if h.token != l.token {
			return store.ErrLeaseLost
		}
		h.seq = l.next - 1
		h.renew(l.ttl, s.clock, s.limits)
		return nil
	})
	if errors.Is(err, store.ErrLeaseLost) {
		l.end(false)
	}
	if err != nil {
		return failed(ctx, "renew the lease of run "+l.runID, err)
	}
	l.renewed(h, sent)
	return nil
}

// AwaitStop asks for the head now and then, together with the thread's followers in
// this process.
func (l *lease) AwaitStop(ctx context.Context) error {
	s := l.store
	t := s.join(l.key, false)
	defer s.leave(l.key, t, false)
	t.hold(l.known())
	for {
		changed := t.next()
		select {
		case <-l.ended:
			if l.isLost() {
				return store.ErrLeaseLost
			}
			return nil
		default:
		}
		if l.isLost() {
			return store.ErrLeaseLost
		}
		if h, known := t.glimpse(s.clock.now()); known {
			switch {
			case h.token == l.token && h.stop != "":
				l.end(true)
				continue
			case h.token != l.token:
				// What was glimpsed may be older than the lease.
				now, err := s.readHead(ctx, l.key)
				if err == nil && now.token != l.token {
					l.end(false)
					continue
				}
				if err == nil {
					t.show(now, s.clock.now())
					continue
				}
			}
		}
		err := s.await(ctx, l.key, t, changed, l.ended, l.remaining())
		if err != nil && (ctx.Err() != nil || s.isClosed() || !errors.Is(err, store.ErrUnavailable)) {
			return failed(ctx, "await a stop of run "+l.runID, err)
		}
		// While it is away it may come back, until the lease runs out.
	}
}

// release gives back a lease that may have been given: nobody holds it, and it would
// lock the thread until it expires.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_ = l.finish(ctx, nil)
}

// renewed records a head that has been written, and when that was asked for: others count
// the term from then, too, however late the answer is.
func (l *lease) renewed(h head, sent time.Time) {
	l.mu.Lock()
	l.head = h
	l.until = sent.Add(l.ttl)
	l.mu.Unlock()
	if h.stop != "" {
		l.end(true)
	}
}

func (l *lease) known() head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// end records that the run was asked to stop, or else that the lease is lost.
func (l *lease) end(stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped && !l.lost {
		close(l.ended)
	}
	l.stopped = l.stopped || stopped
	l.lost = l.lost || !stopped
}

// isLost reports whether nothing can be written any more.
func (l *lease) isLost() bool {
	if l.remaining() <= 0 {
		l.end(false)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// remaining returns how long the holder may go on: until its term is over by either of
// the machine's clocks, of which one may have stood still while the instance was frozen.
func (l *lease) remaining() time.Duration {
	now := l.store.clock.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(l.until.Sub(now), l.until.Round(0).Sub(now.Round(0)))
}
