package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// Connect sends the thread's history and then, if a run is live, follows that run to
// its end. With after 0 the history is whole and compacted; otherwise after is the
// Seq of the last record that the client has, and only what follows is sent. A
// thread that ends before that Seq was deleted and begun anew, and its client has
// nothing of it. An orphan is closed first. A thread that the store has never seen
// sends nothing; whether its agent knows more (see [agent.Connector] and
// [Runner.Replay]) is the caller's question. What there is already is sent at once; before
// that send is called without records, when the thread has been read, so that an answer
// can begin.
//
// A record's Seq is 0 where a client can't resume: inside compacted history, and on
// an event that is for this client alone. The latter is the RUN_ERROR that closes a
// stream which can't be followed to the end of its run: since the deadline of ctx is
// near ([CodeDeadlineExceeded]), ctx ended with [ErrShutdown] ([CodeShutdown]), the
// run was taken away ([CodeLeaseLost]) or the store doesn't come back
// ([CodeStoreUnavailable]).
//
// The error is that of send, of ctx, or of the store when nothing was sent yet.
func (r *Runner) Connect(ctx context.Context, key store.Key, after int64, send func([]store.Record) error) error {
	page, err := r.open(ctx, key, after)
	if err == nil && after > 0 && len(page.Records) == 0 && !r.reaches(ctx, key, after, page.Live) {
		after = 0
		page, err = r.open(ctx, key, after)
	}
	if err != nil {
		return fmt.Errorf("connect to thread %s: %w", key.ID, err)
	}
	if err := send(nil); err != nil {
		return err
	}
	f := &follower{runner: r, key: key, last: after, runID: page.RunID, firstSeq: page.FirstSeq, send: send}
	if after == 0 {
		history, live := split(page)
		if err := f.replay(history); err != nil {
			return err
		}
		page.Records = live
	}
	return f.follow(ctx, page)
}

// open reads what there is, after closing an orphan.
func (r *Runner) open(ctx context.Context, key store.Key, after int64) (store.Page, error) {
	for {
		page, err := r.read(ctx, key, after)
		if err != nil || !page.Orphaned {
			return page, err
		}
		if err := r.closeOrphan(ctx, key); err != nil && !errors.Is(err, store.ErrLocked) {
			return store.Page{}, err
		}
	}
}

// reaches reports whether a thread that has nothing after a Seq has that Seq. A client
// that was sent a live run may be ahead of what is recorded of it, but not for long.
func (r *Runner) reaches(ctx context.Context, key store.Key, seq int64, live bool) bool {
	page, err := call(ctx, r, func(ctx context.Context) (store.Page, error) {
		return r.store.Read(ctx, key, seq-1, live)
	})
	return err == nil && len(page.Records) > 0
}

// read reads what there is after a Seq.
func (r *Runner) read(ctx context.Context, key store.Key, after int64) (store.Page, error) {
	return call(ctx, r, func(ctx context.Context) (store.Page, error) { return r.store.Read(ctx, key, after, false) })
}

// split separates the finished runs of a page from the unfinished one.
func split(page store.Page) (history, unfinished []store.Record) {
	if page.FirstSeq == 0 {
		return page.Records, nil
	}
	first := slices.IndexFunc(page.Records, func(record store.Record) bool { return record.Seq >= page.FirstSeq })
	if first < 0 {
		return page.Records, nil
	}
	return page.Records[:first], page.Records[first:]
}

// follower is one client that is connected to a thread.
type follower struct {
	runner *Runner
	key    store.Key
	send   func([]store.Record) error
	// last is the Seq up to which the client has everything.
	last int64
	// runID is the live run that is followed, "" for none; firstSeq is the Seq of its
	// first record.
	runID    string
	firstSeq int64
	// open says that the client has a part of that run, which must be ended.
	open bool
}

