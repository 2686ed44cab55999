package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// times returns the times of a thread that was updated some minutes after it was
// created, which is 40 minutes ago: a store may keep threads for an hour.
func (s *suite) times(minutes int) *store.Times {
	created := s.began.Add(-40 * time.Minute).Truncate(time.Second).Add(123_456 * time.Microsecond)
	updated := created.Add(time.Duration(minutes) * time.Minute)
	return &store.Times{Created: created, Updated: updated, LastRun: updated.Add(-time.Second)}
}

// wantTimes checks that a thread has the times, as Thread and its owner's list say it.
func (s *suite) wantTimes(key store.Key, want *store.Times) {
	s.Helper()
	info, err := s.Other.Thread(s.context(), key)
	if err != nil {
		s.Fatalf("thread: %v", err)
	}
	listed := s.list(store.Query{Owner: key.Owner, IncludeArchived: true}).Threads
	i := slices.IndexFunc(listed, func(t store.Thread) bool { return t.Key == key })
	if i < 0 {
		s.Fatalf("the list doesn't have thread %q", key)
	}
	for _, got := range []store.Thread{info, listed[i]} {
		if !got.CreatedAt.Equal(want.Created) || !got.UpdatedAt.Equal(want.Updated) || !got.LastRunAt.Equal(want.LastRun) {
			s.Fatalf("thread %q has the times %v %v %v, want %v", key, got.CreatedAt, got.UpdatedAt, got.LastRunAt, *want)
		}
	}
}

