package redis_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

func TestWaitingCallsSurviveARestartOfTheServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	a, b := open(t, server.URL()), open(t, server.URL())
	lease := begin(t, a, thread, "run")
	waiting := awaitStop(t, lease)
	if err := lease.Append(t.Context(), records(1, 1)); err != nil {
		t.Fatal(err)
	}
	reader := follow(t, b, thread, 1)

	server.Kill()
	server.Restart()
	retry(t, "append", func() error { return lease.Append(t.Context(), records(2, 1)) })
	if page := <-reader; len(page.Records) != 1 || page.Records[0].Seq != 2 {
		t.Errorf("the follower got %+v", page)
	}
	retry(t, "stop", func() error {
		_, err := b.Stop(t.Context(), thread, "")
		return err
	})
	if err := within(t, waiting); err != nil {
		t.Errorf("await stop: %v", err)
	}
}

// A connection that is cut while both sides live is made anew, and whatever was
// said meanwhile is looked up.
func TestWaitingCallsSurviveTheLossOfTheirConnection(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := admin(t, server)
	s := open(t, server.URL())
	lease := begin(t, s, thread, "run")
	waiting := awaitStop(t, lease)
	for seq := int64(1); seq <= 10; seq++ {
		reader := follow(t, s, thread, seq-1)
		if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		if err := lease.Append(t.Context(), records(seq, 1)); err != nil {
			t.Fatal(err)
		}
		if page := within(t, reader); len(page.Records) != 1 || page.Records[0].Seq != seq {
			t.Fatalf("the follower got %+v", page)
		}
	}
	if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	if stopped, err := s.Stop(t.Context(), thread, ""); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if err := within(t, waiting); err != nil {
		t.Errorf("await stop: %v", err)
	}
}

func TestAServerThatForgetsScriptsIsToldThemAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := admin(t, server)
	s := open(t, server.URL())
	flush := func() {
		t.Helper()
		if err := admin.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	lease := begin(t, s, thread, "run")
	for name, call := range map[string]func() error{
		"renew":  func() error { return lease.Renew(t.Context()) },
		"append": func() error { return lease.Append(t.Context(), records(1, 1)) },
		"read": func() error {
			_, err := s.Read(t.Context(), thread, 0, false)
			return err
		},
		"stop": func() error {
			_, err := s.Stop(t.Context(), thread, "")
			return err
		},
	} {
		flush()
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	flush()
	if err := lease.Finish(t.Context(), &store.Result{Records: records(1, 1)}); err != nil {
		t.Errorf("finish: %v", err)
	}
	flush()
	if err := s.Clear(t.Context(), thread.Owner); err != nil {
		t.Errorf("clear: %v", err)
	}
	if _, err := s.Thread(t.Context(), thread); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after clear: %v", err)
	}
}

// The caller has failed, so nobody holds the lease that the server has granted.
func TestABeginWithoutAnAnswerLocksNothing(t *testing.T) {
	t.Parallel()
	s := open(t, redistest.Start(t).URL())
	s.AddHook(&afterFirst{do: func() error { return os.ErrDeadlineExceeded }})
	_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "unanswered", TTL: time.Minute})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	begin(t, s, thread, "next")
}

func TestOpenConnectsToNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{})
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
			close(accepted)
		}
	}()
	for _, query := range []string{"", "?cluster=true"} {
		open(t, "redis://"+listener.Addr().String()+query).Close()
	}
	select {
	case <-accepted:
		t.Error("Open connects")
	case <-time.After(200 * time.Millisecond):
	}
	listener.Close()
}

func TestAServerThatIsAwayIsSaidSoon(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	begin(t, s, thread, "run")
	server.Kill()
	begun := time.Now()
	_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "two", TTL: time.Minute})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A caller's deadline holds when the server hangs, whatever else is going on.
