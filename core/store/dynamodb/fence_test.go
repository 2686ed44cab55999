package dynamodb_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

var thread = store.Key{Owner: "owner", ID: "thread"}

// longTTL is for a lease that doesn't expire within a test, however busy the machine.
const longTTL = time.Hour

func begin(t testing.TB, s store.Store, runID string, ttl time.Duration) store.Lease {
	t.Helper()
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, AgentID: "agent", RunID: runID, TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// brief begins a run whose lease soon expires, and appends two records of it. A machine
// that is too slow for that gets a longer lease.
func brief(t *testing.T, s, other store.Store) store.Lease {
	t.Helper()
	for ttl := 200 * time.Millisecond; ; ttl *= 4 {
		held := time.Now()
		lease := begin(t, s, "run", ttl)
		err := lease.Append(t.Context(), records(1, 2, "run"))
		if err == nil {
			return lease
		}
		if time.Since(held) < ttl {
			t.Fatal(err)
		}
		awaitOrphan(t, other)
		if err := other.DeleteThread(t.Context(), thread); err != nil {
			t.Fatal(err)
		}
	}
}

func records(first int64, n int, text string) []store.Record {
	records := make([]store.Record, n)
	for i := range records {
		event, err := agui.ParseEncoded(fmt.Appendf(nil, `{"type":"CUSTOM","name":"test","value":"%s %d"}`, text, i))
		if err != nil {
			panic(err)
		}
		records[i] = store.Record{Seq: first + int64(i), Event: event}
	}
	return records
}

func read(t testing.TB, s store.Store) store.Page {
	t.Helper()
	page, err := s.Read(t.Context(), thread, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func wantRecords(t testing.TB, got store.Page, want ...store.Record) {
	t.Helper()
	if len(got.Records) != len(want) {
		t.Fatalf("%d records, want %d: %+v", len(got.Records), len(want), got)
	}
	for i, record := range got.Records {
		if record.Seq != want[i].Seq || string(record.Event.JSON()) != string(want[i].Event.JSON()) {
			t.Fatalf("record %d is %d %s, want %d %s", i, record.Seq, record.Event.JSON(), want[i].Seq, want[i].Event.JSON())
		}
	}
}

// What the answer takes is part of the term: others don't wait for it.
func TestATermBeginsBeforeTheLeaseIsAskedFor(t *testing.T) {
	t.Parallel()
	const term = time.Hour
	for name, take := range map[string]func(t *testing.T, s, other store.Store) (store.Lease, error){
		"begun": func(t *testing.T, s, _ store.Store) (store.Lease, error) {
			return s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "run", TTL: term})
		},
		"adopted": func(t *testing.T, s, other store.Store) (store.Lease, error) {
			brief(t, other, other)
			awaitOrphan(t, other)
			return s.Adopt(t.Context(), thread, term)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, closeProxy := server.Through()
			t.Cleanup(closeProxy)
			address, clock := fresh(), &stoppable{}
			s, other := openAt(t, address, proxy), open(t, address)
			s.SetClock(clock.now)
			var late sync.Once
			proxy.Fault(func(operation string) dynamotest.Fault {
				if operation == "PutItem" {
					late.Do(func() { clock.advance(term) })
				}
				return dynamotest.None
			})
			lease, err := take(t, s, other)
			if err == nil {
				err = lease.Append(t.Context(), records(lease.NextSeq(), 1, "late"))
			}
			if !errors.Is(err, store.ErrLeaseLost) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// stoppable is a clock that can stand still, as that of a frozen instance does.
type stoppable struct {
	mu     sync.Mutex
	offset time.Duration
	still  time.Time
}

func (c *stoppable) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still
	}
	return time.Now().Add(c.offset)
}

func (c *stoppable) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = time.Now().Add(c.offset)
}

func (c *stoppable) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// frozen returns a store whose clock stands still from the call of stop on: its holders
// never see their leases run out.
func frozen(t *testing.T, address string) (s *dynamodb.Store, stop func()) {
	s, clock := open(t, address), &stoppable{}
	s.SetClock(clock.now)
	return s, clock.stop
}

func awaitOrphan(t *testing.T, s store.Store) {
	t.Helper()
	for {
		page, err := s.Read(t.Context(), thread, 1<<40, true)
		if err != nil {
			t.Fatal(err)
		}
		if page.Orphaned {
			return
		}
	}
}

// Whatever a holder does that was frozen through its whole term, and whenever it does
// it, nobody reads it.
func TestAHolderWhoseClockStoodStillWritesNothingThatIsRead(t *testing.T) {
	t.Parallel()
	for _, late := range []struct {
		name string
		do   func(t *testing.T, lease store.Lease) error
	}{
		{"append", func(t *testing.T, lease store.Lease) error {
			return lease.Append(t.Context(), records(lease.NextSeq(), 1, "late"))
		}},
		{"append what was stored and more", func(t *testing.T, lease store.Lease) error {
			return lease.Append(t.Context(), records(1, 5, "late"))
		}},
		{"renew", func(t *testing.T, lease store.Lease) error { return lease.Renew(t.Context()) }},
		{"finish", func(t *testing.T, lease store.Lease) error {
			return lease.Finish(t.Context(), &store.Result{
				Records: records(1, 9, "late"), MessageIDs: []string{"late"},
				Snapshot: store.Snapshot{Messages: []byte(`["late"]`)},
			})
		}},
		{"finish without a trace", func(t *testing.T, lease store.Lease) error { return lease.Finish(t.Context(), nil) }},
	} {
		for _, when := range []string{"adopted", "finished", "in the next run", "deleted", "made anew"} {
			t.Run(late.name+" when it is "+when, func(t *testing.T) {
				t.Parallel()
				address := fresh()
				sleeper, stop := frozen(t, address)
				other := open(t, address)
				lease := brief(t, sleeper, other)
				stop()
				awaitOrphan(t, other)
				adopted, err := other.Adopt(t.Context(), thread, longTTL)
				if err != nil {
					t.Fatal(err)
				}
				want := records(1, 2, "run")
				switch when {
				case "finished", "in the next run":
					want = append(want, records(3, 1, "closed")...)
					if err := adopted.Finish(t.Context(), &store.Result{Records: want, Snapshot: store.Snapshot{Messages: []byte("[]")}}); err != nil {
						t.Fatal(err)
					}
					if when == "in the next run" {
						next := begin(t, other, "next", longTTL)
						if err := next.Append(t.Context(), records(4, 1, "next")); err != nil {
							t.Fatal(err)
						}
						want = append(want, records(4, 1, "next")...)
					}
				case "deleted", "made anew":
					if err := other.DeleteThread(t.Context(), thread); err != nil {
						t.Fatal(err)
					}
					want = nil
					if when == "made anew" {
						next := begin(t, other, "next", longTTL)
						want = records(1, 1, "next")
						if err := next.Append(t.Context(), want); err != nil {
							t.Fatal(err)
						}
					}
				}
				if err := late.do(t, lease); !errors.Is(err, store.ErrLeaseLost) {
					t.Errorf("late: %v", err)
				}
				wantRecords(t, read(t, other), want...)
				if when == "finished" {
					begun, err := other.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "next", TTL: longTTL, MessageIDs: []string{"late"}})
					if err != nil || len(begun.Seen()) > 0 || begun.NextSeq() != 4 {
						t.Errorf("the next run has seen %v: %v", begun.Seen(), err)
					}
					if got, err := other.Snapshot(t.Context(), thread); err != nil || string(got.Messages) != "[]" {
						t.Errorf("the snapshot is %s, %v", got.Messages, err)
					}
				}
			})
		}
	}
}

