package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

var errDead = errors.New("the process is dead")

// mortal is a process's view of a store, which dies before, or after, one of its calls.
type mortal struct {
	store.Store
	calls int // until then
	after bool
}

func (m *mortal) call(do func() error) error {
	m.calls--
	if m.calls < 0 || m.calls == 0 && !m.after {
		return errDead
	}
	err := do()
	if m.calls == 0 {
		return errDead
	}
	return err
}

func (m *mortal) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	var lease store.Lease
	err := m.call(func() (err error) { lease, err = m.Store.Begin(ctx, request); return err })
	return &mortalLease{lease, m}, err
}

func (m *mortal) CreateThread(ctx context.Context, key store.Key, agentID, name string) (store.Thread, error) {
	var thread store.Thread
	err := m.call(func() (err error) { thread, err = m.Store.CreateThread(ctx, key, agentID, name); return err })
	return thread, err
}

func (m *mortal) UpdateThread(ctx context.Context, key store.Key, patch store.Patch) (store.Thread, error) {
	var thread store.Thread
	err := m.call(func() (err error) { thread, err = m.Store.UpdateThread(ctx, key, patch); return err })
	return thread, err
}

type mortalLease struct {
	store.Lease
	of *mortal
}

func (l *mortalLease) Finish(ctx context.Context, result *store.Result) error {
	return l.of.call(func() error { return l.Lease.Finish(ctx, result) })
}

// wantWhole checks that each thread with a history has all of it.
func wantWhole(t *testing.T, from, to store.Store) {
	t.Helper()
	list, err := to.Threads(t.Context(), store.Query{AllOwners: true, IncludeArchived: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range list.Threads {
		got, gotErr := to.Read(t.Context(), thread.Key, 0, false)
		want, wantErr := from.Read(t.Context(), thread.Key, 0, false)
		if gotErr != nil || wantErr != nil {
			t.Fatal(gotErr, wantErr)
		}
		if len(got.Records) > 0 && len(got.Records) != len(want.Records) {
			t.Errorf("thread %q has %d of %d records", thread.Key, len(got.Records), len(want.Records))
		}
	}
}

func TestAnImportThatIsKilledLeavesWholeThreadsAndIsDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := memory.New(memory.Limits{})
		fill(t, from, rand.New(rand.NewPCG(5, 0)), 6)
		file := export(t, from, transfer.Options{})
		time.Sleep(time.Hour) // since then
		for _, after := range []bool{false, true} {
			for calls := 1; ; calls++ {
				to := memory.New(memory.Limits{})
				_, err := transfer.Import(t.Context(), &mortal{Store: to, calls: calls, after: after}, bytes.NewReader(file), transfer.Options{})
				if err == nil {
					break
				}
				if !errors.Is(err, errDead) {
					t.Fatal(err)
				}
				wantWhole(t, from, to)
				if calls%2 == 0 {
					time.Sleep(time.Minute) // and the dead process's lease is over
				}
				load(t, to, file)
				if got := export(t, to, transfer.Options{}); !bytes.Equal(got, file) {
					t.Fatalf("killed at call %d, after it %v: the file was\n%s\nand is\n%s", calls, after, file, got)
				}
			}
		}
	})
}

func TestAFileThatIsCutOffBringsTheThreadsBeforeTheCut(t *testing.T) {
	from := inMemory(t)
	fill(t, from, rand.New(rand.NewPCG(6, 0)), 6)
	file := export(t, from, transfer.Options{})
	to := inMemory(t)
	for n := 0; n < len(file); n += 1 + n%97 {
		_, err := transfer.Import(t.Context(), to, bytes.NewReader(file[:n]), transfer.Options{})
		if err == nil || n > 0 && !strings.Contains(err.Error(), "the file is cut off") {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		wantWhole(t, from, to)
	}
	load(t, to, file)
	if got := export(t, to, transfer.Options{}); !bytes.Equal(got, file) {
		t.Errorf("the file was\n%s\nand is\n%s", file, got)
	}
}

// short is a disk with room for some bytes.
type short struct{ room int }

func (s *short) Write(data []byte) (int, error) {
	if len(data) > s.room {
		return s.room, errors.New("no space left on device")
	}
	s.room -= len(data)
	return len(data), nil
}

func TestAnExportThatCannotBeWrittenFails(t *testing.T) {
	s := inMemory(t)
	fill(t, s, rand.New(rand.NewPCG(7, 0)), 20)
	size := len(export(t, s, transfer.Options{}))
	for _, room := range []int{0, size / 2, size - 1} {
		if _, err := transfer.Export(t.Context(), &short{room}, s, transfer.Options{}); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("with room for %d of %d bytes: got %v", room, size, err)
		}
	}
	if _, err := transfer.Export(t.Context(), &short{size}, s, transfer.Options{}); err != nil {
		t.Error(err)
	}
}

