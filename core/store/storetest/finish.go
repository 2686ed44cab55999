package storetest

import (
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/store"
)

var finishTests = []test{
	{"the result replaces what was appended", func(s *suite) {
		s.run(thread, "zero", 2)
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(3, "one", 5))
		compacted := []store.Record{
			{Seq: 3, Event: s.event("first")},
			{Seq: 6, Event: s.event("joined"), Cuts: []int{4, 11}},
			{Seq: 8, Event: s.event("last, with one more than was appended"), Cuts: []int{1}},
		}
		s.finish(lease, &store.Result{Records: compacted})
		s.wantRecords(s.read(s.Other, thread, 2, false).Records, compacted)
		// A reader inside a joined record gets it whole.
		s.wantRecords(s.read(s.Other, thread, 3, false).Records, compacted[1:])
		s.wantRecords(s.read(s.Other, thread, 5, false).Records, compacted[1:])
		s.wantRecords(s.read(s.Other, thread, 6, false).Records, compacted[2:])
		s.wantRecords(s.read(s.Other, thread, 8, false).Records, nil)
		if got := s.begin(thread, "two", longTTL).NextSeq(); got != 9 {
			s.Fatalf("next seq after seq 8: %d", got)
		}
	}},
	{"a finished lease is gone", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		records := s.records(1, "one", 1)
		s.finish(lease, &store.Result{Records: records})
		s.wantLost(lease)
		s.wantRecords(s.read(s.Store, thread, 0, false).Records, records)
	}},
	{"a run without a result leaves no trace", func(s *suite) {
		want := s.run(thread, "zero", 2, "m1")
		before, err := s.Store.Thread(s.context(), thread)
		if err != nil {
			s.Fatalf("thread: %v", err)
		}
		lease := s.begin(thread, "one", longTTL, "m1", "m2")
		s.append(lease, s.records(3, "one", 2))
		s.finish(lease, nil)
		page := s.read(s.Other, thread, 0, false)
		s.wantRecords(page.Records, want)
		if page.Live || page.Orphaned || page.RunID != "" {
			s.Fatalf("the thread reads as %+v", page)
		}
		after, err := s.Store.Thread(s.context(), thread)
		if err != nil || !after.LastRunAt.Equal(before.LastRunAt) || !after.UpdatedAt.Equal(before.UpdatedAt) {
			s.Fatalf("the thread was %+v and is %+v, %v", before, after, err)
		}
		next := s.begin(thread, "two", longTTL, "m1", "m2")
		if next.ParentRunID() != "zero" || len(next.Seen()) != 1 {
			s.Fatalf("the next run's parent is %q, seen %v", next.ParentRunID(), next.Seen())
		}
		if next.NextSeq() != 5 {
			s.Fatalf("next seq after 4 used ones: %d", next.NextSeq())
		}
		s.append(next, s.records(5, "two", 1))
	}},
	{"a run without a result leaves no thread that it made", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		s.append(lease, s.records(1, "one", 2))
		s.finish(lease, nil)
		_, err := s.Store.Thread(s.context(), thread)
		s.wantError("thread", err, store.ErrNotFound)
		if page := s.read(s.Other, thread, 0, false); len(page.Records) > 0 || page.Live {
			s.Fatalf("the thread reads as %+v", page)
		}
		if list := s.list(store.Query{Owner: thread.Owner}); len(list.Threads) != 0 {
			s.Fatalf("the list has %+v", list.Threads)
		}
	}},
	{"a run without a result leaves a thread that somebody made", func(s *suite) {
		if _, err := s.Store.CreateThread(s.context(), thread, "agent", "name"); err != nil {
			s.Fatalf("create: %v", err)
		}
		s.finish(s.begin(thread, "one", longTTL), nil)
		info, err := s.Store.Thread(s.context(), thread)
		if err != nil || info.Name != "name" || !info.LastRunAt.IsZero() {
			s.Fatalf("thread: %+v, %v", info, err)
		}
	}},
	{"a run without a result leaves a thread that was named meanwhile", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		name := "name"
		if _, err := s.Other.UpdateThread(s.context(), thread, store.Patch{Name: &name}); err != nil {
			s.Fatalf("update: %v", err)
		}
		s.finish(lease, nil)
		info, err := s.Other.Thread(s.context(), thread)
		if err != nil || info.Name != "name" || info.AgentID != "agent" || info.UpdatedAt.Before(info.CreatedAt) || !info.LastRunAt.IsZero() {
			s.Fatalf("thread: %+v, %v", info, err)
		}
		if page := s.read(s.Other, thread, 0, false); page.Live || page.Orphaned {
			s.Fatalf("the thread reads as %+v", page)
		}
		s.wantIDs(s.list(store.Query{Owner: thread.Owner}).Threads, thread.ID)
	}},
	{"a run without events finishes", func(s *suite) {
		s.finish(s.begin(thread, "one", longTTL), &store.Result{})
		if page := s.read(s.Store, thread, 0, false); len(page.Records) > 0 || page.Live {
			s.Fatalf("the thread reads as %+v", page)
		}
		if got := s.begin(thread, "two", longTTL); got.ParentRunID() != "one" || got.NextSeq() != 1 {
			s.Fatalf("next lease: parent %q, seq %d", got.ParentRunID(), got.NextSeq())
		}
	}},
	{"the snapshot is the last finished run's", func(s *suite) {
		_, err := s.Store.Snapshot(s.context(), thread)
		s.wantError("snapshot of an unknown thread", err, store.ErrNotFound)
		for i, want := range []store.Snapshot{
			{Messages: json.RawMessage(`[{"id":"1","role":"user","content":"a"}]`), State: json.RawMessage(`{"n":1}`)},
			{Messages: json.RawMessage(`[]`)},
			{Messages: json.RawMessage(`[{"id":"ä\u0000","role":"user","content":"b"}]`), State: json.RawMessage(`null`)},
		} {
			lease := s.begin(thread, fmt.Sprint("run ", i), longTTL)
			if i == 0 {
				_, err := s.Other.Snapshot(s.context(), thread)
				s.wantError("snapshot before the first run's end", err, store.ErrNotFound)
			}
			s.finish(lease, &store.Result{Records: s.records(lease.NextSeq(), "run", 1), Snapshot: want})
			got, err := s.Other.Snapshot(s.context(), thread)
			if err != nil || string(got.Messages) != string(want.Messages) || string(got.State) != string(want.State) ||
				(got.State == nil) != (want.State == nil) {
				s.Fatalf("snapshot %d: %s %s, %v", i, got.Messages, got.State, err)
			}
		}
		s.finish(s.begin(thread, "untraced", longTTL), nil)
		if got, err := s.Other.Snapshot(s.context(), thread); err != nil || string(got.State) != "null" {
			s.Fatalf("snapshot after a run without a trace: %s, %v", got.State, err)
		}
	}},
}