// The clocks of instances may say anything: leases go by DynamoDB's.
func TestLeasesDontGoByTheClocksOfInstances(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-24 * time.Hour, -20 * time.Second, 20 * time.Second, 24 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			address := fresh()
			wrong, right := open(t, address), open(t, address)
			wrong.SetClock((&stoppable{offset: skew}).now)
			for _, pair := range []struct{ holder, other *dynamodb.Store }{{wrong, right}, {right, wrong}} {
				begun := time.Now()
				lease := begin(t, pair.holder, "run", time.Second)
				_, err := pair.other.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "two", TTL: time.Second})
				if !errors.Is(err, store.ErrLocked) && time.Since(begun) < time.Second {
					t.Fatalf("a live run is taken over: %v", err)
				}
				awaitOrphan(t, pair.other)
				if took := time.Since(begun); took < time.Second || took > 20*time.Second {
					t.Errorf("a lease of 1 s has expired after %v", took)
				}
				if err := lease.Append(t.Context(), records(lease.NextSeq(), 1, "late")); !errors.Is(err, store.ErrLeaseLost) {
					t.Errorf("after its term the holder appends: %v", err)
				}
				adopted, err := pair.other.Adopt(t.Context(), thread, longTTL)
				if err != nil {
					t.Fatal(err)
				}
				if err := adopted.Finish(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			// Times that people see are right within a second, too.
			asked := time.Now()
			made, err := wrong.CreateThread(t.Context(), store.Key{ID: "other"}, "agent", "")
			const tolerance = 2 * time.Second
			if err != nil || made.CreatedAt.Before(asked.Add(-tolerance)) || time.Since(made.CreatedAt) < -tolerance {
				t.Errorf("a thread asked for %v ago is made %v ago, %v", time.Since(asked), time.Since(made.CreatedAt), err)
			}
		})
	}
}

// Whoever has adopted a run and was frozen before its seal was there doesn't take the
// place of who adopts the run next.
func TestAnAdopterThatWasFrozenDoesntFenceOffTheNextOne(t *testing.T) {
	t.Parallel()
	for _, still := range []bool{false, true} {
		t.Run(fmt.Sprintf("its clock standing still: %t", still), func(t *testing.T) {
			t.Parallel()
			proxy, closeProxy := server.Through()
			t.Cleanup(closeProxy)
			address := fresh()
			other, clock := open(t, address), &stoppable{}
			sleeper := openAt(t, address, proxy)
			sleeper.SetClock(clock.now)
			brief(t, other, other)
			awaitOrphan(t, other)
			// The lease is taken by the only write before the seal.
			taken, goOn := make(chan struct{}), make(chan struct{})
			var puts atomic.Int32
			proxy.Fault(func(operation string) dynamotest.Fault {
				if operation == "PutItem" && puts.Add(1) == 2 {
					close(taken)
					<-goOn
				}
				return dynamotest.None
			})
			type adoption struct {
				store.Lease
				err error
			}
			woken := make(chan adoption, 1)
			go func() {
				lease, err := sleeper.Adopt(t.Context(), thread, 200*time.Millisecond)
				woken <- adoption{lease, err}
			}()
			<-taken
			if still {
				clock.stop()
			}
			awaitOrphan(t, other)
			second, err := other.Adopt(t.Context(), thread, longTTL)
			if err != nil {
				t.Fatal(err)
			}
			close(goOn)
			first := <-woken
			if first.err == nil {
				first.err = first.Append(t.Context(), records(3, 1, "fenced"))
			}
			// Which it is depends on whether it looks at the lease or writes first.
			if !errors.Is(first.err, store.ErrLocked) && !errors.Is(first.err, store.ErrLeaseLost) {
				t.Errorf("the first adopter: %v", first.err)
			}
			if err := second.Append(t.Context(), records(3, 1, "second")); err != nil {
				t.Errorf("the second adopter: %v", err)
			}
			wantRecords(t, read(t, other), append(records(1, 2, "run"), records(3, 1, "second")...)...)
		})
	}
}
