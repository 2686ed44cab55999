package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/store"
)

func (s *suite) list(query store.Query) store.ThreadPage {
	s.Helper()
	page, err := s.Other.Threads(s.context(), query)
	if err != nil {
		s.Fatalf("list: %v", err)
	}
	return page
}

func (s *suite) wantIDs(threads []store.Thread, want ...string) {
	s.Helper()
	got := make([]string, len(threads))
	for i, thread := range threads {
		got[i] = thread.Key.ID
	}
	if !slices.Equal(got, want) {
		s.Fatalf("list has %q, want %q", got, want)
	}
}

// create creates threads whose times differ.
func (s *suite) create(owner, agentID string, ids ...string) {
	s.Helper()
	for _, id := range ids {
		s.tick()
		if _, err := s.Store.CreateThread(s.context(), store.Key{Owner: owner, ID: id}, agentID, ""); err != nil {
			s.Fatalf("create %s: %v", id, err)
		}
	}
}

// tick waits until every store's clock has moved on.
func (s *suite) tick() {
	s.Helper()
	if err := pause.Sleep(s.context(), 2*time.Millisecond); err != nil {
		s.Fatal(err)
	}
}

var threadTests = []test{
	{"a run makes a thread", func(s *suite) {
		begun := time.Now().Add(-time.Minute)
		lease := s.begin(thread, "one", longTTL)
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
		got, err := s.Other.Thread(s.context(), thread)
		if err != nil {
			s.Fatalf("thread: %v", err)
		}
		if got.Key != thread || got.AgentID != "agent" || got.Name != "" || got.Archived {
			s.Fatalf("thread: %+v", got)
		}
		for _, at := range []time.Time{got.CreatedAt, got.UpdatedAt, got.LastRunAt} {
			if at.Before(begun) || at.After(time.Now().Add(time.Minute)) {
				s.Fatalf("thread: %+v", got)
			}
		}
		if got.UpdatedAt.Before(got.CreatedAt) || got.LastRunAt.Before(got.CreatedAt) {
			s.Fatalf("times go backwards: %+v", got)
		}
		page := s.list(store.Query{Owner: thread.Owner})
		if len(page.Threads) != 1 || page.Threads[0].Key != got.Key || !page.Threads[0].UpdatedAt.Equal(got.UpdatedAt) ||
			!page.Threads[0].CreatedAt.Equal(got.CreatedAt) || !page.Threads[0].LastRunAt.Equal(got.LastRunAt) {
			s.Fatalf("list: %+v, thread: %+v", page.Threads, got)
		}
	}},
	{"a thread has the agent of its last run", func(s *suite) {
		s.run(thread, "one", 1)
		lease, err := s.Store.Begin(s.context(), store.BeginRequest{Key: thread, AgentID: "other", RunID: "two", TTL: longTTL})
		if err != nil {
			s.Fatalf("begin: %v", err)
		}
		s.finish(lease, &store.Result{Records: s.records(2, "two", 1)})
		if got, err := s.Other.Thread(s.context(), thread); err != nil || got.AgentID != "other" {
			s.Fatalf("thread: %+v, %v", got, err)
		}
		s.wantIDs(s.list(store.Query{Owner: thread.Owner, AgentID: "agent"}).Threads)
		s.wantIDs(s.list(store.Query{Owner: thread.Owner, AgentID: "other"}).Threads, thread.ID)
	}},
	{"a thread can be made without a run, once", func(s *suite) {
		got, err := s.Store.CreateThread(s.context(), thread, "agent", "a name")
		if err != nil || got.Key != thread || got.AgentID != "agent" || got.Name != "a name" || !got.LastRunAt.IsZero() || got.CreatedAt.IsZero() {
			s.Fatalf("create: %+v, %v", got, err)
		}
		for _, from := range []store.Store{s.Store, s.Other} {
			_, err = from.CreateThread(s.context(), thread, "agent", "another name")
			s.wantError("create again", err, store.ErrExists)
		}
		again, err := s.Other.Thread(s.context(), thread)
		if err != nil || again.Name != "a name" || !again.CreatedAt.Equal(got.CreatedAt) || !again.LastRunAt.IsZero() {
			s.Fatalf("thread: %+v, %v", again, err)
		}
		s.run(thread, "one", 1)
		after, err := s.Other.Thread(s.context(), thread)
		if err != nil || after.Name != "a name" || after.LastRunAt.IsZero() || !after.CreatedAt.Equal(got.CreatedAt) {
			s.Fatalf("thread after its first run: %+v, %v", after, err)
		}
		_, err = s.Store.CreateThread(s.context(), thread, "agent", "")
		s.wantError("create over a run's thread", err, store.ErrExists)
	}},
	{"a thread is renamed, archived and unarchived", func(s *suite) {
		s.run(thread, "one", 2)
		name, yes, no := "new näme 🙂", true, false
		for _, step := range []struct {
			patch    store.Patch
			name     string
			archived bool
		}{
			{store.Patch{Name: &name}, name, false},
			{store.Patch{Archived: &yes}, name, true},
			{store.Patch{}, name, true},
			{store.Patch{Archived: &no}, name, false},
		} {
			got, err := s.Store.UpdateThread(s.context(), thread, step.patch)
			if err != nil || got.Name != step.name || got.Archived != step.archived || got.Key != thread {
				s.Fatalf("update: %+v, %v", got, err)
			}
			stored, err := s.Other.Thread(s.context(), thread)
			if err != nil || stored.Name != step.name || stored.Archived != step.archived || stored.AgentID != "agent" {
				s.Fatalf("thread: %+v, %v", stored, err)
			}
		}
		s.wantRecords(s.read(s.Store, thread, 0, false).Records, s.records(1, "one", 2))
		_, err := s.Store.UpdateThread(s.context(), store.Key{ID: "none"}, store.Patch{Name: &name})
		s.wantError("update an unknown thread", err, store.ErrNotFound)
		_, err = s.Store.Thread(s.context(), store.Key{ID: "none"})
		s.wantError("an update made a thread", err, store.ErrNotFound)
	}},
	{"a deleted thread is gone", func(s *suite) {
		s.run(thread, "one", 2, "m1")
		if err := s.Store.DeleteThread(s.context(), thread); err != nil {
			s.Fatalf("delete: %v", err)
		}
		s.wantError("delete again", s.Other.DeleteThread(s.context(), thread), store.ErrNotFound)
		_, err := s.Other.Thread(s.context(), thread)
		s.wantError("thread", err, store.ErrNotFound)
		_, err = s.Other.Snapshot(s.context(), thread)
		s.wantError("snapshot", err, store.ErrNotFound)
		s.wantIDs(s.list(store.Query{Owner: thread.Owner}).Threads)
		if page := s.read(s.Other, thread, 0, true); len(page.Records) > 0 || page.Live {
			s.Fatalf("the thread reads as %+v", page)
		}
		lease := s.begin(thread, "two", longTTL, "m1")
		if lease.NextSeq() != 1 || lease.ParentRunID() != "" || len(lease.Seen()) != 0 {
			s.Fatalf("a new run of it: seq %d, parent %q, seen %v", lease.NextSeq(), lease.ParentRunID(), lease.Seen())
		}
	}},
	{"a live run of a deleted thread loses its lease", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(1, "one", 1))
		if err := s.Other.DeleteThread(s.context(), thread); err != nil {
			s.Fatalf("delete: %v", err)
		}
		s.wantLost(lease)
		_, err := s.Store.Thread(s.context(), thread)
		s.wantError("thread", err, store.ErrNotFound)
		next := s.begin(thread, "one", longTTL)
		s.wantLost(lease)
		s.append(next, s.records(1, "again", 1))
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, s.records(1, "again", 1))
	}},
	{"owners see their own threads", func(s *suite) {
		s.create("a", "agent", "1", "2")
		s.create("b", "agent", "1")
		s.create("", "agent", "3")
		s.wantIDs(s.list(store.Query{Owner: "a"}).Threads, "2", "1")
		s.wantIDs(s.list(store.Query{Owner: "b"}).Threads, "1")
		s.wantIDs(s.list(store.Query{}).Threads, "3")
		s.wantIDs(s.list(store.Query{Owner: "c"}).Threads)
		_, err := s.Store.Thread(s.context(), store.Key{Owner: "b", ID: "2"})
		s.wantError("another owner's thread", err, store.ErrNotFound)
	}},
	{"clearing takes one owner's threads, also the live ones", func(s *suite) {
		mine, theirs := store.Key{Owner: "a", ID: "live"}, store.Key{Owner: "b", ID: "live"}
		s.run(store.Key{Owner: "a", ID: "done"}, "one", 1)
		lost, kept := s.begin(mine, "one", longTTL), s.begin(theirs, "one", longTTL)
		if err := s.Other.Clear(s.context(), "a"); err != nil {
			s.Fatalf("clear: %v", err)
		}
		s.wantIDs(s.list(store.Query{Owner: "a", IncludeArchived: true}).Threads)
		s.wantIDs(s.list(store.Query{Owner: "b"}).Threads, "live")
		s.wantLost(lost)
		s.append(kept, s.records(1, "one", 1))
		if err := s.Other.Clear(s.context(), "nobody"); err != nil {
			s.Fatalf("clear an owner without threads: %v", err)
		}
	}},
	{"the list has the last updated first", func(s *suite) {
		s.create("o", "agent", "1", "2", "3")
		s.wantIDs(s.list(store.Query{Owner: "o"}).Threads, "3", "2", "1")
		s.tick()
		s.run(store.Key{Owner: "o", ID: "1"}, "run", 1)
		s.wantIDs(s.list(store.Query{Owner: "o"}).Threads, "1", "3", "2")
		s.tick()
		name := "name"
		if _, err := s.Store.UpdateThread(s.context(), store.Key{Owner: "o", ID: "2"}, store.Patch{Name: &name}); err != nil {
			s.Fatalf("update: %v", err)
		}
		s.wantIDs(s.list(store.Query{Owner: "o"}).Threads, "2", "1", "3")
	}},
	{"the list can leave out the archived and other agents' threads", func(s *suite) {
		s.create("o", "x", "1", "2")
		s.create("o", "y", "3", "4")
		yes := true
		for _, id := range []string{"1", "3"} {
			if _, err := s.Store.UpdateThread(s.context(), store.Key{Owner: "o", ID: id}, store.Patch{Archived: &yes}); err != nil {
				s.Fatalf("archive: %v", err)
			}
			s.tick()
		}
		s.wantIDs(s.list(store.Query{Owner: "o"}).Threads, "4", "2")
		s.wantIDs(s.list(store.Query{Owner: "o", IncludeArchived: true}).Threads, "3", "1", "4", "2")
		s.wantIDs(s.list(store.Query{Owner: "o", AgentID: "x"}).Threads, "2")
		s.wantIDs(s.list(store.Query{Owner: "o", AgentID: "x", IncludeArchived: true}).Threads, "1", "2")
		s.wantIDs(s.list(store.Query{Owner: "o", AgentID: "z"}).Threads)
	}},
	{"the list comes in pages", func(s *suite) {
		var want []string
		for i := range 11 {
			s.create("o", "x", fmt.Sprint("x", i))
			s.create("o", "y", fmt.Sprint("y", i))
			want = append([]string{fmt.Sprint("x", i)}, want...)
		}
		for _, limit := range []int{1, 3, 10, 11, 12} {
			var got []store.Thread
			query := store.Query{Owner: "o", AgentID: "x", Limit: limit}
			for {
				page := s.list(query)
				if len(page.Threads) > limit {
					s.Fatalf("a page of %d has %d threads", limit, len(page.Threads))
				}
				got = append(got, page.Threads...)
				if page.NextCursor == "" {
					break
				}
				if len(page.Threads) == 0 {
					s.Fatal("an empty page has a next one")
				}
				query.Cursor = page.NextCursor
			}
			s.wantIDs(got, want...)
		}
		if page := s.list(store.Query{Owner: "o"}); len(page.Threads) != 22 || page.NextCursor != "" {
			s.Fatalf("a list without a limit has %d threads, cursor %q", len(page.Threads), page.NextCursor)
		}
	}},
	{"a cursor outlives the thread that it names", func(s *suite) {
		s.create("o", "x", "1", "2", "3", "4")
		page := s.list(store.Query{Owner: "o", Limit: 2})
		s.wantIDs(page.Threads, "4", "3")
		if err := s.Store.DeleteThread(s.context(), store.Key{Owner: "o", ID: "3"}); err != nil {
			s.Fatalf("delete: %v", err)
		}
		s.wantIDs(s.list(store.Query{Owner: "o", Limit: 2, Cursor: page.NextCursor}).Threads, "2", "1")
	}},
	{"a cursor that isn't one is refused", func(s *suite) {
		s.create("o", "x", "1")
		for _, cursor := range []string{"x", "!!!", "eHh4", "0", "\x00", "999999999999999999999999"} {
			_, err := s.Store.Threads(s.context(), store.Query{Owner: "o", Cursor: cursor})
			s.wantError(fmt.Sprintf("cursor %q", cursor), err, store.ErrBadCursor)
		}
	}},
}
