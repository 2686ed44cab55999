package store

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"time"
)

// About what the bookkeeping of a thread and of a record takes.
const (
	threadOverhead = 512
	recordOverhead = 96
)

// memoryThread is one thread of a [Memory], guarded by its mu.
type memoryThread struct {
	info Thread
	// kept tells that the thread outlives its first run: somebody created or
	// named it, or a run of it has finished.
	kept bool
	// runs are the finished runs, oldest first.
	runs      []memoryRun
	lastRunID string
	lastSeq   int64
	// messageIDs counts the runs that hold each message.
	messageIDs map[string]int
	snapshot   *Snapshot
	// unfinished is the run that is live or orphaned, nil for none.
	unfinished *memoryLease
	// changed is closed when readers have something new to look at; nil while
	// nobody waits.
	changed chan struct{}
	// idle is the thread's place among the idle ones, nil while it isn't.
	idle  *list.Element
	bytes int64
}

// memoryRun is a finished run. Its records don't change any more.
type memoryRun struct {
	records    []Record
	messageIDs []string
	bytes      int64
}

// Read implements [Store].
func (m *Memory) Read(ctx context.Context, key Key, after int64, wait bool) (Page, error) {
	for {
		m.mu.Lock()
		if err := m.usable(ctx); err != nil {
			m.mu.Unlock()
			return Page{}, err
		}
		thread := m.threads[key]
		if thread == nil {
			m.mu.Unlock()
			return Page{}, nil
		}
		if thread.idle != nil {
			m.idle.MoveToBack(thread.idle)
		}
		page := thread.page(after, time.Now())
		if !wait || !page.Live || len(page.Records) > 0 {
			m.mu.Unlock()
			return page, nil
		}
		changed := thread.await()
		expires := thread.unfinished.expires
		m.mu.Unlock()

		expiry := time.NewTimer(time.Until(expires))
		select {
		case <-changed:
		case <-expiry.C:
		case <-ctx.Done():
		case <-m.closed:
		}
		expiry.Stop()
	}
}

// page reads what comes after a Seq.
func (t *memoryThread) page(after int64, now time.Time) Page {
	var page Page
	parts := make([][]Record, 0, 4)
	count := 0
	take := func(records []Record) bool {
		if len(records) == 0 {
			return true
		}
		if records[len(records)-1].Seq <= after {
			return false
		}
		from, _ := slices.BinarySearchFunc(records, after+1, func(r Record, seq int64) int {
			return cmp.Compare(r.Seq, seq)
		})
		parts = append(parts, records[from:len(records):len(records)])
		count += len(records) - from
		return true
	}
	wanted := true
	if lease := t.unfinished; lease != nil {
		page.RunID, page.FirstSeq = lease.runID, lease.firstSeq
		page.Orphaned = lease.expired(now)
		page.Live = !page.Orphaned
		wanted = take(lease.records)
	}
	for i := len(t.runs) - 1; i >= 0 && wanted; i-- {
		wanted = take(t.runs[i].records)
	}
	switch len(parts) {
	case 0:
	case 1:
		// Records are only ever added behind, so the reader can have them as
		// they are.
		page.Records = parts[0]
	default:
		page.Records = make([]Record, 0, count)
		for _, part := range slices.Backward(parts) {
			page.Records = append(page.Records, part...)
		}
	}
	return page
}

// seen tells which of the messages the thread has.
func (t *memoryThread) seen(messageIDs []string) map[string]bool {
	seen := make(map[string]bool)
	for _, id := range messageIDs {
		if t.messageIDs[id] > 0 {
			seen[id] = true
		}
	}
	return seen
}

// await returns what is closed at the next change.
func (t *memoryThread) await() <-chan struct{} {
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.changed
}

// wake lets the waiting readers look.
func (t *memoryThread) wake() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}