func TestCallersKeepTheirDeadlinesWhenTheServerHangs(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	lease := begin(t, s, thread, "run")
	if err := lease.Append(t.Context(), records(1, 1)); err != nil {
		t.Fatal(err)
	}
	// The connection for messages is there: the reader was woken through it.
	reader := follow(t, s, thread, 1)
	if err := lease.Append(t.Context(), records(2, 1)); err != nil {
		t.Fatal(err)
	}
	within(t, reader)

	t.Cleanup(server.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	t.Cleanup(others.Wait)
	t.Cleanup(cancel)
	for n := range 24 {
		// Subscriptions that are more than the server's buffer takes.
		key := numbered(n)
		key.ID += strings.Repeat("long", 1<<18)
		others.Go(func() { _, _ = s.Read(ctx, key, 0, true) })
	}
	for name, call := range map[string]func(context.Context) error{
		"read what comes": func(ctx context.Context) error {
			_, err := s.Read(ctx, thread, 2, true)
			return err
		},
		"await a stop": lease.AwaitStop,
	} {
		for range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			begun := time.Now()
			if err := call(ctx); err == nil {
				t.Errorf("%s: no error", name)
			}
			cancel()
			if took := time.Since(begun); took > 2500*time.Millisecond { // less than the client's own limit
				t.Errorf("%s: it took %v", name, took)
			}
		}
	}
}

// Not parallel: it counts goroutines and connections.
func TestNothingIsLeftAfterClose(t *testing.T) {
	server := redistest.Start(t)
	admin := admin(t, server)
	if err := admin.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	goroutines, connections := runtime.NumGoroutine(), stat(t, admin, "connected_clients")
	for n := range 3 {
		s, thread := open(t, server.URL()), numbered(n)
		lease := begin(t, s, thread, "run")
		stopped := awaitStop(t, lease)
		var readers sync.WaitGroup
		for range 20 {
			readers.Go(func() {
				for after := int64(0); ; {
					page, err := s.Read(t.Context(), thread, after, true)
					if err != nil {
						return
					}
					after += int64(len(page.Records))
				}
			})
		}
		for seq := range int64(20) {
			if err := lease.Append(t.Context(), records(seq+1, 1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeleteThread(t.Context(), thread); err != nil {
			t.Fatal(err)
		}
		if err := within(t, stopped); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("await stop: %v", err)
		}
		begin(t, s, thread, "next")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		readers.Wait()
	}
	deadline := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > goroutines || stat(t, admin, "connected_clients") > connections {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines and %v connections before, now %d and %v:\n%s", goroutines, connections,
				runtime.NumGoroutine(), stat(t, admin, "connected_clients"), stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Waiting holds no connection, so many wait on the pool that few have.
func TestAThousandFollowersShareAFewConnections(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	admin := admin(t, server)
	s := open(t, server.URL()+"?pool_size=4")
	const threads, followers, batches = 20, 1000, 5
	leases := make([]store.Lease, threads)
	for n := range leases {
		leases[n] = begin(t, s, numbered(n), "run")
	}
	var group sync.WaitGroup
	for n := range followers {
		group.Go(func() {
			for after := int64(0); after < batches; {
				page, err := s.Read(t.Context(), numbered(n%threads), after, true)
				if err != nil {
					t.Errorf("follower %d after %d: %v", n, after, err)
					return
				}
				after += int64(len(page.Records))
			}
		})
	}
	for seq := range int64(batches) {
		for _, lease := range leases {
			if err := lease.Append(t.Context(), records(seq+1, 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if most := stat(t, admin, "connected_clients"); most > 10 {
		t.Errorf("%v connections", most)
	}
	group.Wait()
}

func numbered(n int) store.Key {
	return store.Key{Owner: "owner", ID: strings.Repeat("x", n+1)}
}

// follow waits for what comes after a Seq, as the runner does: while the server
// is away it tries again.
func follow(t *testing.T, s store.Store, key store.Key, after int64) <-chan store.Page {
	pages := make(chan store.Page, 1)
	go func() {
		for {
			page, err := s.Read(t.Context(), key, after, true)
			if err == nil || t.Context().Err() != nil {
				pages <- page
				return
			}
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("follow: %v", err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return pages
}

func retry(t *testing.T, what string, do func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func within[T any](t *testing.T, results <-chan T) T {
	t.Helper()
	select {
	case result := <-results:
		return result
	case <-time.After(20 * time.Second):
		t.Fatal("nothing happened within 20 s")
		panic("unreachable")
	}
}
