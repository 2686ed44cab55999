package store

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// MemoryLimits bounds a [Memory] store. A zero field means the default, a
// negative one no limit.
type MemoryLimits struct {
	// MaxThreads is the most threads that are kept, 1000 by default.
	MaxThreads int
	// MaxRunsPerThread is the most finished runs that are kept of a thread, 100
	// by default. The oldest go first.
	MaxRunsPerThread int
	// MaxBytes is about the most memory that the threads may take, 512 MiB by
	// default.
	MaxBytes int64
}

// Memory is a store in this process's memory: it is gone when the process ends,
// and no other process sees it. Beyond its limits it forgets the least recently
// used threads, but never one with a live run, nor the one that was just
// written; so live runs alone can take it over its limits.
type Memory struct {
	limits MemoryLimits
	closed chan struct{}

	mu      sync.Mutex
	threads map[Key]*memoryThread
	// idle holds the threads without an unfinished run, least recently used
	// first.
	idle  *list.List
	bytes int64
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store in memory.
func NewMemory(limits MemoryLimits) *Memory {
	if limits.MaxThreads == 0 {
		limits.MaxThreads = 1000
	}
	if limits.MaxRunsPerThread == 0 {
		limits.MaxRunsPerThread = 100
	}
	if limits.MaxBytes == 0 {
		limits.MaxBytes = 512 << 20
	}
	return &Memory{
		limits:  limits,
		closed:  make(chan struct{}),
		threads: make(map[Key]*memoryThread),
		idle:    list.New(),
	}
}

// Begin implements [Store].
func (m *Memory) Begin(ctx context.Context, request BeginRequest) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	now := time.Now()
	thread := m.threads[request.Key]
	if thread == nil {
		thread = m.add(request.Key, now)
		thread.info.AgentID = request.AgentID
	}
	if lease := thread.unfinished; lease != nil {
		if lease.expired(now) {
			return nil, ErrOrphaned
		}
		return nil, ErrLocked
	}
	lease := &memoryLease{
		store: m, thread: thread,
		runID: request.RunID, agentID: request.AgentID, parentRunID: thread.lastRunID,
		seen:     thread.seen(request.MessageIDs),
		firstSeq: thread.lastSeq + 1,
		ttl:      request.TTL, expires: now.Add(request.TTL),
		stop: make(chan struct{}), lost: make(chan struct{}),
		before: thread.info,
	}
	thread.info.AgentID = request.AgentID
	thread.info.UpdatedAt, thread.info.LastRunAt = wall(now), wall(now)
	thread.unfinished = lease
	m.idle.Remove(thread.idle)
	thread.idle = nil
	thread.wake()
	m.evict(thread)
	return lease, nil
}

// Adopt implements [Store].
func (m *Memory) Adopt(ctx context.Context, key Key, ttl time.Duration) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	thread := m.threads[key]
	if thread == nil || thread.unfinished == nil {
		return nil, ErrNotFound
	}
	now := time.Now()
	former := thread.unfinished
	if !former.expired(now) {
		return nil, ErrLocked
	}
	lease := &memoryLease{
		store: m, thread: thread,
		runID: former.runID, agentID: former.agentID, parentRunID: former.parentRunID,
		seen:     map[string]bool{},
		firstSeq: former.firstSeq, records: former.records, bytes: former.bytes,
		ttl: ttl, expires: now.Add(ttl),
		stop: make(chan struct{}), lost: make(chan struct{}),
		before: former.before,
	}
	thread.unfinished = lease
	close(former.lost)
	thread.wake()
	return lease, nil
}

// Stop implements [Store].
func (m *Memory) Stop(ctx context.Context, key Key, runID string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return false, err
	}
	thread := m.threads[key]
	if thread == nil || thread.unfinished == nil {
		return false, nil
	}
	lease := thread.unfinished
	if lease.stopped || lease.expired(time.Now()) || runID != "" && runID != lease.runID {
		return false, nil
	}
	lease.stopped = true
	close(lease.stop)
	return true, nil
}

// Close implements [Store]. What is kept is gone.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.closed:
	default:
		close(m.closed)
		m.threads = make(map[Key]*memoryThread)
		m.idle.Init()
		m.bytes = 0
	}
	return nil
}

// usable says why a call can't be served. The caller holds mu.
func (m *Memory) usable(ctx context.Context) error {
	select {
	case <-m.closed:
		return errMemoryClosed
	default:
		return ctx.Err()
	}
}

var errMemoryClosed = fmt.Errorf("%w: memory store is closed", ErrUnavailable)

// add makes an empty thread. The caller holds mu.
func (m *Memory) add(key Key, now time.Time) *memoryThread {
	thread := &memoryThread{info: Thread{Key: key, CreatedAt: wall(now), UpdatedAt: wall(now)}}
	thread.idle = m.idle.PushBack(thread)
	thread.bytes = int64(len(key.Owner)+len(key.ID)) + threadOverhead
	m.threads[key] = thread
	m.bytes += thread.bytes
	return thread
}

// remove forgets a thread; a live run loses its lease. The caller holds mu.
func (m *Memory) remove(thread *memoryThread) {
	delete(m.threads, thread.info.Key)
	m.bytes -= thread.bytes
	if thread.idle != nil {
		m.idle.Remove(thread.idle)
		thread.idle = nil
	}
	if thread.unfinished != nil {
		close(thread.unfinished.lost)
		thread.unfinished = nil
	}
	thread.wake()
}

// evict forgets threads until the limits hold, the least recently used first,
// but never keep. The caller holds mu.
func (m *Memory) evict(keep *memoryThread) {
	for m.full() {
		oldest := m.idle.Front()
		if oldest == nil || oldest.Value == keep {
			break
		}
		m.remove(oldest.Value.(*memoryThread))
	}
	if !m.full() || m.idle.Len() > 1 {
		return
	}
	// All are busy. Runs whose holder gave up without finishing are not.
	now := time.Now()
	for _, thread := range m.threads {
		if lease := thread.unfinished; lease != nil && lease.expired(now) && thread != keep {
			m.remove(thread)
			if !m.full() {
				return
			}
		}
	}
}

func (m *Memory) full() bool {
	return m.limits.MaxThreads > 0 && len(m.threads) > m.limits.MaxThreads ||
		m.limits.MaxBytes > 0 && m.bytes > m.limits.MaxBytes
}

// wall strips the reading of the monotonic clock, so that times order as they
// are shown.
func wall(now time.Time) time.Time { return now.Round(0) }
