package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store {
		return memory.New(memory.Limits{})
	})
}

func TestStopAndSend(t *testing.T) {
	s := memory.New(memory.Limits{MaxRunsPerThread: -1})
	defer s.Close()
	storetest.StopAndSend(t, 1, 1000, s, s)
}

func TestForgetsTheLeastRecentlyUsedThread(t *testing.T) {
	m := memory.New(memory.Limits{MaxThreads: 3})
	for _, id := range []string{"a", "b", "c"} {
		run(t, m, id, "run", 10)
	}
	if _, err := m.Read(t.Context(), store.Key{ID: "a"}, 0, false); err != nil {
		t.Fatal(err)
	}
	run(t, m, "d", "run", 10)
	wantThreads(t, m, "acd")
	run(t, m, "c", "again", 10)
	if _, err := m.CreateThread(t.Context(), store.Key{ID: "e"}, "", ""); err != nil {
		t.Fatal(err)
	}
	wantThreads(t, m, "cde")
}

func TestNeverForgetsALiveRun(t *testing.T) {
	m := memory.New(memory.Limits{MaxThreads: 2, MaxBytes: 1})
	a, b, c := begin(t, m, "a", "run"), begin(t, m, "b", "run"), begin(t, m, "c", "run")
	wantThreads(t, m, "abc")
	if err := a.Append(t.Context(), []store.Record{{Seq: 1, Event: custom(t, 1<<20)}}); err != nil {
		t.Fatal(err)
	}
	wantThreads(t, m, "abc")
	// What was just written stays, until something else is.
	if err := b.Finish(t.Context(), &store.Result{}); err != nil {
		t.Fatal(err)
	}
	wantThreads(t, m, "abc")
	if err := c.Finish(t.Context(), &store.Result{}); err != nil {
		t.Fatal(err)
	}
	wantThreads(t, m, "ac")
	if err := a.Finish(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestKeepsWithinItsBytes(t *testing.T) {
	m := memory.New(memory.Limits{MaxBytes: 1 << 20})
	var events []agui.Encoded
	for n := range 8 {
		events = append(events, custom(t, 1<<16*(n+1)/4))
	}
	for round := range 50 {
		for n, id := range strings.Split("abcdefgh", "") {
			runWith(t, m, id, fmt.Sprint(round), events[n])
		}
	}
	// The largest fits with few others.
	if !has(t, m, "h") || has(t, m, "a") {
		t.Fatal("not the oldest were forgotten")
	}
	for _, id := range strings.Split("abcdefgh", "") {
		if err := m.DeleteThread(t.Context(), store.Key{ID: id}); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	// All bytes are accounted for: as much fits as at first.
	for _, id := range []string{"a", "b", "c"} {
		run(t, m, id, "run", 300<<10)
	}
	wantThreads(t, m, "abc")
}

func TestForgetsTheOldestRuns(t *testing.T) {
	m := memory.New(memory.Limits{MaxRunsPerThread: 2})
	for _, id := range []string{"1", "2", "3"} {
		run(t, m, "a", id, 10)
	}
	page, err := m.Read(t.Context(), store.Key{ID: "a"}, 0, false)
	if err != nil || len(page.Records) != 2 || page.Records[0].Seq != 2 {
		t.Fatalf("read: %+v, %v", page, err)
	}
	lease := begin(t, m, "a", "4", "of 1", "of 2", "of 3")
	if seen := lease.Seen(); len(seen) != 2 || seen["of 1"] {
		t.Fatalf("seen: %v", seen)
	}
	if lease.NextSeq() != 4 || lease.ParentRunID() != "3" {
		t.Fatalf("next seq %d, parent %q", lease.NextSeq(), lease.ParentRunID())
	}
}

func TestForgetsRunsThatWereGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{MaxThreads: 2})
		begin(t, m, "a", "run")
		begin(t, m, "b", "run")
		time.Sleep(time.Hour)
		begin(t, m, "c", "run")
		if has(t, m, "a") && has(t, m, "b") || !has(t, m, "c") {
			t.Fatal("abandoned runs stay for ever")
		}
	})
}

