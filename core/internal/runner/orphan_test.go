package runner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// orphan makes a run whose instance dies after it recorded some events.
func orphan(t *testing.T, f *fixture, ttl time.Duration) {
	t.Helper()
	lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: "agent", RunID: "dead", TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	var records []store.Record
	for i, event := range []agui.Event{
		agui.RunStartedEvent{ThreadID: key.ID, RunID: "dead", Input: input("dead", "hi")},
		start("m"), delta("m", "x"), delta("m", "y"),
	} {
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, store.Record{Seq: lease.NextSeq() + int64(i), Event: encoded})
	}
	if err := lease.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

const instanceGone = "run_error RUN_ORPHANED The instance that ran this is gone"

func TestOrphanIsClosed(t *testing.T) {
	closed := []string{"run_started dead +hi", "text_message_start m", "text_message_content m xy", "text_message_end m", instanceGone}
	live := []string{"run_started dead +hi", "text_message_start m", "text_message_content m x", "text_message_content m y", "text_message_end m", instanceGone}
	t.Run("by the next that connects", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			orphan(t, f, time.Second)
			time.Sleep(time.Second)
			want(t, f.connect(t, 0), closed...)
			want(t, f.connect(t, 0), closed...)
			snapshot, err := f.store.Snapshot(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(snapshot.Messages); got != `[{"id":"id-hi","role":"user","content":"hi"},{"id":"m","role":"assistant","content":"xy"}]` {
				t.Errorf("messages: %s", got)
			}
		})
	})
	t.Run("by one that follows it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			orphan(t, f, time.Minute)
			begun := time.Now()
			want(t, f.connect(t, 0), live...)
			if took := time.Since(begun); took != time.Minute {
				t.Errorf("closed after %v", took)
			}
		})
	})
	t.Run("once, by many at the same time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			orphan(t, f, time.Minute)
			var group sync.WaitGroup
			for range 5 {
				group.Go(func() { want(t, f.connect(t, 0), live...) })
			}
			time.Sleep(time.Minute)
			for range 5 {
				group.Go(func() {
					if got := strings.Join(f.connect(t, 0), "\n"); !strings.HasSuffix(got, instanceGone) {
						t.Errorf("got %s", got)
					}
				})
			}
			group.Wait()
			want(t, f.connect(t, 0), closed...)
		})
	})
	t.Run("by the next run", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			orphan(t, f, time.Second)
			if _, err := f.Begin(t.Context(), request(script(), "early")); !errors.Is(err, store.ErrLocked) {
				t.Fatalf("begin before the lease expires: %v", err)
			}
			time.Sleep(time.Second)
			want(t, f.run(t, request(script(finished()), "next", "hi", "ho")), "run_started next +ho", "run_finished run")
			want(t, f.connect(t, 0), append(closed, "run_started next +ho", "run_finished run")...)
		})
	})
	t.Run("without a trace when it has recorded nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			if _, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "dead", TTL: time.Second}); err != nil {
				t.Fatal(err)
			}
			want(t, f.connect(t, 0))
			if _, err := f.store.Thread(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("thread: %v", err)
			}
		})
	})
}

// slow is a store on which closing an orphan takes longer than its lease holds.
type slow struct {
	store.Store
	adopted atomic.Int32
}

type slowLease struct {
	store.Lease
	wait time.Duration
}

func (s *slow) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	lease, err := s.Store.Adopt(ctx, key, ttl)
	if err != nil || s.adopted.Add(1) > 1 {
		return lease, err
	}
	return slowLease{lease, ttl}, nil
}

func (l slowLease) Finish(ctx context.Context, result *store.Result) error {
	time.Sleep(l.wait)
	return l.Lease.Finish(context.WithoutCancel(ctx), result)
}

func TestOrphanWhoseCloserIsTooSlowIsClosedAgain(t *testing.T) {
	closed := []string{"run_started dead +hi", "text_message_start m", "text_message_content m xy", "text_message_end m", instanceGone}
	for name, meet := range map[string]func(t *testing.T, f *fixture){
		"by the next run": func(t *testing.T, f *fixture) {
			want(t, f.run(t, request(script(finished()), "next")), "run_started next", "run_finished run")
			want(t, f.connect(t, 0), append(closed, "run_started next", "run_finished run")...)
		},
		"by the next that connects": func(t *testing.T, f *fixture) { want(t, f.connect(t, 0), closed...) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixtureOn(t, &slow{Store: memory.New(memory.Limits{})}, runner.Options{})
				orphan(t, f, time.Second)
				time.Sleep(time.Second)
				meet(t, f)
			})
		})
	}
}

// sluggish is a store each of whose calls takes a while.
type sluggish struct {
	store.Store
	takes time.Duration
}

type sluggishLease struct {
	store.Lease
	takes time.Duration
}

func (s sluggish) Adopt(ctx context.Context, key store.Key, ttl time.Duration) (store.Lease, error) {
	if err := pause.Sleep(ctx, s.takes); err != nil {
		return nil, ctx.Err()
	}
	lease, err := s.Store.Adopt(ctx, key, ttl)
	return sluggishLease{lease, s.takes}, err
}

func (s sluggish) Read(ctx context.Context, key store.Key, after int64, wait bool) (store.Page, error) {
	if err := pause.Sleep(ctx, s.takes); err != nil {
		return store.Page{}, ctx.Err()
	}
	return s.Store.Read(ctx, key, after, wait)
}

func (s sluggish) Snapshot(ctx context.Context, key store.Key) (store.Snapshot, error) {
	if err := pause.Sleep(ctx, s.takes); err != nil {
		return store.Snapshot{}, ctx.Err()
	}
	return s.Store.Snapshot(ctx, key)
}

func (l sluggishLease) Finish(ctx context.Context, result *store.Result) error {
	if err := pause.Sleep(ctx, l.takes); err != nil {
		return ctx.Err()
	}
	return l.Lease.Finish(ctx, result)
}

func TestOrphanIsClosedOnASluggishStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sluggish{memory.New(memory.Limits{}), 4 * time.Second}
		f := newFixtureOn(t, s, runner.Options{})
		orphan(t, f, time.Second)
		time.Sleep(time.Second)
		begun := time.Now()
		want(t, f.connect(t, 0), "run_started dead +hi", "text_message_start m", "text_message_content m xy", "text_message_end m", instanceGone)
		// One to find it, one to adopt it, three to read it, one to finish it, one to
		// read what it is now: the lease of 15 seconds was renewed meanwhile.
		if took := time.Since(begun); took != 7*4*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
