package redis_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

func TestEveryKeyExpiresWithARetention(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := admin(t, server)
	for name, query := range map[string]string{"kept for an hour": "?retention=1h", "kept for ever": ""} {
		t.Run(name, func(t *testing.T) {
			if err := admin.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			s := open(t, server.URL()+query)
			for _, runID := range []string{"one", "two"} {
				lease := begin(t, s, thread, runID)
				if err := lease.Append(t.Context(), records(lease.NextSeq(), 2)); err != nil {
					t.Fatal(err)
				}
				if runID == "two" {
					break // and is live
				}
				if err := lease.Finish(t.Context(), &store.Result{
					Records: records(1, 2), MessageIDs: []string{"m"},
					Snapshot: store.Snapshot{Messages: []byte("[]"), State: []byte("{}")},
				}); err != nil {
					t.Fatal(err)
				}
			}
			keys, err := admin.Keys(t.Context(), "*").Result()
			if err != nil || len(keys) != 7 {
				t.Fatalf("keys %q, %v", keys, err)
			}
			for _, key := range keys {
				left, err := admin.PTTL(t.Context(), key).Result()
				if err != nil {
					t.Fatal(err)
				}
				isLease := left > 0 && left <= time.Minute
				if query == "" && left >= 0 && !isLease || query != "" && (left <= 0 || left > time.Hour) {
					t.Errorf("key %s is kept for %v", key, left)
				}
			}
		})
	}
}

func TestAThreadBeyondItsRetentionIsGoneFromTheListToo(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := admin(t, server)
	s := open(t, server.URL()+"?retention=1h")
	for n := range 3 {
		if _, err := s.CreateThread(t.Context(), numbered(n), "agent", ""); err != nil {
			t.Fatal(err)
		}
	}
	// As when its time is over.
	keys, err := admin.Keys(t.Context(), "copilotkit:{*:xx}thread").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	if err := admin.PExpire(t.Context(), keys[0], time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	for admin.Exists(t.Context(), keys[0]).Val() == 1 {
		// until it has expired
	}
	page, err := s.Threads(t.Context(), store.Query{Owner: thread.Owner})
	if err != nil || len(page.Threads) != 2 {
		t.Errorf("got %+v and %v", page, err)
	}
	if listed, err := admin.ZCard(t.Context(), "copilotkit:threads:owner").Result(); err != nil || listed != 2 {
		t.Errorf("the list still has %d places, %v", listed, err)
	}
}

func TestTheNewestRunsAreKept(t *testing.T) {
	t.Parallel()
	s := open(t, redistest.Start(t).URL()+"?max-runs=2")
	for n := range 5 {
		lease := begin(t, s, thread, fmt.Sprint("run ", n))
		id := fmt.Sprint("message ", n)
		if err := lease.Finish(t.Context(), &store.Result{
			Records: records(lease.NextSeq(), 3), MessageIDs: []string{id},
			Snapshot: store.Snapshot{Messages: []byte(`["` + id + `"]`)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Read(t.Context(), thread, 0, false)
	if err != nil || len(page.Records) != 6 || page.Records[0].Seq != 10 || page.Records[5].Seq != 15 {
		t.Errorf("got %+v and %v", page, err)
	}
	snapshot, err := s.Snapshot(t.Context(), thread)
	if err != nil || string(snapshot.Messages) != `["message 4"]` {
		t.Errorf("got %s and %v", snapshot.Messages, err)
	}
	lease, err := s.Begin(t.Context(), store.BeginRequest{
		Key: thread, RunID: "next", TTL: time.Minute, MessageIDs: []string{"message 0", "message 4", "message 5"},
	})
	if err != nil || len(lease.Seen()) != 2 || lease.NextSeq() != 16 {
		t.Errorf("next lease: seen %v, next %d, %v", lease.Seen(), lease.NextSeq(), err)
	}
}

// The live run's events are in the server in batches, which Finish joins. A
// reading that takes several answers must not be half of the one and half of the
// other.
func TestAReadingIsOfOneMoment(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	writer, reader := open(t, server.URL()), open(t, server.URL())
	lease := begin(t, writer, thread, "run")
	const batches = redis.BlocksPerRead + 10
	all := records(1, batches)
	for i := range all {
		if err := lease.Append(t.Context(), all[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	joined := []store.Record{{Seq: batches, Event: all[0].Event, Cuts: make([]int, batches-1)}}
	reader.AddHook(&afterFirst{do: func() error {
		return lease.Finish(t.Context(), &store.Result{Records: joined})
	}})
	page, err := reader.Read(t.Context(), thread, 0, false)
	if err != nil || len(page.Records) != 1 || page.Records[0].Seq != batches || page.Live {
		t.Errorf("got %d records and %v", len(page.Records), err)
	}
}

// afterFirst does something when the first script has been run. Its error is what
// the caller of that script gets.
type afterFirst struct {
	do   func() error
	once sync.Once
}

func (f *afterFirst) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		err := next(ctx, command)
		if err == nil && (command.Name() == "evalsha" || command.Name() == "eval") {
			f.once.Do(func() { err = f.do() })
			if err != nil {
				command.SetErr(err)
			}
		}
		return err
	}
}

func (f *afterFirst) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

func (f *afterFirst) DialHook(next goredis.DialHook) goredis.DialHook { return next }
