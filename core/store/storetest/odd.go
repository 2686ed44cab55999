package storetest

import (
	"errors"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
)

// oddKeys are names that a careless key scheme mixes up or can't hold.
var oddKeys = []store.Key{
	{Owner: "", ID: "plain"},
	{Owner: "plain", ID: ""},
	{Owner: "a", ID: "b:c"},
	{Owner: "a:b", ID: "c"},
	{Owner: "a/b", ID: "c"},
	{Owner: "a", ID: "b/c"},
	{Owner: "a", ID: "../../etc/passwd"},
	{Owner: "a", ID: "b c\tnew\nline"},
	{Owner: "a", ID: "{b}"},
	{Owner: "{a}", ID: "}b{"},
	{Owner: "a", ID: "ünïcödé 线程 🧵"},
	{Owner: "a", ID: "%2F%00"},
	{Owner: "a", ID: "nul\x00inside"},
	{Owner: "a", ID: "'; drop table threads; --"},
	{Owner: "a", ID: "b*?[c]"},
	{Owner: "a", ID: "ID"},
	{Owner: "a", ID: "id"},
	{Owner: "a", ID: strings.Repeat("long ", 1000)},
}

var oddTests = []test{
	{"odd names are all different threads", func(s *suite) {
		for _, key := range oddKeys {
			s.run(key, "run "+key.ID, 2, "message "+key.ID)
		}
		for _, key := range oddKeys {
			page := s.read(s.Other, key, 0, false)
			s.wantRecords(page.Records, s.records(1, "run "+key.ID, 2))
			got, err := s.Other.Thread(s.context(), key)
			if err != nil || got.Key != key {
				s.Fatalf("thread %q: %+v, %v", key, got, err)
			}
			found := false
			for _, listed := range s.list(store.Query{Owner: key.Owner}).Threads {
				found = found || listed.Key == key
			}
			if !found {
				s.Fatalf("thread %q isn't listed", key)
			}
			lease := s.begin(key, "odd/\x00 run 🧵", longTTL, "message "+key.ID, "other")
			if lease.ParentRunID() != "run "+key.ID || len(lease.Seen()) != 1 || lease.RunID() != "odd/\x00 run 🧵" {
				s.Fatalf("thread %q: parent %q, seen %v", key, lease.ParentRunID(), lease.Seen())
			}
			if stopped, err := s.Other.Stop(s.context(), key, "odd/\x00 run 🧵"); !stopped || err != nil {
				s.Fatalf("stop in %q: %v, %v", key, stopped, err)
			}
			if err := lease.AwaitStop(s.context()); err != nil {
				s.Fatalf("await stop in %q: %v", key, err)
			}
			s.finish(lease, nil)
		}
		if err := s.Store.Clear(s.context(), "a"); err != nil {
			s.Fatalf("clear: %v", err)
		}
		for _, key := range oddKeys {
			_, err := s.Other.Thread(s.context(), key)
			if want := key.Owner == "a"; errors.Is(err, store.ErrNotFound) != want {
				s.Fatalf("after clearing owner a, thread %q: %v", key, err)
			}
		}
	}},
	{"events keep every byte", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		var want []store.Record
		for i, text := range []string{"", "\x00", "line\nbreak\r\n", "\u2028\u2029", "🙂", `"quoted" \ back`, "</script>"} {
			want = append(want, store.Record{Seq: int64(i + 1), Event: s.event(text)})
		}
		s.append(lease, want)
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, want)
		s.finish(lease, &store.Result{Records: want})
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, want)
	}},
}
