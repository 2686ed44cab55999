package memory

import (
	"container/list"
	"context"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

// thread is one thread of a [Store], guarded by its mu.
type thread struct {
	info store.Thread
	// kept is set on a thread that outlives its first run: somebody created or
	// named it, or a run of it has finished.
	kept bool
	// runs are the finished runs, oldest first.
	runs      []finishedRun
	lastRunID string
	lastSeq   int64
	// messageIDs counts the runs that hold each message.
	messageIDs map[string]int
	snapshot   *store.Snapshot
	// unfinished is the run that is live or orphaned, nil for none.
	unfinished *lease
	// changed is closed by the next change; nil while nobody waits for it.
	changed chan struct{}
	// place is where the thread is in the store's idle or busy list.
	place *list.Element
	bytes int64
}

// Read implements [store.Store].
func (s *Store) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	for {
		s.mu.Lock()
		if err := s.usable(ctx); err != nil {
			s.mu.Unlock()
			return store.Page{}, err
		}
		t := s.threads[key]
		if t == nil {
			s.mu.Unlock()
			return store.Page{}, nil
		}
		if t.unfinished == nil {
			s.idle.MoveToBack(t.place)
		}
		page, finished, unfinished := t.page(after, time.Now())
		if !wait || !page.Live || len(finished)+len(unfinished) > 0 {
			s.mu.Unlock()
			count := 0
			for _, kept := range finished {
				count += len(kept)
			}
			page.Records = slices.Grow(page.Records, count)
			for _, kept := range slices.Backward(finished) {
				page.Records = appendRecords(page.Records, kept)
			}
			if len(unfinished) > 0 {
				page.Records = append(page.Records, records(unfinished, after)...)
			}
			return page, nil
		}
		changed, remaining := t.await(), t.unfinished.remaining()
		s.mu.Unlock()
		if pause.Wait(ctx, remaining, changed) != nil {
			return store.Page{}, ctx.Err()
		}
	}
}

// page returns what comes after a Seq: of finished runs, the last first, and of the
// unfinished one. Neither changes any more, so that they can be read without the store's
// mu.
func (t *thread) page(after int64, now time.Time) (page store.Page, finished [][]keptRecord, unfinished []*part) {
	more := true
	if l := t.unfinished; l != nil {
		page.RunID, page.FirstSeq = l.runID, l.firstSeq
		page.Orphaned = l.expired(now)
		page.Live = !page.Orphaned
		unfinished = l.live.after(after)
		more = len(unfinished) > 0 || len(l.live.parts) == 0
	}
	for i := len(t.runs) - 1; i >= 0 && more; i-- {
		run := &t.runs[i]
		if len(run.records) == 0 {
			continue
		}
		if more = run.records[len(run.records)-1].seq > after; more {
			finished = append(finished, run.after(after))
		}
	}
	return page, finished, unfinished
}

// seen returns which of the messages the thread has.
func (t *thread) seen(messageIDs []string) map[string]bool {
	seen := make(map[string]bool)
	for _, id := range messageIDs {
		if t.messageIDs[id] > 0 {
			seen[id] = true
		}
	}
	return seen
}

// finish adds a finished run, forgets the oldest beyond maxRuns, and returns by
// how many bytes the thread has grown.
func (t *thread) finish(runID string, result *store.Result, maxRuns int) int64 {
	before := t.bytes
	for _, records := range result.Earlier {
		t.add(finishedRun{records: keep(records)})
	}
	t.add(finishedRun{records: keep(result.Records), messageIDs: result.MessageIDs})
	t.lastRunID = runID
	t.kept = true
	t.info.UpdatedAt = wall(time.Now())
	t.bytes += snapshotBytes(&result.Snapshot) - snapshotBytes(t.snapshot)
	snapshot := result.Snapshot // not the whole result with it
	t.snapshot = &snapshot
	for maxRuns > 0 && len(t.runs) > maxRuns {
		t.forgetOldest()
	}
	return t.bytes - before
}

// add adds a finished run.
func (t *thread) add(run finishedRun) {
	for _, record := range run.records {
		run.bytes += int64(len(record.event.Frame())+len(record.cuts)) + recordOverhead
	}
	if t.messageIDs == nil {
		t.messageIDs = make(map[string]int)
	}
	for _, id := range run.messageIDs {
		run.bytes += int64(len(id)) + 16
		t.messageIDs[id]++
	}
	t.bytes += run.bytes
	t.runs = append(t.runs, run)
	if len(run.records) > 0 {
		t.lastSeq = max(t.lastSeq, run.records[len(run.records)-1].seq)
	}
}

func (t *thread) forgetOldest() {
	oldest := t.runs[0]
	for _, id := range oldest.messageIDs {
		if t.messageIDs[id]--; t.messageIDs[id] == 0 {
			delete(t.messageIDs, id)
		}
	}
	t.bytes -= oldest.bytes
	t.runs[0] = finishedRun{}
	t.runs = t.runs[1:]
}

// await returns a channel that is closed by the next change.
func (t *thread) await() <-chan struct{} {
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.changed
}

// wake lets the waiting readers look.
func (t *thread) wake() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// About what the bookkeeping of a thread and of a record takes.
const (
	threadOverhead = 512
	recordOverhead = 96
)

func recordBytes(record store.Record) int64 {
	return int64(len(record.Event.Frame())+8*len(record.Cuts)) + recordOverhead
}

func snapshotBytes(snapshot *store.Snapshot) int64 {
	if snapshot == nil {
		return 0
	}
	return int64(len(snapshot.Messages) + len(snapshot.State))
}
