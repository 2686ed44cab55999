package dynamodb_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
)

// run does a whole run of one record, and returns that.
func run(t *testing.T, s store.Store, id string) store.Record {
	t.Helper()
	lease := begin(t, s, id, longTTL)
	record := records(lease.NextSeq(), 1, id)
	err := lease.Finish(t.Context(), &store.Result{
		Records: record, MessageIDs: []string{id}, Snapshot: store.Snapshot{Messages: fmt.Appendf(nil, "[%q]", id)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return record[0]
}

func items(t *testing.T, s *dynamodb.Store) []dynamodb.Item {
	t.Helper()
	items, err := s.Items(t.Context(), thread)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func TestTheNewestRunsAreKept(t *testing.T) {
	t.Parallel()
	address := fresh()
	s, unlimited := open(t, address+"&max-runs=3"), open(t, address)
	var all []store.Record
	for n := range 12 {
		all = append(all, run(t, s, fmt.Sprint("run ", n)))
		wantRecords(t, read(t, s), all[max(0, len(all)-3):]...)
	}
	// The others are gone, not only unread.
	wantRecords(t, read(t, unlimited), all[9:]...)
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "next", TTL: longTTL, MessageIDs: []string{"run 0", "run 11", "else"}})
	if err != nil || len(lease.Seen()) != 2 || lease.ParentRunID() != "run 11" {
		t.Fatalf("the next run has seen %v, %v", lease.Seen(), err)
	}
}

func TestAThreadIsKeptForItsTimeAfterTheLastWrite(t *testing.T) {
	t.Parallel()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	s := openAt(t, fresh()+"&retention=1h", proxy)
	var all []store.Record
	// Each run comes when the one before would be over soon, and the first ones long
	// after they were written.
	for n := range 6 {
		proxy.Skew(time.Duration(n) * 50 * time.Minute)
		all = append(all, run(t, s, fmt.Sprint("run ", n)))
		wantRecords(t, read(t, s), all...)
		for _, item := range items(t, s) {
			if left := item.Expires.Sub(time.Now().Add(time.Duration(n) * 50 * time.Minute)); left < 50*time.Minute || left > 2*time.Hour+time.Minute {
				t.Fatalf("after run %d %s is kept for %v", n, item.Name, left)
			}
		}
	}
	proxy.Skew(5*50*time.Minute + 61*time.Minute)
	// The first answer shows the store how late it is.
	_, _ = s.Thread(t.Context(), thread)
	if _, err := s.Thread(t.Context(), thread); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after its time the thread is there: %v", err)
	}
	if page := read(t, s); len(page.Records) > 0 {
		t.Errorf("it reads as %+v", page)
	}
	list, err := s.Threads(t.Context(), store.Query{Owner: thread.Owner})
	if err != nil || len(list.Threads) > 0 {
		t.Errorf("it is listed: %+v, %v", list, err)
	}
	again := begin(t, s, "again", longTTL)
	if again.NextSeq() != 1 || again.ParentRunID() != "" {
		t.Errorf("a new run of it begins at %d after %q", again.NextSeq(), again.ParentRunID())
	}
}

func TestNothingIsLeftOfAThreadThatIsDeleted(t *testing.T) {
	t.Parallel()
	s := open(t, fresh())
	for n := range 3 {
		run(t, s, fmt.Sprint("run ", n))
	}
	lease := begin(t, s, "live", longTTL)
	if err := lease.Append(t.Context(), records(lease.NextSeq(), 2, "live")); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteThread(t.Context(), thread); err != nil {
		t.Fatal(err)
	}
	for _, item := range items(t, s) {
		if item.Expires.IsZero() || item.Expires.After(time.Now().Add(25*time.Hour)) {
			t.Errorf("%s is left, until %v", item.Name, item.Expires)
		}
	}
	run(t, s, "next")
	wantRecords(t, read(t, s), records(1, 1, "next")...)
}

func TestAFinishedRunLeavesNoBlocks(t *testing.T) {
	t.Parallel()
	s := open(t, fresh())
	run(t, s, "first")
	lease := begin(t, s, "run", longTTL)
	for n := range int64(60) {
		if err := lease.Append(t.Context(), records(n+2, 1, "run")); err != nil {
			t.Fatal(err)
		}
	}
	if err := lease.Finish(t.Context(), &store.Result{Records: records(2, 60, "run"), MessageIDs: []string{"m"}}); err != nil {
		t.Fatal(err)
	}
	// A head, two runs, one snapshot, two sets of message ids.
	if left := items(t, s); len(left) != 6 {
		t.Errorf("left are %v", left)
	}
}

// DynamoDB removes items one by one after their expiry, so none may expire before the
// thread does, which each write puts off.
func TestNothingOfAThreadExpiresBeforeIt(t *testing.T) {
	t.Parallel()
	name := "another"
	rename := func(t *testing.T, s *dynamodb.Store) {
		if _, err := s.UpdateThread(t.Context(), thread, store.Patch{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name    string
		before  string
		after   string
		touch   func(t *testing.T, s *dynamodb.Store)
		forever bool
	}{
		{"renamed again and again", "&retention=1h", "&retention=1h", rename, false},
		{"in a run that is given up", "&retention=1h", "&retention=1h", func(t *testing.T, s *dynamodb.Store) {
			if err := begin(t, s, "given up", longTTL).Finish(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"in a run that nobody ends", "&retention=1h", "&retention=1h", func(t *testing.T, s *dynamodb.Store) {
			page := read(t, s)
			if page.RunID == "" {
				begin(t, s, "orphan", time.Second)
				return
			}
			lease, err := s.Adopt(t.Context(), thread, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if err := lease.Renew(t.Context()); err != nil && !errors.Is(err, store.ErrLeaseLost) { // on a busy machine its second may be over
				t.Fatal(err)
			}
		}, false},
		{"kept longer from now on", "&retention=1h", "&retention=720h", rename, false},
		{"kept for ever from now on", "&retention=1h", "", rename, true},
		{"kept for a time from now on", "", "&retention=1h", rename, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			proxy, stop := server.Through()
			t.Cleanup(stop)
			address := fresh()
			record := run(t, openAt(t, address+test.before, proxy), "run")
			s := openAt(t, address+test.after, proxy)
			for n := range 4 {
				proxy.Skew(time.Duration(n) * 50 * time.Minute)
				_, _ = s.Thread(t.Context(), thread) // shows the store how late it is
				test.touch(t, s)
				var head time.Time
				for _, item := range items(t, s) {
					if item.Name == "M" {
						head = item.Expires
					}
				}
				for _, item := range items(t, s) {
					if !item.Expires.IsZero() && (head.IsZero() || item.Expires.Before(head)) || item.Expires.IsZero() != test.forever {
						t.Errorf("after change %d the thread expires at %v, and its item %s at %v", n, head, item.Name, item.Expires)
					}
				}
			}
			wantRecords(t, read(t, s), record)
		})
	}
}

// A client may ask for another run all the time.
func TestABusyThreadIsRefusedWithoutReadingItsRun(t *testing.T) {
	t.Parallel()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	s := openAt(t, fresh(), proxy)
	lease := begin(t, s, "run", longTTL)
	for range 3 {
		text := make([]byte, 1<<20) // of which half a MB is left when it is compressed
		_, _ = rand.Read(text)
		if err := lease.Append(t.Context(), records(lease.NextSeq(), 1, hex.EncodeToString(text))); err != nil {
			t.Fatal(err)
		}
	}
	// On a busy machine a request may have no answer in time, and is sent again.
	least := math.Inf(1)
	for tries := 0; tries < 10 && least > 300; tries++ {
		proxy.Take()
		_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "two", TTL: longTTL})
		switch units := float64(proxy.Take().Reads); {
		case errors.Is(err, store.ErrLocked):
			least = min(least, units)
		case !errors.Is(err, store.ErrUnavailable):
			t.Fatalf("got %v", err)
		}
	}
	// Of a page, which has a megabyte and what goes beyond it.
	if least > 300 {
		t.Errorf("it has cost %v units", least)
	}
}

func TestAListPassesOverManyArchivedThreads(t *testing.T) {
	t.Parallel()
	proxy, stop := server.Through()
	t.Cleanup(stop)
	s := openAt(t, fresh(), proxy)
	archived := true
	for n := range 101 {
		key := store.Key{Owner: "owner", ID: fmt.Sprint(n)}
		if _, err := s.CreateThread(t.Context(), key, "agent", ""); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			continue
		}
		if _, err := s.UpdateThread(t.Context(), key, store.Patch{Archived: &archived}); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Take()
	for _, limit := range []int{1, math.MaxInt} {
		page, err := s.Threads(t.Context(), store.Query{Owner: "owner", Limit: limit})
		if err != nil || len(page.Threads) != 1 || page.Threads[0].Key.ID != "0" {
			t.Errorf("got %+v, %v", page, err)
		}
	}
	if asked := proxy.Take().Requests["Query"]; asked > 6 {
		t.Errorf("it takes %d requests", asked)
	}
}