func TestAWrongLineIsNamed(t *testing.T) {
	const header = `{"format":"copilotkit-threads","version":1}`
	const thread = `{"thread":{"id":"t","agent":"a","created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z"}}`
	const event = `{"seq":1,"event":{"type":"RUN_STARTED","threadId":"t","runId":"r"}}`
	const delta = `{"seq":9,"cuts":[2,3],"event":{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"123456"}}`
	for name, test := range map[string]struct {
		lines []string
		want  string
	}{
		"nothing":                         {nil, "the file is empty"},
		"no export":                       {[]string{`{"name":"package"}`}, "line 1: it is no line of an export"},
		"no JSON":                         {[]string{header, "hello"}, "line 2: it is no line of an export"},
		"no header":                       {[]string{thread, `{"records":0}`}, "line 1: it is no line of an export"},
		"a later version":                 {[]string{`{"format":"copilotkit-threads","version":2}`}, "line 1: the file has version 2"},
		"another format":                  {[]string{`{"format":"other","version":1}`}, "line 1:"},
		"a record without a thread":       {[]string{header, event}, "line 2: there is no thread"},
		"a thread in a thread":            {[]string{header, thread, event, thread}, "line 4: the thread before it hasn't ended"},
		"a thread without times":          {[]string{header, `{"thread":{"id":"t","agent":"a"}}`}, "line 2: the thread has no times"},
		"an unknown field":                {[]string{header, `{"thread":{"id":"t","secret":1}}`}, `line 2: it is no line of an export of threads: json: unknown field "secret"`},
		"two kinds in a line":             {[]string{header, thread, `{"records":0,"threads":1}`}, "line 3: it is no line"},
		"two values in a line":            {[]string{header, thread + thread}, "line 2: it is no line"},
		"an empty line":                   {[]string{header, ""}, "line 2: it is no line"},
		"an event of no known type":       {[]string{header, thread, `{"seq":1,"event":{"type":"NEW"}}`}, "line 3: "},
		"an event that is none":           {[]string{header, thread, `{"seq":1,"event":null}`}, "line 3: "},
		"a Seq that goes back":            {[]string{header, thread, event, event}, "line 4: record 1 can't follow record 1"},
		"no Seq":                          {[]string{header, thread, `{"event":{"type":"RUN_STARTED"}}`}, "line 3: it is no line"},
		"a negative Seq":                  {[]string{header, thread, `{"seq":-1,"event":{"type":"RUN_STARTED"}}`}, "line 3: record -1 can't follow"},
		"cuts that reach back":            {[]string{header, thread, event, strings.Replace(delta, "9", "3", 1)}, "line 4: record 3 can't follow record 1"},
		"cuts beyond the delta":           {[]string{header, thread, event, strings.Replace(delta, "2,3", "2,5", 1)}, "line 4: the cuts of record 9"},
		"a cut that is negative":          {[]string{header, thread, event, strings.Replace(delta, "2,3", "-2,3", 1)}, "line 4: the cuts of record 9"},
		"cuts of no delta":                {[]string{header, thread, `{"seq":2,"cuts":[0],"event":{"type":"RUN_STARTED","threadId":"t","runId":"r"}}`}, "line 3: the cuts of record 2"},
		"a record too few":                {[]string{header, thread, event, `{"records":2}`}, "line 4: the thread had 2 records when it was written, and has 1"},
		"a thread too few":                {[]string{header, thread, event, `{"records":1}`, `{"threads":2}`}, "line 5: the file had 2 threads when it was written, and has 1"},
		"more behind the end":             {[]string{header, `{"threads":0}`, header}, "line 3: it follows the file's last one"},
		"messages that are none":          {[]string{header, thread, `{"snapshot":{"messages":{"a":1}}}`}, "line 3: the snapshot's messages"},
		"a message that isn't one":        {[]string{header, thread, `{"snapshot":{"messages":[1]}}`}, "line 3: the snapshot's messages"},
		"no messages":                     {[]string{header, thread, `{"snapshot":{}}`}, "line 3: the snapshot has no messages"},
		"a snapshot behind records":       {[]string{header, thread, event, `{"snapshot":{"messages":[]}}`}, "line 4: a thread has one snapshot"},
		"two snapshots":                   {[]string{header, thread, `{"snapshot":{"messages":[]}}`, `{"snapshot":{"messages":[]}}`}, "line 4: a thread has one snapshot"},
		"an end without a thread":         {[]string{header, `{"records":0}`}, "line 2: there is no thread"},
		"a file that ends with a thread":  {[]string{header, thread, event, `{"records":1}`}, "the file is cut off after line 4"},
		"a file that ends in a thread":    {[]string{header, thread, event}, `the file is cut off after line 3, within thread "t"`},
		"a file that ends with its first": {[]string{header}, "the file is cut off after line 1"},
	} {
		s := inMemory(t)
		_, err := transfer.Import(t.Context(), s, strings.NewReader(strings.Join(slices.Concat(test.lines, []string{""}), "\n")), transfer.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
	fine := strings.Join([]string{header, thread, event, delta, `{"records":2}`, `{"threads":1}`, ""}, "\n")
	if summary := load(t, inMemory(t), []byte(fine)); summary.Records != 2 {
		t.Errorf("got %+v", summary)
	}
}

func TestWhatHasNotFinishedIsNotExported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Limits{})
		random := rand.New(rand.NewPCG(8, 0))
		quiet, live, orphaned, first := store.Key{ID: "quiet"}, store.Key{ID: "live"}, store.Key{ID: "orphaned"}, store.Key{ID: "first"}
		for _, key := range []store.Key{quiet, live, orphaned} {
			play(t, s, key, random, "finished", nil)
		}
		for key, ttl := range map[store.Key]time.Duration{live: time.Hour, orphaned: time.Second, first: time.Hour} {
			lease, err := s.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: "agent", RunID: "unfinished", TTL: ttl})
			if err != nil {
				t.Fatal(err)
			}
			started, err := agui.Encode(agui.RunStartedEvent{ThreadID: key.ID, RunID: "unfinished"})
			if err != nil {
				t.Fatal(err)
			}
			if err := lease.Append(t.Context(), []store.Record{{Seq: lease.NextSeq(), Event: started}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		notes := make(map[store.Key]transfer.Report)
		var file bytes.Buffer
		summary, err := transfer.Export(t.Context(), &file, s, transfer.Options{Report: func(r transfer.Report) { notes[r.Key] = r }})
		if err != nil || summary.Threads[transfer.Empty] != 1 {
			t.Fatalf("got %+v, %v", summary, err)
		}
		for key, want := range map[store.Key]string{quiet: "", live: "its last run is live", orphaned: "", first: "its first run hasn't finished"} {
			if note := notes[key].Note; (note == "") != (want == "") || !strings.HasPrefix(note, want) {
				t.Errorf("%q: got note %q, want %q", key, note, want)
			}
		}
		to := memory.New(memory.Limits{})
		load(t, to, file.Bytes())
		for key, want := range map[store.Key]string{quiet: "finished", live: "finished", orphaned: "unfinished", first: ""} {
			page, err := to.Read(t.Context(), key, 0, false)
			if err != nil || page.RunID != "" {
				t.Errorf("%q reads as %+v, %v", key, page, err)
			}
			if got := next(t, to, key, nil); !strings.Contains(got, fmt.Sprintf("parent %q", want)) {
				t.Errorf("%q: %s, want parent %q", key, got, want)
			}
		}
		if got, want := streams(t, to, orphaned), streams(t, s, orphaned); got != want || !strings.Contains(got, "RUN_ORPHANED") {
			t.Errorf("clients of the orphaned run's thread get\n%s\nwant\n%s", got, want)
		}
	})
}

