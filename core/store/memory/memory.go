// Package memory keeps threads in the memory of one process: they are gone when
// it ends, and no other process sees them.
package memory

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// Limits bounds a [Store]. A negative field means no limit.
type Limits struct {
	// MaxThreads is the most threads that are kept. If zero, defaults to 1000.
	MaxThreads int
	// MaxRunsPerThread is the most finished runs that are kept of a thread; the
	// oldest go first. If zero, defaults to 100.
	MaxRunsPerThread int
	// MaxBytes is about the most memory that the threads may take. If zero,
	// defaults to 512 MiB.
	MaxBytes int64
	// MaxUsers is the most users whose spending is counted (see [store.Meter]), and
	// also the most addresses; of others the count begins anew. Those with a live run
	// are never forgotten. If zero, defaults to 10,000.
	MaxUsers int
}

// Store is a [store.Store] in memory. Beyond its limits it forgets the least
// recently used threads, but never one with a live run, nor the one that was
// just written: live runs can take it over its limits.
type Store struct {
	limits Limits

	mu      sync.Mutex
	closed  bool
	threads map[store.Key]*thread
	// Every thread is in one of two lists: those without an unfinished run, least
	// recently used first, and those with one, least recently renewed first. So
	// what to forget is always in front.
	idle, busy *list.List
	bytes      int64
	meter      meter
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New(limits Limits) *Store {
	if limits.MaxThreads == 0 {
		limits.MaxThreads = 1000
	}
	if limits.MaxRunsPerThread == 0 {
		limits.MaxRunsPerThread = 100
	}
	if limits.MaxBytes == 0 {
		limits.MaxBytes = 512 << 20
	}
	if limits.MaxUsers == 0 {
		limits.MaxUsers = 10_000
	}
	return &Store{
		limits: limits, threads: make(map[store.Key]*thread), idle: list.New(), busy: list.New(),
		meter: meter{accounts: make(map[string]*account)},
	}
}

// Begin implements [store.Store].
func (s *Store) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	now := time.Now()
	t := s.threads[request.Key]
	if t == nil {
		t = s.add(request.Key, request.AgentID, now)
	}
	if unfinished := t.unfinished; unfinished != nil {
		if unfinished.expired(now) {
			return nil, store.ErrOrphaned
		}
		if unfinished.stopped {
			return nil, store.ErrStopping
		}
		return nil, store.ErrLocked
	}
	l := &lease{
		store: s, thread: t,
		runID: request.RunID, agentID: request.AgentID, parentRunID: t.lastRunID,
		seen:     t.seen(request.MessageIDs),
		firstSeq: t.lastSeq + 1, live: &live{},
		ttl: request.TTL, expires: now.Add(request.TTL),
		before: t.info,
	}
	l.ended, l.end = context.WithCancel(context.Background())
	t.info.AgentID = request.AgentID
	t.info.UpdatedAt, t.info.LastRunAt = wall(now), wall(now)
	t.unfinished = l
	s.idle.Remove(t.place)
	t.place = s.busy.PushBack(t)
	t.wake()
	s.evict(t)
	return l, nil
}

// Adopt implements [store.Store].
func (s *Store) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	t := s.threads[key]
	if t == nil || t.unfinished == nil {
		return nil, store.ErrNotFound
	}
	now := time.Now()
	former := t.unfinished
	if !former.expired(now) {
		return nil, store.ErrLocked
	}
	l := &lease{
		store: s, thread: t,
		runID: former.runID, agentID: former.agentID, parentRunID: former.parentRunID,
		seen:     map[string]bool{},
		firstSeq: former.firstSeq, live: former.live, bytes: former.bytes,
		ttl: ttl, expires: now.Add(ttl),
		before: former.before,
	}
	l.ended, l.end = context.WithCancel(context.Background())
	t.unfinished = l
	s.busy.MoveToBack(t.place)
	former.end()
	t.wake()
	return l, nil
}

// Stop implements [store.Store].
func (s *Store) Stop(ctx context.Context, key store.Key, runID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return false, err
	}
	t := s.threads[key]
	if t == nil || t.unfinished == nil {
		return false, nil
	}
	l := t.unfinished
	if l.stopped || l.expired(time.Now()) || runID != "" && runID != l.runID {
		return false, nil
	}
	l.stopped = true
	l.end()
	return true, nil
}

// Close forgets all threads.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, t := range s.threads {
		s.remove(t)
	}
	s.meter = meter{}
	return nil
}

// usable returns why a call can't be served, nil if it can. The caller holds mu.
func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return errClosed
	}
	return ctx.Err()
}

var errClosed = fmt.Errorf("%w: memory store is closed", store.ErrUnavailable)

// add adds an empty thread. The caller holds mu.
func (s *Store) add(key store.Key, agentID string, now time.Time) *thread {
	t := &thread{
		info:  store.Thread{Key: key, AgentID: agentID, CreatedAt: wall(now), UpdatedAt: wall(now)},
		bytes: int64(len(key.Owner)+len(key.ID)) + threadOverhead,
	}
	t.place = s.idle.PushBack(t)
	s.threads[key] = t
	s.bytes += t.bytes
	return t
}

// remove forgets a thread; a live run loses its lease. The caller holds mu.
func (s *Store) remove(t *thread) {
	delete(s.threads, t.info.Key)
	s.bytes -= t.bytes
	if t.unfinished == nil {
		s.idle.Remove(t.place)
	} else {
		s.busy.Remove(t.place)
		t.unfinished.end()
		t.unfinished = nil
	}
	t.wake()
}

// evict forgets threads until the limits hold, the least recently used first.
// If all are busy it forgets those with an orphaned run. The caller holds mu, and
// has just written keep.
func (s *Store) evict(keep *thread) {
	for s.full() {
		victim := s.idle.Front()
		if victim == nil || victim.Value == keep {
			victim = s.busy.Front()
		}
		if victim == nil {
			return
		}
		t := victim.Value.(*thread)
		if t == keep || t.unfinished != nil && !t.unfinished.expired(time.Now()) {
			return
		}
		s.remove(t)
	}
}

func (s *Store) full() bool {
	return s.limits.MaxThreads > 0 && len(s.threads) > s.limits.MaxThreads ||
		s.limits.MaxBytes > 0 && s.bytes > s.limits.MaxBytes
}

// wall strips the monotonic clock's reading, so that times order as they are
// shown, and go on while a platform freezes the instance.
func wall(now time.Time) time.Time { return now.Round(0) }
