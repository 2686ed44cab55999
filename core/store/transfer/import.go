package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// Import brings the threads of a file that [Export] has written to a store. Each appears
// there whole, in one step; a failure, or a crash, leaves those before it. Importing a
// file again, or a later one of the same store, passes over what is there already and
// goes on from there. A thread of which the store has something else is refused, and
// stays as it is.
//
// An error of the file names the line.
func Import(ctx context.Context, to store.Store, r io.Reader, options Options) (Summary, error) {
	i := &importer{to: to, in: newLines(r), tally: newTally(options)}
	err := i.run(ctx)
	if err != nil {
		err = fmt.Errorf("import threads: %w", err)
	}
	return i.tally.summary, err
}

type importer struct {
	to    store.Store
	in    *lines
	tally *tally
	// read counts the threads that the file had so far.
	read int
}

func (i *importer) run(ctx context.Context) error {
	if err := i.header(); err != nil {
		return err
	}
	for {
		next, err := i.in.next()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the file is cut off after line %d: what is before was imported", i.in.number)
		case err != nil:
			return err
		case next.Threads != nil:
			return i.end(*next.Threads)
		case next.Thread == nil:
			return i.in.failed(errors.New("there is no thread that it belongs to"))
		}
		begun := i.in.number
		brought, err := i.thread(next.Thread)
		if err != nil {
			return err
		}
		i.read++
		report, err := bring(ctx, i.to, brought)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", begun, quoted(brought.key()), err)
		}
		i.tally.add(report)
	}
}

func (i *importer) header() error {
	first, err := i.in.next()
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	case err != nil:
		return err
	case first.Format != formatName:
		return i.in.failed(errLine)
	case first.Version > version:
		return i.in.failed(fmt.Errorf("the file has version %d, and this program knows up to %d: use a newer one", first.Version, version))
	}
	return nil
}

// end checks the last line.
func (i *importer) end(threads int) error {
	if threads != i.read {
		return i.in.failed(fmt.Errorf("the file had %d threads when it was written, and has %d", threads, i.read))
	}
	switch _, err := i.in.next(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return i.in.failed(errors.New("it follows the file's last one"))
	}
}

// thread reads the lines of a thread, behind the first one.
func (i *importer) thread(d *description) (*brought, error) {
	b := &brought{description: *d}
	if d.Created.IsZero() || d.Updated.IsZero() {
		return nil, i.in.failed(errors.New("the thread has no times"))
	}
	for {
		next, err := i.in.next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("the file is cut off after line %d, within %s: the threads before it were imported", i.in.number, quoted(b.key()))
		}
		if err != nil {
			return nil, err
		}
		switch {
		case next.Event != nil:
			err = b.addRecord(next)
		case next.Snapshot != nil:
			err = b.setSnapshot(next.Snapshot)
		case next.Records == nil:
			err = errors.New("the thread before it hasn't ended")
		case *next.Records != len(b.records):
			err = fmt.Errorf("the thread had %d records when it was written, and has %d", *next.Records, len(b.records))
		default:
			return b, nil
		}
		if err != nil {
			return nil, i.in.failed(err)
		}
	}
}

// brought is a thread of the file.
type brought struct {
	description
	snapshot *store.Snapshot
	// messages are those of the snapshot.
	messages []agui.Message
	records  []store.Record
}

func (b *brought) addRecord(l line) error {
	event, err := agui.ParseEncoded(l.Event)
	if err != nil {
		return err
	}
	record := store.Record{Seq: l.Seq, Event: event, Cuts: l.Cuts}
	last := int64(0)
	if n := len(b.records); n > 0 {
		last = b.records[n-1].Seq
	}
	if l.Seq-int64(len(l.Cuts)) <= last {
		return fmt.Errorf("record %d can't follow record %d", l.Seq, last)
	}
	if !areCuts(record) {
		return fmt.Errorf("the cuts of record %d aren't within its delta", l.Seq)
	}
	b.records = append(b.records, record)
	return nil
}

// areCuts reports whether a record's cuts are within the delta that it must be then.
func areCuts(record store.Record) bool {
	if len(record.Cuts) == 0 {
		return true
	}
	_, delta, plain := record.Event.PlainDelta()
	left := len(delta)
	for _, cut := range record.Cuts {
		if cut < 0 || cut > left {
			return false
		}
		left -= cut
	}
	return plain
}

func (b *brought) setSnapshot(s *snapshot) error {
	if b.snapshot != nil || len(b.records) > 0 {
		return errors.New("a thread has one snapshot, in front of its records")
	}
	if s.Messages == nil {
		return errors.New("the snapshot has no messages")
	}
	if err := json.Unmarshal(s.Messages, &b.messages); err != nil {
		return fmt.Errorf("the snapshot's messages: %w", err)
	}
	b.snapshot = &store.Snapshot{Messages: s.Messages, State: s.State}
	return nil
}
