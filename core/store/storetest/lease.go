package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

var leaseTests = []test{
	{"a live run locks its thread for everybody", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		for _, from := range []store.Store{s.Store, s.Other} {
			_, err := from.Begin(s.context(), store.BeginRequest{Key: thread, RunID: "two", TTL: longTTL})
			s.wantError("begin a second run", err, store.ErrLocked)
			_, err = from.Adopt(s.context(), thread, longTTL)
			s.wantError("adopt a live run", err, store.ErrLocked)
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 1)})
		s.begin(thread, "two", longTTL)
	}},
	{"threads don't lock each other, nor do owners", func(s *suite) {
		s.begin(store.Key{Owner: "a", ID: "1"}, "one", longTTL)
		s.begin(store.Key{Owner: "a", ID: "2"}, "one", longTTL)
		s.begin(store.Key{Owner: "b", ID: "1"}, "one", longTTL)
		s.begin(store.Key{ID: "1"}, "one", longTTL)
	}},
	{"a lease returns what it is for", func(s *suite) {
		lease := s.begin(thread, "one", longTTL)
		if got := fmt.Sprintf("%s %s %q %d %d", lease.RunID(), lease.AgentID(), lease.ParentRunID(), lease.NextSeq(), len(lease.Seen())); got != `one agent "" 1 0` {
			s.Fatalf("first lease says %s", got)
		}
		s.append(lease, s.records(1, "one", 3))
		if got := lease.NextSeq(); got != 4 {
			s.Fatalf("next seq after three records: %d", got)
		}
		s.finish(lease, &store.Result{Records: s.records(1, "one", 3)})
		lease = s.begin(thread, "two", longTTL)
		if got := fmt.Sprintf("%s %q %d", lease.RunID(), lease.ParentRunID(), lease.NextSeq()); got != `two "one" 4` {
			s.Fatalf("second lease says %s", got)
		}
	}},
	{"of many that begin at once one gets the lease", func(s *suite) {
		const contenders = 16
		leases := make([]store.Lease, contenders)
		failures := make([]error, contenders)
		var group sync.WaitGroup
		for i := range contenders {
			from := s.Store
			if i%2 == 1 {
				from = s.Other
			}
			group.Go(func() {
				leases[i], failures[i] = from.Begin(s.context(), store.BeginRequest{
					Key: thread, RunID: fmt.Sprint(i), TTL: longTTL,
				})
			})
		}
		group.Wait()
		winners := 0
		for i, lease := range leases {
			if failures[i] == nil {
				winners++
				s.append(lease, s.records(lease.NextSeq(), "winner", 1))
				continue
			}
			s.wantError("lose the race", failures[i], store.ErrLocked)
		}
		if winners != 1 {
			s.Fatalf("%d contenders got the lease", winners)
		}
	}},
	{"renewing keeps a lease beyond its ttl", func(s *suite) {
		// Other leases' expiries mark the passing of more than its ttl.
		clock := store.Key{Owner: "clock", ID: "clock"}
		lease := s.renewed(thread, func(ttl time.Duration) {
			s.begin(clock, "tick", ttl/4)
			s.giveUp(clock)
		}, nil)
		if page := s.read(s.Other, thread, 0, false); !page.Live || page.Orphaned {
			s.Fatalf("a renewed lease reads as %+v", page)
		}
		s.append(lease, s.records(1, "one", 1))
	}},
	{"an expired lease leaves an orphan", func(s *suite) {
		s.brief(thread, "one", 2)
		page := s.awaitExpiry(thread)
		if !page.Orphaned || page.Live || page.RunID != "one" || page.FirstSeq != 1 {
			s.Fatalf("an orphan reads as %+v", page)
		}
		_, err := s.Other.Begin(s.context(), store.BeginRequest{Key: thread, RunID: "two", TTL: longTTL})
		s.wantError("begin over an orphan", err, store.ErrOrphaned)
		stopped, err := s.Other.Stop(s.context(), thread, "")
		if stopped || err != nil {
			s.Fatalf("stop of an orphan: %v, %v", stopped, err)
		}
	}},
	{"an adopted run goes on where the orphan ended", func(s *suite) {
		s.run(thread, "zero", 2)
		s.brief(thread, "one", 2)
		s.awaitExpiry(thread)
		adopted, err := s.Other.Adopt(s.context(), thread, longTTL)
		if err != nil {
			s.Fatalf("adopt: %v", err)
		}
		if got := fmt.Sprintf("%s %s %q %d", adopted.RunID(), adopted.AgentID(), adopted.ParentRunID(), adopted.NextSeq()); got != `one agent "zero" 5` {
			s.Fatalf("adopted lease says %s", got)
		}
		page := s.read(s.Store, thread, 0, false)
		if !page.Live || page.Orphaned || page.FirstSeq != 3 || page.RunID != "one" {
			s.Fatalf("an adopted run reads as %+v", page)
		}
		s.wantRecords(page.Records[2:], s.records(3, "one", 2))
		s.append(adopted, s.records(5, "closing", 1))
		_, err = s.Store.Begin(s.context(), store.BeginRequest{Key: thread, RunID: "two", TTL: longTTL})
		s.wantError("begin while adopted", err, store.ErrLocked)
		s.finish(adopted, &store.Result{Records: append(s.records(3, "one", 2), s.records(5, "closing", 1)...)})
		if got := s.begin(thread, "two", longTTL).NextSeq(); got != 6 {
			s.Fatalf("next seq after an adopted run: %d", got)
		}
	}},
	{"the former holder of an adopted run is fenced off", func(s *suite) {
		lease := s.brief(thread, "one", 1)
		s.awaitExpiry(thread)
		adopted, err := s.Other.Adopt(s.context(), thread, longTTL)
		if err != nil {
			s.Fatalf("adopt: %v", err)
		}
		s.wantLost(lease)
		s.wantRecords(s.read(s.Store, thread, 0, false).Records, s.records(1, "one", 1))
		s.finish(adopted, &store.Result{Records: s.records(1, "adopted", 2)})
		s.wantLost(lease)
		again := s.begin(thread, "one", longTTL)
		s.wantLost(lease)
		s.append(again, s.records(3, "again", 1))
		s.wantLost(adopted)
	}},
	{"an expired lease can't write, though nobody adopted it", func(s *suite) {
		lease := s.begin(thread, "one", briefTTL)
		s.awaitExpiry(thread)
		s.wantLost(lease)
	}},
	{"of many that adopt at once one does", func(s *suite) {
		s.begin(thread, "one", briefTTL)
		s.awaitExpiry(thread)
		const contenders = 8
		failures := make([]error, contenders)
		var group sync.WaitGroup
		for i := range contenders {
			from := s.Store
			if i%2 == 1 {
				from = s.Other
			}
			group.Go(func() { _, failures[i] = from.Adopt(s.context(), thread, longTTL) })
		}
		group.Wait()
		winners := 0
		for _, err := range failures {
			if err == nil {
				winners++
				continue
			}
			s.wantError("lose the race", err, store.ErrLocked)
		}
		if winners != 1 {
			s.Fatalf("%d contenders adopted the run", winners)
		}
	}},
	{"there is nothing to adopt where no run is unfinished", func(s *suite) {
		_, err := s.Store.Adopt(s.context(), thread, longTTL)
		s.wantError("adopt in an unknown thread", err, store.ErrNotFound)
		s.run(thread, "one", 1)
		_, err = s.Store.Adopt(s.context(), thread, longTTL)
		s.wantError("adopt in a quiet thread", err, store.ErrNotFound)
	}},
	{"a lease returns which messages the thread has", func(s *suite) {
		s.run(thread, "one", 1, "m1", "m2")
		s.run(thread, "two", 1, "m2", "m3")
		seen := s.begin(thread, "three", longTTL, "m1", "m3", "m4").Seen()
		if len(seen) != 2 || !seen["m1"] || !seen["m3"] {
			s.Fatalf("seen: %v", seen)
		}
		other := s.begin(store.Key{Owner: "else", ID: thread.ID}, "one", longTTL, "m1")
		if len(other.Seen()) != 0 {
			s.Fatalf("another owner's thread has seen %v", other.Seen())
		}
	}},
}

// wantLost checks that nothing works through the lease.
func (s *suite) wantLost(lease store.Lease) {
	s.Helper()
	s.wantError("append", lease.Append(s.context(), s.records(lease.NextSeq(), "late", 1)), store.ErrLeaseLost)
	s.wantError("renew", lease.Renew(s.context()), store.ErrLeaseLost)
	s.wantError("await stop", lease.AwaitStop(s.context()), store.ErrLeaseLost)
	s.wantError("finish without a trace", lease.Finish(s.context(), nil), store.ErrLeaseLost)
	s.wantError("finish", lease.Finish(s.context(), &store.Result{Records: s.records(1, "late", 1)}), store.ErrLeaseLost)
}
