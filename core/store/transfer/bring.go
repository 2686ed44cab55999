package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
)

// bring makes a store's thread what the file says. Its runs come in one step, and then
// its times: so a thread that has the file's times has all of it.
func bring(ctx context.Context, to store.Store, b *brought) (Report, error) {
	report := Report{Key: b.key()}
	has, err := to.Thread(ctx, b.key())
	exists := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return report, err
	}
	if exists && sameTimes(describe(has).times(), b.times()) {
		report.Outcome = Present
		return report, nil
	}
	missing := b.records
	if exists {
		found, err := compare(ctx, to, b)
		if why, refused := errors.AsType[refusedError](err); refused {
			report.Outcome, report.Note = Refused, string(why)
			return report, nil
		}
		if err != nil {
			return report, err
		}
		if found.abandoned {
			if err := release(ctx, to, b.key()); err != nil {
				return report, err
			}
			return bring(ctx, to, b)
		}
		report.Outcome = Extended
		if found.empty {
			report.Outcome = Moved
		}
		missing = found.missing
		// A thread with the file's creation was imported before. If it has changed since
		// then, it stays as it is.
		imported := has.CreatedAt.Equal(b.Created)
		if found.ahead || imported && len(missing) == 0 && !b.Updated.After(has.UpdatedAt) {
			report.Outcome = Present
			return report, nil
		}
		if !imported && !found.empty && !found.overlap {
			report.Outcome, report.Note = Refused, "the store has another thread with its id"
			return report, nil
		}
	}
	err = b.write(ctx, to, missing, exists)
	if why, refused := errors.AsType[refusedError](err); refused {
		report.Outcome, report.Note = Refused, string(why)
		return report, nil
	}
	if err == nil {
		_, err = to.UpdateThread(ctx, b.key(), store.Patch{Name: &b.Name, Archived: &b.Archived, Times: b.times()})
	}
	if errors.Is(err, store.ErrNotFound) {
		// By its times it is older than what the store keeps.
		report.Outcome = Expired
		return report, nil
	}
	report.Records = len(missing)
	return report, err
}

func sameTimes(a, b *store.Times) bool {
	return a.Created.Equal(b.Created) && a.Updated.Equal(b.Updated) && a.LastRun.Equal(b.LastRun)
}

// refusedError is why a thread isn't imported.
type refusedError string

func (e refusedError) Error() string { return string(e) }

const errUnfinished = refusedError("a run of it is unfinished in the store: import again later")

// comparison is what a store has of a thread of the file.
type comparison struct {
	// missing are the records of the file that the store doesn't have yet.
	missing []store.Record
	// empty is set if the store has no records of the thread, overlap if it has some of
	// the file's, and ahead if it has later ones than the file.
	empty, overlap, ahead bool
	// abandoned is set, and nothing else, if an import was interrupted in mid-step.
	abandoned bool
}

// compare fails with a refusedError if what the store has isn't the beginning of what the
// file has, or the other way around.
func compare(ctx context.Context, to store.Store, b *brought) (comparison, error) {
	page, err := to.Read(ctx, b.key(), 0, false)
	for err == nil && page.Live && isBare(page) && page.RunID == lastRun(b.records) {
		// An import was interrupted just now, or goes on elsewhere.
		page, err = to.Read(ctx, b.key(), math.MaxInt64, true)
		if err == nil && !page.Live {
			page, err = to.Read(ctx, b.key(), 0, false)
		}
	}
	switch {
	case err != nil:
		return comparison{}, err
	case page.Orphaned && isBare(page):
		return comparison{abandoned: true}, nil
	case page.RunID != "":
		return comparison{}, errUnfinished
	}
	c := comparison{missing: b.records, empty: len(page.Records) == 0}
	if c.empty || len(b.records) == 0 {
		c.ahead = !c.empty
		return c, nil
	}
	// The store may have forgotten the oldest runs, or the other store may have.
	has, last := page.Records, page.Records[len(page.Records)-1].Seq
	first := max(has[0].Seq, b.records[0].Seq)
	has = has[after(has, first-1):]
	given := b.records[after(b.records, first-1):]
	n := after(given, last)
	c.missing, c.overlap = given[n:], n > 0
	if len(c.missing) == 0 {
		c.ahead = len(has) > n
		has = has[:min(n, len(has))]
	}
	if !slices.EqualFunc(has, given[:n], equal) ||
		len(c.missing) > 0 && c.missing[0].Event.EventType() != agui.EventTypeRunStarted {
		return c, refusedError("the store has other records of it")
	}
	return c, nil
}

