package dynamodb_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
)

// run does a whole run of one record, and returns that.
func run(t *testing.T, s store.Store, id string) store.Record {
	t.Helper()
	lease := begin(t, s, id, time.Minute)
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
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "next", TTL: time.Minute, MessageIDs: []string{"run 0", "run 11", "else"}})
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
	again := begin(t, s, "again", time.Minute)
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
	lease := begin(t, s, "live", time.Minute)
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
	lease := begin(t, s, "run", time.Minute)
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
