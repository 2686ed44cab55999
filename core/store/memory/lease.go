package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// lease is the right to write one run. The store's mu guards what changes.
type lease struct {
	store  *Store
	thread *thread

	runID, agentID, parentRunID string
	seen                        map[string]bool

	firstSeq int64
	live     *live
	bytes    int64
	ttl      time.Duration
	expires  time.Time
	// holds is set while the lease doesn't expire.
	holds   bool
	stopped bool
	// ended ends when the run is asked to stop, or the lease is lost; end ends it.
	ended context.Context
	end   context.CancelFunc
	// before is the thread as Begin found it, for a run that leaves no trace.
	before store.Thread
}

var _ store.LocalLease = (*lease)(nil)

func (l *lease) RunID() string         { return l.runID }
func (l *lease) AgentID() string       { return l.agentID }
func (l *lease) ParentRunID() string   { return l.parentRunID }
func (l *lease) Seen() map[string]bool { return l.seen }

func (l *lease) NextSeq() int64 {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return l.thread.lastSeq + 1
}

func (l *lease) Append(ctx context.Context, records []store.Record) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if err := l.held(ctx); err != nil {
		return err
	}
	next := l.thread.lastSeq + 1
	for len(records) > 0 && records[0].Seq < next {
		records = records[1:]
	}
	if len(records) == 0 {
		return nil
	}
	for i, record := range records {
		if want := next + int64(i); record.Seq != want {
			return fmt.Errorf("append record %d where %d is next", record.Seq, want)
		}
	}
	var bytes int64
	for _, record := range records {
		bytes += l.live.add(record)
	}
	l.thread.lastSeq = records[len(records)-1].Seq
	l.grow(bytes)
	l.thread.wake()
	l.store.evict(l.thread)
	return nil
}

func (l *lease) Renew(ctx context.Context) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if err := l.held(ctx); err != nil {
		return err
	}
	l.expires = time.Now().Add(l.ttl)
	l.store.busy.MoveToBack(l.thread.place)
	return nil
}

// Hold implements [store.LocalLease].
func (l *lease) Hold() (release func()) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.holds = true
	return func() {
		l.store.mu.Lock()
		defer l.store.mu.Unlock()
		l.holds, l.expires = false, time.Now().Add(l.ttl)
		if l.thread.unfinished == l {
			l.thread.wake() // who waits for the lease to expire
		}
	}
}

// Ended implements [store.LocalLease].
func (l *lease) Ended() context.Context { return l.ended }

func (l *lease) AwaitStop(ctx context.Context) error {
	for {
		l.store.mu.Lock()
		err := l.held(ctx)
		stopped, remaining := l.stopped, l.remaining()
		l.store.mu.Unlock()
		if err != nil || stopped {
			return err
		}
		if pause.Wait(ctx, remaining, l.ended.Done()) != nil {
			return ctx.Err()
		}
	}
}

func (l *lease) Finish(ctx context.Context, result *store.Result) error {
	s, t := l.store, l.thread
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := l.held(ctx); err != nil {
		return err
	}
	l.end()
	l.grow(-l.bytes)
	t.unfinished = nil
	s.busy.Remove(t.place)
	t.place = s.idle.PushBack(t)
	switch {
	case result != nil:
		s.bytes += t.finish(l.runID, result, s.limits.MaxRunsPerThread)
		t.wake()
		s.evict(t)
	case t.kept:
		t.info.AgentID = l.before.AgentID
		t.info.UpdatedAt = l.before.UpdatedAt
		t.info.LastRunAt = l.before.LastRunAt
		t.wake()
	default:
		s.remove(t)
	}
	return nil
}

// held returns why the lease can't be used, nil if it can. The caller holds the
// store's mu.
func (l *lease) held(ctx context.Context) error {
	if err := l.store.usable(ctx); err != nil {
		return err
	}
	if l.thread.unfinished != l || l.expired(time.Now()) {
		return store.ErrLeaseLost
	}
	return nil
}

func (l *lease) expired(now time.Time) bool { return !l.holds && !now.Before(l.expires) }

// remaining returns for how long the lease holds, as far as is known. The caller holds the
// store's mu.
func (l *lease) remaining() time.Duration {
	if l.holds {
		return time.Hour // and then it may still be held
	}
	return time.Until(l.expires)
}

// grow accounts for bytes of the live run. The caller holds the store's mu.
func (l *lease) grow(bytes int64) {
	l.bytes += bytes
	l.thread.bytes += bytes
	l.store.bytes += bytes
}