// isBare reports whether a page's unfinished run hasn't left anything yet.
func isBare(page store.Page) bool {
	n := len(page.Records)
	return n == 0 || page.Records[n-1].Seq < page.FirstSeq
}

// after returns the index of the first record behind a Seq.
func after(records []store.Record, seq int64) int {
	i, _ := slices.BinarySearchFunc(records, seq+1, func(r store.Record, seq int64) int { return int(max(min(r.Seq-seq, 1), -1)) })
	return i
}

func equal(a, b store.Record) bool {
	return a.Seq == b.Seq && slices.Equal(a.Cuts, b.Cuts) && bytes.Equal(a.Event.JSON(), b.Event.JSON())
}

// release ends an orphan that has left nothing.
func release(ctx context.Context, to store.Store, key store.Key) error {
	lease, err := to.Adopt(ctx, key, time.Minute)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrLocked) {
		return nil // somebody else does
	}
	if err != nil {
		return err
	}
	return lease.Finish(ctx, nil)
}

// write writes the runs that are missing, or makes a thread that has none.
func (b *brought) write(ctx context.Context, to store.Store, missing []store.Record, exists bool) error {
	if len(missing) == 0 && (exists || b.snapshot == nil) {
		if exists {
			return nil
		}
		_, err := to.CreateThread(ctx, b.key(), b.Agent, b.Name)
		if errors.Is(err, store.ErrExists) {
			return refusedError("it has just been made in the store: import again")
		}
		return err
	}
	runs := split(missing)
	request := store.BeginRequest{Key: b.key(), AgentID: b.Agent, RunID: lastRun(missing), TTL: leaseTTL(missing), MessageIDs: b.messageIDs()}
	lease, err := to.Begin(ctx, request)
	if errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrOrphaned) {
		return errUnfinished
	}
	if err != nil {
		return err
	}
	result := &store.Result{MessageIDs: request.MessageIDs}
	if b.snapshot != nil {
		result.Snapshot = *b.snapshot
	}
	if n := len(runs); n > 0 {
		result.Earlier, result.Records = runs[:n-1], runs[n-1]
		if lease.NextSeq() > runs[0][0].Seq-int64(len(runs[0][0].Cuts)) {
			return errors.Join(lease.Finish(ctx, nil), refusedError("it was written to meanwhile: import again"))
		}
	}
	if err := lease.Finish(ctx, result); err != nil {
		// So that nobody waits for the lease's end.
		_ = lease.Finish(context.WithoutCancel(ctx), nil)
		return fmt.Errorf("finish: %w", err)
	}
	return nil
}

// leaseTTL returns for how long a store may take to write records, and how long a thread
// is locked when an import is killed meanwhile.
func leaseTTL(records []store.Record) time.Duration {
	bytes := 0
	for _, record := range records {
		bytes += len(record.Event.JSON())
	}
	return 10*time.Second + time.Duration(bytes>>20)*time.Second
}

// split returns the records of each run.
func split(records []store.Record) [][]store.Record {
	var runs [][]store.Record
	from := 0
	for i := 1; i <= len(records); i++ {
		if i == len(records) || records[i].Event.EventType() == agui.EventTypeRunStarted {
			runs = append(runs, records[from:i:i])
			from = i
		}
	}
	return runs
}

// lastRun returns the id of the last run.
func lastRun(records []store.Record) string {
	for _, record := range slices.Backward(records) {
		if record.Event.EventType() == agui.EventTypeRunStarted {
			if id, ok := record.Event.Text("runId"); ok {
				return string(id)
			}
		}
	}
	return "imported"
}

// messageIDs returns the ids of the messages that the runs were given, or made. Of what
// the other store has forgotten, it has those that are still in the snapshot.
func (b *brought) messageIDs() []string {
	var ids []string
	known := make(map[string]bool)
	add := func(messages []agui.Message) {
		for i := range messages {
			if id := messages[i].ID; !known[id] {
				known[id] = true
				ids = append(ids, id)
			}
		}
	}
	thread := fold.NewThread(nil, nil)
	for _, record := range b.records {
		switch record.Event.EventType() {
		case agui.EventTypeTextMessageContent, agui.EventTypeReasoningMessageContent, agui.EventTypeToolCallArgs,
			agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
			continue // makes no message
		case agui.EventTypeRunStarted:
			add(thread.Messages())
		}
		// An event that doesn't fit is part of the history all the same.
		_ = thread.Add(record.Event)
	}
	add(thread.Messages())
	add(b.messages)
	return ids
}
