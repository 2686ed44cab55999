package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/copilotkit-go/runtime/core/store"
)

var recordTests = []test{
	{"a thread that doesn't exist reads as empty", func(s *suite) {
		for _, wait := range []bool{false, true} {
			page := s.read(s.Store, thread, 0, wait)
			if len(page.Records) != 0 || page.Live || page.Orphaned || page.RunID != "" || page.FirstSeq != 0 {
				s.Fatalf("an unknown thread reads as %+v", page)
			}
		}
		if _, err := s.Store.Thread(s.context(), thread); !errors.Is(err, store.ErrNotFound) {
			s.Fatalf("reading made a thread: %v", err)
		}
	}},
	{"records come back in order, byte for byte, from any offset", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		want := s.records(1, "one", 50)
		s.append(lease, want[:1])
		s.append(lease, want[1:20])
		s.append(lease, nil)
		s.append(lease, want[20:])
		for _, from := range []store.Store{s.Store, s.Other} {
			for _, after := range []int64{0, 1, 19, 20, 49} {
				page := s.read(from, thread, after, false)
				s.wantRecords(page.Records, want[after:])
				if !page.Live || page.Orphaned || page.RunID != "one" || page.FirstSeq != 1 {
					s.Fatalf("a live run reads as %+v", page)
				}
			}
			for _, after := range []int64{50, 51, 1 << 50} {
				if page := s.read(from, thread, after, false); len(page.Records) != 0 || !page.Live {
					s.Fatalf("read after %d: %+v", after, page)
				}
			}
		}
	}},
	{"runs follow each other in one thread", func(s *suite) {
		first := s.run(thread, "one", 3)
		second := s.run(thread, "two", 3)
		lease := s.begin(thread, "three", longTTL)
		third := s.records(7, "three", 2)
		s.append(lease, third)
		all := append(append(append([]store.Record{}, first...), second...), third...)
		for after := range int64(8) {
			page := s.read(s.Other, thread, after, false)
			s.wantRecords(page.Records, all[after:])
			if page.FirstSeq != 7 || page.RunID != "three" {
				s.Fatalf("read after %d: %+v", after, page)
			}
		}
		s.finish(lease, &store.Result{Records: third})
		page := s.read(s.Other, thread, 0, false)
		s.wantRecords(page.Records, all)
		if page.Live || page.Orphaned || page.RunID != "" || page.FirstSeq != 0 {
			s.Fatalf("a quiet thread reads as %+v", page)
		}
	}},
	{"an append can be repeated", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		want := s.records(1, "one", 6)
		s.append(lease, want[:3])
		s.append(lease, want[:3])
		s.append(lease, want[1:5])
		s.append(lease, want)
		s.wantRecords(s.read(s.Store, thread, 0, false).Records, want)
		if got := lease.NextSeq(); got != 7 {
			s.Fatalf("next seq: %d", got)
		}
	}},
	{"a gap is refused whole", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		want := s.records(1, "one", 5)
		s.append(lease, want[:1])
		if err := lease.Append(s.context(), want[2:]); err == nil || errors.Is(err, store.ErrLeaseLost) || errors.Is(err, store.ErrUnavailable) {
			s.Fatalf("append after a gap: %v", err)
		}
		if err := lease.Append(s.context(), []store.Record{want[1], want[3]}); err == nil {
			s.Fatal("append with a gap inside succeeded")
		}
		s.append(lease, want[1:])
		s.wantRecords(s.read(s.Store, thread, 0, false).Records, want)
	}},
	{"large events and large batches", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		want := []store.Record{{Seq: 1, Event: s.event(strings.Repeat("0123456789abcdef", 1<<16))}}
		want = append(want, s.records(2, "one", 3000)...)
		s.append(lease, want)
		s.wantRecords(s.read(s.Other, thread, 0, false).Records, want)
	}},
	{"a cancelled call says so", func(s *suite) {
		ctx, cancel := context.WithCancel(s.context())
		cancel()
		if _, err := s.Store.Begin(ctx, store.BeginRequest{Key: thread, RunID: "one", TTL: longTTL}); !errors.Is(err, context.Canceled) {
			s.Fatalf("begin: %v", err)
		}
		if _, err := s.Store.Read(ctx, thread, 0, false); !errors.Is(err, context.Canceled) {
			s.Fatalf("read: %v", err)
		}
	}},
	{"many threads, writers and readers at once", func(s *suite) {
		const threads, readers, events = 8, 3, 30
		var group sync.WaitGroup
		for i := range threads {
			key := store.Key{Owner: "busy", ID: fmt.Sprint("thread ", i)}
			lease := s.begin(key, "run", longTTL)
			want := s.records(1, key.ID, events)
			group.Go(func() {
				for n := 0; n < events; n += 3 {
					if err := lease.Append(s.context(), want[n:n+3]); err != nil {
						s.Errorf("append: %v", err)
						return
					}
				}
				if err := lease.Finish(s.context(), &store.Result{Records: want}); err != nil {
					s.Errorf("finish: %v", err)
				}
			})
			for r := range readers {
				from := s.Store
				if r%2 == 0 {
					from = s.Other
				}
				group.Go(func() {
					var last int64
					for last < events {
						page, err := from.Read(s.context(), key, last, true)
						if err != nil {
							s.Errorf("read: %v", err)
							return
						}
						for _, record := range page.Records {
							if record.Seq != last+1 || string(record.Event.JSON()) != string(want[last].Event.JSON()) {
								s.Errorf("thread %d: record %d came after %d", i, record.Seq, last)
								return
							}
							last = record.Seq
						}
						if len(page.Records) == 0 && !page.Live {
							s.Errorf("thread %d: the run ended at record %d", i, last)
							return
						}
					}
				})
			}
		}
		group.Wait()
	}},
}
