package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// memoryLease is the right to write one run of a [Memory]. The store's mu
// guards what changes.
type memoryLease struct {
	store  *Memory
	thread *memoryThread

	runID, agentID, parentRunID string
	seen                        map[string]bool

	firstSeq int64
	records  []Record
	bytes    int64
	ttl      time.Duration
	expires  time.Time
	stopped  bool
	// stop is closed when the run is asked to stop, lost when the lease is gone.
	stop, lost chan struct{}
	// before is the thread as Begin found it, for a run that leaves no trace.
	before Thread
}

func (l *memoryLease) RunID() string         { return l.runID }
func (l *memoryLease) AgentID() string       { return l.agentID }
func (l *memoryLease) ParentRunID() string   { return l.parentRunID }
func (l *memoryLease) Seen() map[string]bool { return l.seen }

func (l *memoryLease) NextSeq() int64 {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return l.thread.lastSeq + 1
}

func (l *memoryLease) Append(ctx context.Context, records []Record) error {
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
	var bytes int64
	for i, record := range records {
		if want := next + int64(i); record.Seq != want {
			return fmt.Errorf("append record %d where %d is next", record.Seq, want)
		}
		bytes += recordBytes(record)
	}
	l.records = append(l.records, records...)
	l.thread.lastSeq = records[len(records)-1].Seq
	l.grow(bytes)
	l.thread.wake()
	l.store.evict(l.thread)
	return nil
}

func (l *memoryLease) Renew(ctx context.Context) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if err := l.held(ctx); err != nil {
		return err
	}
	l.expires = time.Now().Add(l.ttl)
	return nil
}

func (l *memoryLease) AwaitStop(ctx context.Context) error {
	for {
		l.store.mu.Lock()
		err := l.held(ctx)
		expires := l.expires
		l.store.mu.Unlock()
		if err != nil {
			return err
		}
		expiry := time.NewTimer(time.Until(expires))
		select {
		case <-l.stop:
			expiry.Stop()
			return nil
		case <-l.lost:
		case <-expiry.C:
		case <-ctx.Done():
		case <-l.store.closed:
		}
		expiry.Stop()
	}
}

func (l *memoryLease) Finish(ctx context.Context, result *Result) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if err := l.held(ctx); err != nil {
		return err
	}
	thread := l.thread
	close(l.lost)
	thread.unfinished = nil
	thread.idle = l.store.idle.PushBack(thread)
	l.grow(-l.bytes)
	if result == nil {
		if !thread.kept {
			l.store.remove(thread)
			return nil
		}
		thread.info.AgentID = l.before.AgentID
		thread.info.UpdatedAt = l.before.UpdatedAt
		thread.info.LastRunAt = l.before.LastRunAt
		thread.wake()
		return nil
	}
	thread.finish(l.runID, result, l.store)
	thread.wake()
	l.store.evict(thread)
	return nil
}

// finish adds a finished run, and forgets the oldest beyond the limit.
func (t *memoryThread) finish(runID string, result *Result, m *Memory) {
	run := memoryRun{records: slices.Clip(result.Records), messageIDs: result.MessageIDs}
	for _, record := range run.records {
		run.bytes += recordBytes(record)
	}
	for _, id := range run.messageIDs {
		run.bytes += int64(len(id)) + 16
	}
	if t.messageIDs == nil {
		t.messageIDs = make(map[string]int)
	}
	for _, id := range run.messageIDs {
		t.messageIDs[id]++
	}
	t.bytes += run.bytes
	m.bytes += run.bytes
	t.runs = append(t.runs, run)
	t.lastRunID = runID
	t.kept = true
	if len(run.records) > 0 {
		t.lastSeq = max(t.lastSeq, run.records[len(run.records)-1].Seq)
	}
	t.info.UpdatedAt = wall(time.Now())

	change := snapshotBytes(&result.Snapshot) - snapshotBytes(t.snapshot)
	t.bytes += change
	m.bytes += change
	t.snapshot = &result.Snapshot

	for m.limits.MaxRunsPerThread > 0 && len(t.runs) > m.limits.MaxRunsPerThread {
		oldest := t.runs[0]
		for _, id := range oldest.messageIDs {
			if t.messageIDs[id]--; t.messageIDs[id] == 0 {
				delete(t.messageIDs, id)
			}
		}
		t.bytes -= oldest.bytes
		m.bytes -= oldest.bytes
		t.runs[0] = memoryRun{}
		t.runs = t.runs[1:]
	}
}

// held says why the lease can't be used. The caller holds the store's mu.
func (l *memoryLease) held(ctx context.Context) error {
	if err := l.store.usable(ctx); err != nil {
		return err
	}
	if l.thread.unfinished != l || l.expired(time.Now()) {
		return ErrLeaseLost
	}
	return nil
}

func (l *memoryLease) expired(now time.Time) bool { return !now.Before(l.expires) }

// grow accounts for bytes of the live run.
func (l *memoryLease) grow(bytes int64) {
	l.bytes += bytes
	l.thread.bytes += bytes
	l.store.bytes += bytes
}

func recordBytes(record Record) int64 {
	return int64(len(record.Event.Frame())+8*len(record.Cuts)) + recordOverhead
}

func snapshotBytes(snapshot *Snapshot) int64 {
	if snapshot == nil {
		return 0
	}
	return int64(len(snapshot.Messages) + len(snapshot.State))
}