// movedTests are of what makes a thread that comes from another store what it was
// there, and of finding all threads that there are.
var movedTests = []test{
	{"a history with several runs comes in one step", func(s *suite) {
		lease := s.begin(thread, "three", longTTL, "m1")
		joined := store.Record{Seq: 57, Event: s.event("joined"), Cuts: []int{4, 11}}
		earlier := [][]store.Record{s.records(17, "one", 3), {{Seq: 31, Event: s.event("alone")}, joined}}
		last := s.records(60, "three", 2)
		snapshot := store.Snapshot{Messages: json.RawMessage(`[{"id":"m1","role":"user","content":"a"}]`), State: json.RawMessage(`{"n":1}`)}
		if page := s.read(s.Other, thread, 0, false); len(page.Records) > 0 {
			s.Fatalf("before its history has come the thread reads as %+v", page)
		}
		s.finish(lease, &store.Result{Earlier: earlier, Records: last, MessageIDs: []string{"m1", "m2"}, Snapshot: snapshot})
		all := slices.Concat(earlier[0], earlier[1], last)
		for _, after := range []int64{0, 16, 17, 19, 30, 31, 40, 57, 59, 60, 61} {
			from := slices.IndexFunc(all, func(r store.Record) bool { return r.Seq > after })
			want := all[max(from, 0):]
			if from < 0 {
				want = nil
			}
			page := s.read(s.Other, thread, after, false)
			if s.wantRecords(page.Records, want); page.Live || page.Orphaned {
				s.Fatalf("the thread reads as %+v", page)
			}
		}
		if got, err := s.Other.Snapshot(s.context(), thread); err != nil || string(got.State) != `{"n":1}` {
			s.Fatalf("snapshot: %s, %v", got.State, err)
		}
		next := s.begin(thread, "four", longTTL, "m1", "m2", "m3")
		if next.NextSeq() != 62 || next.ParentRunID() != "three" || len(next.Seen()) != 2 {
			s.Fatalf("the next run: seq %d, parent %q, seen %v", next.NextSeq(), next.ParentRunID(), next.Seen())
		}
		s.append(next, s.records(62, "four", 1))
		s.finish(next, &store.Result{Earlier: [][]store.Record{s.records(70, "more", 1)}, Records: s.records(80, "four", 1)})
		all = slices.Concat(all, s.records(70, "more", 1), s.records(80, "four", 1))
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, all)
	}},
	{"a history can end with a run that has no events", func(s *suite) {
		s.finish(s.begin(thread, "two", longTTL), &store.Result{Earlier: [][]store.Record{s.records(3, "one", 2), nil}})
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, s.records(3, "one", 2))
		if next := s.begin(thread, "three", longTTL); next.NextSeq() != 5 || next.ParentRunID() != "two" {
			s.Fatalf("the next run: seq %d, parent %q", next.NextSeq(), next.ParentRunID())
		}
	}},
	{"a history of many runs, and large ones", func(s *suite) {
		var earlier [][]store.Record
		seq := int64(1)
		for n := range 99 {
			records := s.records(seq, fmt.Sprint("run ", n), 20)
			earlier, seq = append(earlier, records), seq+25
		}
		large := []store.Record{{Seq: seq, Event: s.event(strings.Repeat("large ", 1<<18))}, {Seq: seq + 9, Event: s.event("end")}}
		s.finish(s.begin(thread, "last", longTTL), &store.Result{Earlier: earlier, Records: large})
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, append(slices.Concat(earlier...), large...))
		s.wantRecords(s.read(s.Other, thread, seq-26, false).Records, slices.Concat(earlier[98], large))
	}},
	{"a thread's times are set", func(s *suite) {
		s.run(thread, "one", 2)
		name, yes := "name", true
		got, err := s.Store.UpdateThread(s.context(), thread, store.Patch{Name: &name, Archived: &yes, Times: s.times(5)})
		if err != nil || got.Name != name || !got.Archived || !got.UpdatedAt.Equal(s.times(5).Updated) {
			s.Fatalf("update: %+v, %v", got, err)
		}
		s.wantTimes(thread, s.times(5))
		never := s.times(6)
		never.LastRun = time.Time{}
		if _, err := s.Store.UpdateThread(s.context(), thread, store.Patch{Times: never}); err != nil {
			s.Fatalf("update: %v", err)
		}
		s.wantTimes(thread, never)
		before := time.Now().Add(-time.Minute)
		if _, err := s.Store.UpdateThread(s.context(), thread, store.Patch{Name: &name}); err != nil {
			s.Fatalf("update: %v", err)
		}
		after, err := s.Other.Thread(s.context(), thread)
		if err != nil || after.UpdatedAt.Before(before) || !after.CreatedAt.Equal(never.Created) || !after.LastRunAt.IsZero() {
			s.Fatalf("after an update without times: %+v, %v", after, err)
		}
		_, err = s.Store.UpdateThread(s.context(), store.Key{ID: "none"}, store.Patch{Times: never})
		s.wantError("set the times of an unknown thread", err, store.ErrNotFound)
	}},
	{"a run after the times were set updates the thread", func(s *suite) {
		s.run(thread, "one", 1)
		if _, err := s.Store.UpdateThread(s.context(), thread, store.Patch{Times: s.times(5)}); err != nil {
			s.Fatalf("update: %v", err)
		}
		s.finish(s.begin(thread, "untraced", longTTL), nil)
		s.wantTimes(thread, s.times(5))
		s.run(thread, "two", 1)
		got, err := s.Other.Thread(s.context(), thread)
		if err != nil || !got.CreatedAt.Equal(s.times(5).Created) || time.Since(got.UpdatedAt) > time.Hour || time.Since(got.LastRunAt) > time.Hour {
			s.Fatalf("thread: %+v, %v", got, err)
		}
	}},
	{"the list goes by the times that were set", func(s *suite) {
		s.create("o", "x", "1", "2", "3", "4")
		for id, minutes := range map[string]int{"1": 35, "2": 10, "3": 30} {
			if _, err := s.Store.UpdateThread(s.context(), store.Key{Owner: "o", ID: id}, store.Patch{Times: s.times(minutes)}); err != nil {
				s.Fatalf("update: %v", err)
			}
		}
		s.wantIDs(s.list(store.Query{Owner: "o"}).Threads, "4", "1", "3", "2")
		page := s.list(store.Query{Owner: "o", Limit: 2})
		s.wantIDs(page.Threads, "4", "1")
		s.wantIDs(s.list(store.Query{Owner: "o", Limit: 2, Cursor: page.NextCursor}).Threads, "3", "2")
	}},
	{"the threads of all owners are listed", func(s *suite) {
		if page := s.list(store.Query{AllOwners: true, Limit: 3}); len(page.Threads) != 0 || page.NextCursor != "" {
			s.Fatalf("an empty store lists %+v", page)
		}
		s.create("a", "x", "1")
		s.create("", "x", "2")
		s.create("b:*?[c]\\", "y", "3")
		s.create("a", "x", "4")
		yes := true
		if _, err := s.Store.UpdateThread(s.context(), store.Key{ID: "2"}, store.Patch{Archived: &yes}); err != nil {
			s.Fatalf("archive: %v", err)
		}
		s.wantIDs(s.list(store.Query{AllOwners: true}).Threads, "4", "3", "1")
		s.wantIDs(s.list(store.Query{AllOwners: true, IncludeArchived: true}).Threads, "2", "4", "3", "1")
		s.wantIDs(s.list(store.Query{AllOwners: true, AgentID: "x", IncludeArchived: true}).Threads, "2", "4", "1")
		s.wantIDs(s.list(store.Query{AllOwners: true, Owner: "a"}).Threads, "4", "3", "1")
	}},
	{"the list of all owners comes in pages, with what was updated at the same time", func(s *suite) {
		want := make(map[store.Key]bool)
		for n := range 130 {
			key := store.Key{Owner: fmt.Sprint("owner/", n%3), ID: fmt.Sprint("a:b ", n)}
			if n > 120 {
				key.Owner = key.ID
			}
			want[key] = true
			if _, err := s.Store.CreateThread(s.context(), key, "agent", ""); err != nil {
				s.Fatalf("create: %v", err)
			}
			// Most at the same time.
			if _, err := s.Store.UpdateThread(s.context(), key, store.Patch{Times: s.times(max(n-100, 0))}); err != nil {
				s.Fatalf("update: %v", err)
			}
		}
		for _, limit := range []int{7, 129, 130, 0} {
			got := make(map[store.Key]bool)
			query := store.Query{AllOwners: true, Limit: limit}
			for last := s.times(1000).Updated; ; {
				page := s.list(query)
				if limit > 0 && len(page.Threads) > limit {
					s.Fatalf("a page of %d has %d threads", limit, len(page.Threads))
				}
				for _, thread := range page.Threads {
					if got[thread.Key] || !want[thread.Key] || thread.UpdatedAt.After(last) {
						s.Fatalf("in pages of %d: thread %q comes again, or after a later one", limit, thread.Key)
					}
					got[thread.Key], last = true, thread.UpdatedAt
				}
				if query.Cursor = page.NextCursor; query.Cursor == "" {
					break
				}
			}
			if len(got) != len(want) {
				s.Fatalf("pages of %d have %d threads, want %d", limit, len(got), len(want))
			}
		}
		for _, cursor := range []string{"x", "!!!", "eHh4", "MCBh", "MCAleHg6"} {
			_, err := s.Store.Threads(s.context(), store.Query{AllOwners: true, Cursor: cursor})
			s.wantError(fmt.Sprintf("cursor %q", cursor), err, store.ErrBadCursor)
		}
	}},
}