func TestWithoutLimits(t *testing.T) {
	m := memory.New(memory.Limits{MaxThreads: -1, MaxRunsPerThread: -1, MaxBytes: -1})
	for n := range 1100 {
		run(t, m, fmt.Sprint(n), "run", 10)
	}
	for n := range 110 {
		run(t, m, "a", fmt.Sprint(n), 10)
	}
	page, err := m.Threads(context.Background(), store.Query{})
	if err != nil || len(page.Threads) != 1101 {
		t.Fatalf("%d threads, %v", len(page.Threads), err)
	}
	if page, err := m.Read(t.Context(), store.Key{ID: "a"}, 0, false); err != nil || len(page.Records) != 110 {
		t.Fatalf("%d records, %v", len(page.Records), err)
	}
}

// The store is over its limits with live runs, which it may not forget: looking
// for what to forget must not take longer the more of them there are.
func TestAppendCostsTheSameHoweverManyRunsAreLive(t *testing.T) {
	few, many := timeAppends(t, 10), timeAppends(t, 20_000)
	if many > 20*few+50*time.Microsecond {
		t.Errorf("an append takes %v beside 10 live runs, and %v beside 20,000", few, many)
	}
}

// timeAppends returns the shortest time of an append beside so many live runs.
func timeAppends(t *testing.T, live int) time.Duration {
	t.Helper()
	m := memory.New(memory.Limits{MaxThreads: 1})
	var lease store.Lease
	for n := range live {
		lease = begin(t, m, fmt.Sprint(n), "run")
	}
	event := custom(t, 10)
	shortest := time.Hour
	for range 100 {
		begun := time.Now()
		if err := lease.Append(t.Context(), []store.Record{{Seq: lease.NextSeq(), Event: event}}); err != nil {
			t.Fatal(err)
		}
		shortest = min(shortest, time.Since(begun))
	}
	return shortest
}

func TestClosingWakesWhoeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Limits{})
		lease := begin(t, m, "a", "run")
		results := make(chan error, 2)
		go func() { results <- lease.AwaitStop(t.Context()) }()
		go func() {
			_, err := m.Read(t.Context(), store.Key{ID: "a"}, 0, true)
			results <- err
		}()
		synctest.Wait()
		begun := time.Now()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		for range cap(results) {
			if err := <-results; !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if time.Since(begun) != 0 {
			t.Errorf("they woke after %v", time.Since(begun))
		}
		if _, err := m.Threads(t.Context(), store.Query{}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func custom(t *testing.T, size int) agui.Encoded {
	t.Helper()
	event, err := agui.Encode(agui.CustomEvent{Name: "size", Value: []byte(`"` + strings.Repeat("x", size) + `"`)})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func begin(t *testing.T, m *memory.Store, id, runID string, messageIDs ...string) store.Lease {
	t.Helper()
	lease, err := m.Begin(t.Context(), store.BeginRequest{
		Key: store.Key{ID: id}, RunID: runID, TTL: time.Minute, MessageIDs: messageIDs,
	})
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func run(t *testing.T, m *memory.Store, id, runID string, size int) {
	t.Helper()
	runWith(t, m, id, runID, custom(t, size))
}

func runWith(t *testing.T, m *memory.Store, id, runID string, event agui.Encoded) {
	t.Helper()
	lease := begin(t, m, id, runID)
	record := store.Record{Seq: lease.NextSeq(), Event: event}
	if err := lease.Append(t.Context(), []store.Record{record}); err != nil {
		t.Fatal(err)
	}
	if err := lease.Finish(t.Context(), &store.Result{Records: []store.Record{record}, MessageIDs: []string{"of " + runID}}); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, m *memory.Store, id string) bool {
	t.Helper()
	_, err := m.Thread(t.Context(), store.Key{ID: id})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func wantThreads(t *testing.T, m *memory.Store, ids string) {
	t.Helper()
	var got strings.Builder
	for _, id := range strings.Split("abcdefgh", "") {
		if has(t, m, id) {
			got.WriteString(id)
		}
	}
	if got.String() != ids {
		t.Fatalf("threads %q are kept, want %q", got.String(), ids)
	}
}

// BenchmarkAppend is the cost of one record beside other live runs, within the
// limit of threads and beyond it.
func BenchmarkAppend(b *testing.B) {
	event, err := agui.Encode(agui.CustomEvent{Name: "name", Value: []byte("1")})
	if err != nil {
		b.Fatal(err)
	}
	for _, live := range []int{1000, 1001, 20_000} {
		b.Run(fmt.Sprint(live, " live"), func(b *testing.B) {
			m := memory.New(memory.Limits{})
			var lease store.Lease
			for n := range live {
				lease, err = m.Begin(b.Context(), store.BeginRequest{Key: store.Key{ID: fmt.Sprint(n)}, RunID: "run", TTL: time.Hour})
				if err != nil {
					b.Fatal(err)
				}
			}
			records := make([]store.Record, 1)
			b.ReportAllocs()
			for seq := int64(1); b.Loop(); seq++ {
				records[0] = store.Record{Seq: seq, Event: event}
				if err := lease.Append(b.Context(), records); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestARunIsReadAsItWasAppendedFromAnywhere(t *testing.T) {
	s := memory.New(memory.Limits{})
	defer s.Close()
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: store.Key{ID: "t"}, RunID: "r", TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var appended []store.Record
	add := func(event agui.Encoded, cuts ...int) {
		appended = append(appended, store.Record{Seq: int64(len(appended) + 1), Event: event, Cuts: cuts})
		if err := lease.Append(t.Context(), appended[len(appended)-1:]); err != nil {
			t.Fatal(err)
		}
	}
	parsed := func(text string) agui.Encoded {
		event, err := agui.ParseEncoded([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	delta := func(kind agui.EventType, id, text string) agui.Encoded {
		return agui.EncodePlainDelta(kind, []byte(id), []byte(text))
	}
	const text, args = agui.EventTypeTextMessageContent, agui.EventTypeToolCallArgs
	for _, event := range []agui.Encoded{
		parsed(`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`),
		delta(text, "m", "a"), delta(text, "m", ""), delta(text, "m", `\"`), delta(text, "m", `\\`), delta(text, "m", `\ud83d`),
		delta(text, "m", `\ude00 ü`), delta(text, "m2", "b"), delta(args, "m2", `{\"a\":`), delta(args, "m2", `1}`),
		parsed(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"c","timestamp":1}`),
		parsed(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"d","rawEvent":"e"}`),
		delta(text, "m", "c"),
		parsed(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x","rawEvent":"y"}`),
		parsed(`{"delta":"c","type":"TEXT_MESSAGE_CONTENT","messageId":"m"}`),
		parsed(`{"type" : "TEXT_MESSAGE_CONTENT","messageId":"m","delta":"spaced"}`),
		delta(text, "m", "c"), delta(text, "m", "c"),
	} {
		add(event)
	}
	add(delta(text, "m", "joined before"), 6)
	for n := range 600 { // more than are joined to one
		add(delta(text, "m", strings.Repeat("long ", n)))
	}
	for after := range len(appended) + 2 {
		page, err := s.Read(t.Context(), store.Key{ID: "t"}, int64(after), false)
		if err != nil {
			t.Fatal(err)
		}
		want := appended[min(after, len(appended)):]
		if len(page.Records) != len(want) {
			t.Fatalf("after %d: %d records, want %d", after, len(page.Records), len(want))
		}
		for i, record := range page.Records {
			if record.Seq != want[i].Seq || string(record.Event.Frame()) != string(want[i].Event.Frame()) || !slices.Equal(record.Cuts, want[i].Cuts) {
				t.Errorf("after %d: got %d %s, want %d %s", after, record.Seq, record.Event.JSON(), want[i].Seq, want[i].Event.JSON())
			}
		}
	}
}