// busy is a store on which threads are written to when it has been listed, when a thread
// has been read, and before a run begins.
type busy struct {
	store.Store
	listed, read, begins func()
}

func (b *busy) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	page, err := b.Store.Read(ctx, key, after, wait)
	if b.read != nil {
		b.read()
	}
	return page, err
}

func (b *busy) Begin(ctx context.Context, request store.BeginRequest) (store.Lease, error) {
	if b.begins != nil {
		b.begins()
	}
	return b.Store.Begin(ctx, request)
}

func (b *busy) Threads(ctx context.Context, query store.Query) (store.ThreadPage, error) {
	query.Limit = 2
	page, err := b.Store.Threads(ctx, query)
	if b.listed != nil {
		b.listed()
	}
	return page, err
}

func TestThreadsThatAreWrittenToDuringAnExportAreInIt(t *testing.T) {
	s := inMemory(t)
	random := rand.New(rand.NewPCG(9, 0))
	keys := fill(t, s, random, 7)
	// The oldest becomes the newest when the export is beyond the list's beginning.
	written := 0
	from := &busy{Store: s, listed: func() {
		if written++; written == 2 {
			play(t, s, keys[0], random, "meanwhile", nil)
		}
	}}
	to := inMemory(t)
	load(t, to, export(t, from, transfer.Options{}))
	if got, want := export(t, to, transfer.Options{}), export(t, s, transfer.Options{}); !bytes.Equal(got, want) {
		t.Errorf("the file was\n%s\nand is\n%s", want, got)
	}
	// One on which it never ends doesn't keep the export from ending.
	from.listed = func() { written++; play(t, s, keys[0], random, fmt.Sprint("more ", written), nil) }
	if _, err := transfer.Export(t.Context(), io.Discard, from, transfer.Options{}); err != nil {
		t.Error(err)
	}
}

