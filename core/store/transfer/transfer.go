// Package transfer moves threads from one [store.Store] to another, through a file or
// at once.
//
// The file is lines of JSON. The first one names the format. Then, for each thread, come
// a line with its description, one with its snapshot if it has one, one for each record
// of its finished runs, and one that ends it. The last line counts the threads. So a
// reader sees wherever a file was cut off.
//
// In the other store a thread has the same owner, id, name, agent, times, records with
// the same Seqs, last run, message ids, messages and state: a client that has followed it
// in the one store can go on in the other. What users have spent (see [store.Meter])
// stays behind. Of a run that is unfinished nothing moves until it has finished.
//
// Either side holds one thread in memory at a time, as whoever connects to that thread
// does.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/copilotkit-go/runtime/core/store"
)

// Options says what is moved, and who is told of it. The zero value moves everything.
type Options struct {
	// Owners are whose threads are exported. If nil, defaults to all owners. [Import]
	// doesn't use it: it brings all threads of the file.
	Owners []string
	// Report is called for each thread when it is done, from the goroutine that moves
	// it. If nil, nobody is told.
	Report func(Report)
}

// Report says what has become of one thread.
type Report struct {
	Key     store.Key
	Outcome Outcome
	// Records is how many were moved.
	Records int
	// Note says what whoever moves threads should know of this one, "" for nothing.
	Note string
}

// Outcome is what has become of a thread.
type Outcome int

const (
	// Moved is a thread that was written: to the file, or as a new thread to the store.
	Moved Outcome = iota
	// Extended is a thread whose newer runs, or newer name, were written to the store,
	// which had the rest.
	Extended
	// Present is a thread that the store has already, as it is or with newer runs.
	Present
	// Empty is a thread of which nothing has finished yet.
	Empty
	// Expired is a thread that is older than what the store keeps.
	Expired
	// Refused is a thread that wasn't moved. The note says why.
	Refused
)

// Summary counts what was done.
type Summary struct {
	// Threads counts threads by what has become of them.
	Threads map[Outcome]int
	// Records is how many records were moved.
	Records int64
}

// tally counts what it is told, and tells whoever wants to know.
type tally struct {
	summary Summary
	report  func(Report)
}

func newTally(options Options) *tally {
	return &tally{summary: Summary{Threads: make(map[Outcome]int)}, report: options.Report}
}

func (t *tally) add(r Report) {
	t.summary.Threads[r.Outcome]++
	t.summary.Records += int64(r.Records)
	if t.report != nil {
		t.report(r)
	}
}

// Copy moves threads from one store to another without a file between, and returns what
// was done in the other. What the export notes of threads is reported at the end.
func Copy(ctx context.Context, from, to store.Store, options Options) (Summary, error) {
	reader, writer := io.Pipe()
	exported := make(chan error, 1)
	var noted []Report
	go func() {
		_, err := Export(ctx, writer, from, Options{Owners: options.Owners, Report: func(r Report) {
			if r.Note != "" {
				noted = append(noted, r)
			}
		}})
		writer.CloseWithError(err)
		exported <- err
	}()
	summary, err := Import(ctx, to, reader, options)
	reader.CloseWithError(errStopped)
	if failure := <-exported; failure != nil && !errors.Is(failure, errStopped) {
		err = failure
	}
	for _, r := range noted {
		if r.Outcome != Moved {
			summary.Threads[r.Outcome]++
		}
		if options.Report != nil {
			options.Report(r)
		}
	}
	return summary, err
}

// errStopped ends an export whose import has failed.
var errStopped = errors.New("the import has ended")

// quoted names a thread in an error or a note.
func quoted(key store.Key) string {
	if key.Owner == "" {
		return fmt.Sprintf("thread %q", key.ID)
	}
	return fmt.Sprintf("thread %q of %q", key.ID, key.Owner)
}
