package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

const (
	// longTTL is for a lease that doesn't expire within a test, briefTTL for one
	// that does.
	longTTL  = time.Hour
	briefTTL = 300 * time.Millisecond
	// timeout is for what should happen at once.
	timeout = time.Minute
)

// thread is what most tests use.
var thread = store.Key{Owner: "owner", ID: "thread"}

// suite is one test: a store, and another one on the same backend.
type suite struct {
	*testing.T
	Store, Other store.Store
	began        time.Time
}

// context returns a context that ends with the test, or after timeout.
func (s *suite) context() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), timeout)
	s.Cleanup(cancel)
	return ctx
}

// begin takes the lease of a thread that must have no live run.
func (s *suite) begin(key store.Key, runID string, ttl time.Duration, messageIDs ...string) store.Lease {
	s.Helper()
	lease, err := s.Store.Begin(s.context(), store.BeginRequest{
		Key: key, AgentID: "agent", RunID: runID, TTL: ttl, MessageIDs: messageIDs,
	})
	if err != nil {
		s.Fatalf("begin %s: %v", runID, err)
	}
	return lease
}

// renewed takes the lease of a thread that must have no live run, and renews it five
// times, each after a wait that is meant to take a quarter of its ttl: longer than the
// ttl together. Begun, if it isn't nil, is called when the lease is taken. A machine
// that is too slow to renew the lease in time gets a longer one.
func (s *suite) renewed(key store.Key, wait func(ttl time.Duration), begun func()) store.Lease {
	s.Helper()
	for ttl := 4 * briefTTL; ; ttl *= 4 {
		held := time.Now()
		lease := s.begin(key, "one", ttl)
		if begun != nil {
			begun()
		}
		for n := 0; ; n++ {
			if n == 5 {
				return lease
			}
			wait(ttl)
			renewing := time.Now()
			err := lease.Renew(s.context())
			if err != nil && time.Since(held) < ttl {
				s.Fatalf("renew: %v", err)
			}
			if err != nil {
				break
			}
			held = renewing
		}
		s.giveUp(key)
	}
}

// brief begins a run whose lease soon expires, and appends n records of it. A machine
// that is too slow for that gets a longer lease.
func (s *suite) brief(key store.Key, runID string, n int) store.Lease {
	s.Helper()
	for ttl := briefTTL; ; ttl *= 4 {
		held := time.Now()
		lease := s.begin(key, runID, ttl)
		err := lease.Append(s.context(), s.records(lease.NextSeq(), runID, n))
		if err == nil {
			return lease
		}
		if time.Since(held) < ttl {
			s.Fatalf("append to run %s: %v", runID, err)
		}
		s.giveUp(key)
	}
}

// giveUp waits for the lease of a run to expire, which for its holder has expired
// already, and ends the run without a trace.
func (s *suite) giveUp(key store.Key) {
	s.Helper()
	s.awaitExpiry(key)
	adopted, err := s.Store.Adopt(s.context(), key, longTTL)
	if err != nil {
		s.Fatalf("adopt a run whose lease has expired: %v", err)
	}
	s.finish(adopted, nil)
}

// run does a whole run of n events, and returns its records.
func (s *suite) run(key store.Key, runID string, n int, messageIDs ...string) []store.Record {
	s.Helper()
	lease := s.begin(key, runID, longTTL)
	records := s.records(lease.NextSeq(), runID, n)
	s.append(lease, records)
	s.finish(lease, &store.Result{Records: records, MessageIDs: messageIDs})
	return records
}

func (s *suite) append(lease store.Lease, records []store.Record) {
	s.Helper()
	if err := lease.Append(s.context(), records); err != nil {
		s.Fatalf("append: %v", err)
	}
}

func (s *suite) finish(lease store.Lease, result *store.Result) {
	s.Helper()
	if err := lease.Finish(s.context(), result); err != nil {
		s.Fatalf("finish: %v", err)
	}
}

func (s *suite) read(from store.Store, key store.Key, after int64, wait bool) store.Page {
	s.Helper()
	page, err := from.Read(s.context(), key, after, wait)
	if err != nil {
		s.Fatalf("read: %v", err)
	}
	return page
}

// awaitExpiry returns once the thread's lease has expired.
func (s *suite) awaitExpiry(key store.Key) store.Page {
	s.Helper()
	for {
		page := s.read(s.Other, key, 1<<40, true)
		if !page.Live {
			return page
		}
	}
}

// records returns n records whose events all differ.
func (s *suite) records(first int64, run string, n int) []store.Record {
	s.Helper()
	records := make([]store.Record, n)
	for i := range records {
		records[i] = store.Record{
			Seq:   first + int64(i),
			Event: s.event(fmt.Sprintf("%s %d", run, i)),
		}
	}
	return records
}

func (s *suite) event(value string) agui.Encoded {
	s.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		s.Fatal(err)
	}
	event, err := agui.ParseEncoded([]byte(`{"type":"CUSTOM","name":"storetest","value":` + string(text) + `}`))
	if err != nil {
		s.Fatalf("encode event: %v", err)
	}
	return event
}

// wantRecords compares records, with their bytes.
func (s *suite) wantRecords(got, want []store.Record) {
	s.Helper()
	if !slices.EqualFunc(got, want, func(a, b store.Record) bool {
		return a.Seq == b.Seq && slices.Equal(a.Cuts, b.Cuts) &&
			a.Event.EventType() == b.Event.EventType() && string(a.Event.JSON()) == string(b.Event.JSON())
	}) {
		s.Fatalf("records differ\n got %q\nwant %q", show(got), show(want))
	}
}

func show(records []store.Record) []string {
	lines := make([]string, len(records))
	for i, record := range records {
		lines[i] = fmt.Sprintf("%d %v %s %s", record.Seq, record.Cuts, record.Event.EventType(), record.Event.JSON())
	}
	return lines
}

// wantError checks that errors.Is(got, want).
func (s *suite) wantError(what string, got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Fatalf("%s: got error %v, want %v", what, got, want)
	}
}

// await returns the result of an async call, and fails the test if it hangs.
func await[T any](s *suite, what string, results <-chan T) T {
	s.Helper()
	select {
	case result := <-results:
		return result
	case <-time.After(timeout):
		s.Fatalf("%s: nothing happened within %v", what, timeout)
		panic("unreachable")
	}
}

// async runs do in a goroutine.
func async[T any](do func() T) <-chan T {
	results := make(chan T, 1)
	go func() { results <- do() }()
	return results
}