func TestAThreadIsReadAsItWasAtOneTime(t *testing.T) {
	s := inMemory(t)
	random := rand.New(rand.NewPCG(14, 0))
	key := fill(t, s, random, 1)[0]
	// A run ends between the reading of the records and that of the snapshot.
	reads := 0
	from := &busy{Store: s, read: func() {
		if reads++; reads == 1 {
			play(t, s, key, random, "meanwhile", nil)
		}
	}}
	file := export(t, from, transfer.Options{})
	first, _, _ := bytes.Cut(file, []byte("{\"records\":"))
	if !bytes.Contains(first, []byte(`"runId":"meanwhile"`)) {
		t.Errorf("the file has the thread as it never was:\n%s", first)
	}
	from.read = func() { reads++; play(t, s, key, random, fmt.Sprint("more ", reads), nil) }
	summary, err := transfer.Export(t.Context(), io.Discard, from, transfer.Options{})
	if err != nil || summary.Threads[transfer.Refused] == 0 || summary.Threads[transfer.Moved] > 0 {
		t.Errorf("a thread that changes all the time: %+v, %v", summary, err)
	}
}

func TestAThreadThatIsWrittenToDuringTheImportIsLeftAlone(t *testing.T) {
	from, s := inMemory(t), inMemory(t)
	random := rand.New(rand.NewPCG(15, 0))
	key := fill(t, from, random, 1)[0]
	file := export(t, from, transfer.Options{})
	begun := false
	to := &busy{Store: s, begins: func() {
		if !begun {
			begun = true
			play(t, s, key, random, "a run in the store", nil)
		}
	}}
	summary, err := transfer.Import(t.Context(), to, bytes.NewReader(file), transfer.Options{})
	if err != nil || summary.Threads[transfer.Refused] != 1 {
		t.Fatalf("got %+v, %v", summary, err)
	}
	if got := next(t, s, key, nil); !strings.Contains(got, `parent "a run in the store"`) {
		t.Errorf("the next run has %s", got)
	}
}

func TestAStoreThatFailsEndsTheMove(t *testing.T) {
	s := inMemory(t)
	fill(t, s, rand.New(rand.NewPCG(10, 0)), 5)
	closed := memory.New(memory.Limits{})
	closed.Close()
	for name, err := range map[string]error{
		"an export":    second(transfer.Export(t.Context(), io.Discard, closed, transfer.Options{})),
		"an import":    second(transfer.Import(t.Context(), closed, bytes.NewReader(export(t, s, transfer.Options{})), transfer.Options{})),
		"a copy from":  second(transfer.Copy(t.Context(), closed, s, transfer.Options{})),
		"a copy to":    second(transfer.Copy(t.Context(), s, closed, transfer.Options{})),
		"a dying copy": second(transfer.Copy(t.Context(), s, &mortal{Store: memory.New(memory.Limits{}), calls: 4}, transfer.Options{})),
	} {
		if !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, errDead) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }
