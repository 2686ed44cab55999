package dynamodb_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/dynamodb/dynamotest"
)

// A holder is frozen before one request after the other of its run, with its clock, and
// goes on when others have adopted the run, or have finished it and begun the next one:
// nobody reads what it does then.
func TestAHolderMayBeFrozenBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	large := make([]byte, 4<<10) // so that a block has parts
	_, _ = rand.Read(large)
	texts := records(2, 2, hex.EncodeToString(large))
	for n := int32(1); n <= 12; n++ {
		finished := n%3 != 0
		t.Run(fmt.Sprintf("request %d, the run finished by others: %t", n, finished), func(t *testing.T) {
			t.Parallel()
			proxy, closeProxy := server.Through()
			t.Cleanup(closeProxy)
			address := fresh()
			other, clock := open(t, address), &stoppable{}
			run(t, other, "first")
			sleeper := openAt(t, address, proxy)
			sleeper.SetClock(clock.now)
			sleeper.SetMaxPart(3 << 10)
			lease, err := sleeper.Begin(t.Context(), store.BeginRequest{Key: thread, AgentID: "agent", RunID: "run", TTL: 500 * time.Millisecond, MessageIDs: []string{"held"}})
			if err != nil {
				t.Fatal(err)
			}
			held, goOn := make(chan struct{}), make(chan struct{})
			var requests atomic.Int32
			proxy.Fault(func(string) dynamotest.Fault {
				if requests.Add(1) == n {
					clock.stop()
					close(held)
					<-goOn
				}
				return dynamotest.None
			})
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = lease.Append(t.Context(), texts)
				_ = lease.Append(t.Context(), records(4, 1, "held"))
				_ = lease.Renew(t.Context())
				_ = lease.Append(t.Context(), records(5, 1, "held"))
				_ = lease.Finish(t.Context(), &store.Result{
					Records: append(slices.Clip(texts[:1]), records(9, 1, "held")...), MessageIDs: []string{"held", "more"},
					Snapshot: store.Snapshot{Messages: []byte(`["held"]`)},
				})
			}()
			select {
			case <-held:
			case <-done:
				return // it was over before
			}
			for page := read(t, other); !page.Orphaned; page = read(t, other) {
				if page.RunID == "" {
					close(goOn) // it was at its last request
					<-done
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			adopted, err := other.Adopt(t.Context(), thread, longTTL)
			if err != nil {
				t.Fatal(err)
			}
			want := read(t, other).Records
			closed := records(adopted.NextSeq(), 1, "closed")
			if err := adopted.Append(t.Context(), closed); err != nil {
				t.Fatal(err)
			}
			want = append(want, closed...)
			if finished {
				err := adopted.Finish(t.Context(), &store.Result{Records: want[1:], MessageIDs: []string{"closed"}, Snapshot: store.Snapshot{Messages: []byte(`["closed"]`)}})
				if err != nil {
					t.Fatal(err)
				}
				next := begin(t, other, "next", longTTL)
				more := records(next.NextSeq(), 1, "next")
				if err := next.Append(t.Context(), more); err != nil {
					t.Fatal(err)
				}
				want = append(want, more...)
			}
			close(goOn)
			<-done
			wantRecords(t, read(t, other), want...)
			snapshot, err := other.Snapshot(t.Context(), thread)
			if got := string(snapshot.Messages); err != nil || finished && got != `["closed"]` || !finished && got != `["first"]` {
				t.Errorf("the snapshot is %s, %v", got, err)
			}
		})
	}
}