// replay sends history, compacted as the protocol's clients do it.
func (f *follower) replay(history []store.Record) error {
	if len(history) == 0 {
		return nil
	}
	events := make([]agui.Encoded, len(history))
	for i, record := range history {
		events[i] = record.Event
	}
	compacted, err := fold.Compact(events)
	if err != nil {
		return fmt.Errorf("compact thread %s: %w", f.key.ID, err)
	}
	records := make([]store.Record, len(compacted))
	for i, event := range compacted {
		records[i].Event = event
	}
	f.last = history[len(history)-1].Seq
	records[len(records)-1].Seq = f.last
	return f.send(records)
}

// follow sends a page and what comes after it, to the end of the run.
func (f *follower) follow(ctx context.Context, page store.Page) error {
	waiting, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer f.runner.deadline(ctx).afterFunc(func() { end(errDeadline) })()
	f.open = f.runID != "" && f.last >= f.firstSeq
	if f.runID != "" {
		telemetry.Count(ctx, telemetry.Followers, 1)
		defer telemetry.Count(ctx, telemetry.Followers, -1)
	}
	for {
		ended, err := f.deliver(page)
		if ended || err != nil {
			return err
		}
		if f.runID == "" {
			return nil
		}
		if page.RunID != f.runID {
			return f.abandon(CodeLeaseLost, leaseLost)
		}
		page, err = f.await(waiting)
		switch {
		case err == nil:
		case shuttingDown(ctx):
			return f.abandon(CodeShutdown, shutdown)
		case ctx.Err() != nil:
			return ctx.Err()
		case waiting.Err() != nil:
			return f.abandon(CodeDeadlineExceeded, "The connection reached the platform's time limit, the run goes on")
		default:
			f.runner.options.Logger.ErrorContext(ctx, "can't follow a run", "thread", f.key.ID, "run", f.runID, "error", err)
			return f.abandon(CodeStoreUnavailable, "The run can't be followed")
		}
	}
}

// await reads on when there is more, and closes the run when that has become an
// orphan. It waits for a store that is away, for as long as a lease holds.
func (f *follower) await(ctx context.Context) (store.Page, error) {
	r := f.runner
	var failing time.Time
	for {
		page, err := r.store.Read(ctx, f.key, f.last, true)
		if err == nil && page.Orphaned && page.RunID == f.runID {
			err = r.closeOrphan(ctx, f.key)
			if err == nil || errors.Is(err, store.ErrLocked) {
				page, err = r.store.Read(ctx, f.key, f.last, true)
			}
		}
		if err == nil || ctx.Err() != nil {
			return page, err
		}
		if failing.IsZero() {
			failing = time.Now()
		} else if time.Since(failing) > r.options.LeaseTTL {
			return store.Page{}, err
		}
		_ = pause.Sleep(ctx, r.interval()/10)
	}
}

// deliver sends the records of a page that belong to the history or the followed run,
// at once. It reports whether that run has ended.
func (f *follower) deliver(page store.Page) (ended bool, err error) {
	records := make([]store.Record, 0, len(page.Records))
	for _, record := range page.Records {
		if page.RunID != f.runID && page.FirstSeq > 0 && record.Seq >= page.FirstSeq {
			break
		}
		event, err := fold.After(record, f.last)
		if err != nil {
			return false, fmt.Errorf("follow thread %s: %w", f.key.ID, err)
		}
		records = append(records, store.Record{Seq: record.Seq, Event: event})
		f.last = record.Seq
		if f.runID == "" || record.Seq < f.firstSeq {
			continue
		}
		f.open = true
		if ended = isTerminal(event); ended {
			break
		}
	}
	if len(records) == 0 {
		return false, nil
	}
	return ended, f.send(records)
}

// abandon closes the stream of a run that can't be followed further.
func (f *follower) abandon(code, message string) error {
	if !f.open {
		return nil
	}
	return f.send([]store.Record{{Event: runError(code, message)}})
}

// isTerminal reports whether an event ends its run.
func isTerminal(event agui.Encoded) bool {
	return event.EventType() == agui.EventTypeRunFinished || event.EventType() == agui.EventTypeRunError
}
