package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

const (
	// threadsPerPage is how many descriptions of threads are held at a time.
	threadsPerPage = 500
	// passes is how often the list is read again for what has changed meanwhile.
	passes = 8
	// tries is how often a thread is read that changes while it is read.
	tries = 5
)

// Export writes threads to w. Threads that are written to meanwhile are exported again
// when the others are done, so that a file may have a thread twice, the later one with
// more in it. A run whose instance is gone is closed first, as whoever opens its thread
// closes it; of a live one nothing is exported, and the report says so.
//
// It doesn't change the store otherwise. When it fails, the file is one that [Import]
// knows to be cut off.
func Export(ctx context.Context, w io.Writer, from store.Store, options Options) (Summary, error) {
	e := &exporter{
		from: from, out: newWriter(w), tally: newTally(options),
		runner: runner.New(from, runner.Options{Logger: slog.New(slog.DiscardHandler)}),
	}
	err := e.export(ctx, options.Owners)
	if err != nil {
		err = fmt.Errorf("export threads: %w", err)
	}
	return e.tally.summary, err
}

type exporter struct {
	from   store.Store
	out    *writer
	tally  *tally
	runner *runner.Runner
	// written counts the threads in the file.
	written int
}

func (e *exporter) export(ctx context.Context, owners []string) error {
	if err := e.out.write(line{Format: formatName, Version: version}); err != nil {
		return err
	}
	queries := []store.Query{{AllOwners: true}}
	if owners != nil {
		queries = nil
		for _, owner := range owners {
			queries = append(queries, store.Query{Owner: owner})
		}
	}
	for _, query := range queries {
		query.IncludeArchived, query.Limit = true, threadsPerPage
		var since time.Time
		for range passes {
			newest, err := e.pass(ctx, query, since)
			if err != nil {
				return err
			}
			if newest.IsZero() {
				break
			}
			since = newest
		}
	}
	if err := e.out.write(line{Threads: &e.written}); err != nil {
		return err
	}
	return e.out.out.Flush()
}

// pass exports the threads of a list that were updated after a time, and returns when
// the first of them was: those that are updated during the pass, and so may come to a
// place of the list that the pass is beyond, are updated after that.
func (e *exporter) pass(ctx context.Context, query store.Query, since time.Time) (newest time.Time, err error) {
	for {
		page, err := e.from.Threads(ctx, query)
		if err != nil {
			return newest, err
		}
		for _, thread := range page.Threads {
			if !thread.UpdatedAt.After(since) {
				return newest, nil
			}
			if newest.IsZero() {
				newest = thread.UpdatedAt
			}
			if err := e.thread(ctx, thread.Key); err != nil {
				return newest, err
			}
		}
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			return newest, nil
		}
	}
}

// thread exports one thread.
func (e *exporter) thread(ctx context.Context, key store.Key) error {
	whole, note, err := e.read(ctx, key)
	if why, unfit := errors.AsType[unfitError](err); unfit {
		e.tally.add(Report{Key: key, Outcome: Refused, Note: string(why)})
		return nil
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // deleted meanwhile
	case err != nil:
		return fmt.Errorf("%s: %w", quoted(key), err)
	case len(whole.records) == 0 && whole.snapshot == nil && whole.unfinished:
		e.tally.add(Report{Key: key, Outcome: Empty, Note: "its first run hasn't finished: export again later"})
		return nil
	}
	if err := e.write(whole); err != nil {
		return err
	}
	e.written++
	e.tally.add(Report{Key: key, Outcome: Moved, Records: len(whole.records), Note: note})
	return nil
}

func (e *exporter) write(whole *whole) error {
	if err := e.out.write(line{Thread: describe(whole.thread)}); err != nil {
		return err
	}
	if whole.snapshot != nil {
		if err := e.out.snapshot(*whole.snapshot); err != nil {
			return err
		}
	}
	for _, record := range whole.records {
		if err := e.out.record(record); err != nil {
			return err
		}
	}
	n := len(whole.records)
	return e.out.write(line{Records: &n})
}

// whole is a thread with what its finished runs have left.
type whole struct {
	thread     store.Thread
	snapshot   *store.Snapshot
	records    []store.Record
	unfinished bool
}

// unfitError is why a thread can't be in a file.
type unfitError string

func (e unfitError) Error() string { return string(e) }

// read reads a thread as it is at one time, though the store is asked several times.
func (e *exporter) read(ctx context.Context, key store.Key) (*whole, string, error) {
	for range tries {
		note := ""
		before, err := e.from.Thread(ctx, key)
		if err != nil {
			return nil, "", err
		}
		page, err := e.from.Read(ctx, key, 0, false)
		if err != nil {
			return nil, "", err
		}
		if page.Orphaned {
			err := e.runner.CloseOrphan(ctx, key)
			if err == nil {
				continue
			}
			note = "its last run was cut off, and isn't exported since it can't be closed: " + err.Error()
		}
		if page.Live {
			note = "its last run is live, and isn't exported: export again later"
		}
		w := &whole{thread: before, records: page.Records, unfinished: page.RunID != ""}
		if page.FirstSeq > 0 {
			if i := slices.IndexFunc(w.records, func(r store.Record) bool { return r.Seq >= page.FirstSeq }); i >= 0 {
				w.records = w.records[:i]
			}
		}
		switch snapshot, err := e.from.Snapshot(ctx, key); {
		case err == nil:
			w.snapshot = &snapshot
		case !errors.Is(err, store.ErrNotFound):
			return nil, "", err
		}
		after, err := e.from.Thread(ctx, key)
		if err != nil {
			return nil, "", err
		}
		if before == after {
			return w, note, fit(w)
		}
	}
	return nil, "", unfitError("it changes all the time: export again later")
}

// fit returns an error if the file couldn't hold a thread as it is.
func fit(w *whole) error {
	for _, text := range []string{w.thread.Key.Owner, w.thread.Key.ID, w.thread.Name, w.thread.AgentID} {
		if !utf8.ValidString(text) {
			return unfitError(fmt.Sprintf("%q is no UTF-8, which JSON must be", text))
		}
	}
	if s := w.snapshot; s != nil && (!json.Valid(s.Messages) || s.State != nil && !json.Valid(s.State)) {
		return unfitError("its messages or its state are no JSON")
	}
	return nil
}
