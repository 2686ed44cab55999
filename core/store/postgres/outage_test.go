package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/postgres/postgrestest"
)

func TestOutages(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "max_connections=50", "password_encryption=scram-sha-256")
	for _, test := range []struct {
		name string
		run  func(t *testing.T, server *postgrestest.Server)
	}{
		{"connections that the server ends are made again, quietly", killedConnections},
		{"waiting calls outlive the loss of their connection", lostListener},
		{"waiting calls and leases outlive a restart of the server", restart},
		{"a server that has no connection left is unavailable", tooManyConnections},
		{"a server that only reads is unavailable", readOnly},
		{"tables that were dropped are made again", droppedTables},
		{"a server that hangs keeps no caller beyond its deadline", hang},
		{"a server that crashes is played with", gameWithCrashes},
		{"any answer may be lost", anyAnswerMayBeLost},
		{"roles have what they need, or are told", access},
		{"each connection asks for its password", passwords},
		{"a server that is away is said soon", away}, // the last: it stays away
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, server) })
	}
}

func killedConnections(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&prefix="+prefix())
	lease := begin(t, s, "run")
	seq := int64(0)
	for name, call := range map[string]func() error{
		"append": func() error { seq++; return lease.Append(t.Context(), records(seq, 1)) },
		"renew":  func() error { return lease.Renew(t.Context()) },
		"read":   func() error { _, err := s.Read(t.Context(), thread, 0, false); return err },
		"stop": func() error {
			if asked, err := s.Stop(t.Context(), thread, ""); !asked || err != nil {
				return fmt.Errorf("asked %t, %w", asked, err)
			}
			return nil
		},
		"create": func() error { _, err := s.CreateThread(t.Context(), store.Key{ID: "other"}, "agent", ""); return err },
		"list":   func() error { _, err := s.Threads(t.Context(), store.Query{Owner: thread.Owner}); return err },
		"begin":  func() error { beginOn(t, s, store.Key{ID: "begun"}, "run"); return nil },
		"admit": func() error {
			return s.Admit(t.Context(), store.Ticket{User: "u", ID: "1", TTL: time.Minute}, store.Limits{RunsPerMinute: 1})
		},
	} {
		terminate(t, server, "true")
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	terminate(t, server, "true")
	if err := lease.Finish(t.Context(), &store.Result{Records: records(1, int(seq))}); err != nil {
		t.Errorf("finish: %v", err)
	}
	if page, err := s.Read(t.Context(), thread, 0, false); err != nil || int64(len(page.Records)) != seq || page.Live {
		t.Errorf("the thread reads as %d records, %v", len(page.Records), err)
	}
}

func lostListener(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&prefix="+prefix())
	lease := begin(t, s, "run")
	waiting := awaitStop(t, lease)
	for seq := int64(1); seq <= 5; seq++ {
		reader := follow(t, s, seq-1)
		terminate(t, server, "query LIKE 'LISTEN%'")
		if err := lease.Append(t.Context(), records(seq, 1)); err != nil {
			t.Fatal(err)
		}
		if page := within(t, reader); len(page.Records) != 1 || page.Records[0].Seq != seq {
			t.Fatalf("the follower got %+v", page)
		}
	}
	terminate(t, server, "query LIKE 'LISTEN%'")
	if stopped, err := s.Stop(t.Context(), thread, ""); !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if err := within(t, waiting); err != nil {
		t.Errorf("await stop: %v", err)
	}
}

func restart(t *testing.T, server *postgrestest.Server) {
	url := server.URL() + "&prefix=" + prefix()
	a, b := open(t, url), open(t, url)
	lease := begin(t, a, "run")
	waiting := awaitStop(t, lease)
	if err := lease.Append(t.Context(), records(1, 1)); err != nil {
		t.Fatal(err)
	}
	reader := follow(t, b, 1)
	server.Kill()
	server.Restart()
	retry(t, "append", func() error { return lease.Append(t.Context(), records(2, 1)) })
	if page := within(t, reader); len(page.Records) != 1 || page.Records[0].Seq != 2 {
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

func tooManyConnections(t *testing.T, server *postgrestest.Server) {
	// Not a superuser, for whom some are kept.
	server.Exec(t, `CREATE ROLE greedy LOGIN CREATEROLE; GRANT CREATE ON DATABASE postgres TO greedy;
		CREATE SCHEMA many AUTHORIZATION greedy; ALTER ROLE greedy CONNECTION LIMIT 2`)
	url := server.URLFor("greedy") + "&schema=many"
	first := open(t, url+"&pool=2")
	// Both of its connections, at the same time.
	failed := make(chan error, 2)
	for n := range 2 {
		go func() {
			_, err := first.CreateThread(t.Context(), store.Key{ID: fmt.Sprint(n)}, "agent", "")
			failed <- err
		}()
	}
	if err := errors.Join(<-failed, <-failed); err != nil {
		t.Fatal(err)
	}
	server.Exec(t, "ALTER ROLE greedy CONNECTION LIMIT 1")
	second := open(t, url)
	if _, err := second.Thread(t.Context(), thread); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "too many connections") {
		t.Errorf("got %v", err)
	}
	first.Close()
	retry(t, "when there is one again", func() error { return notFound(second.Thread(t.Context(), thread)) })
	second.Close()
}

func readOnly(t *testing.T, server *postgrestest.Server) {
	url := server.URL() + "&prefix=" + prefix()
	s := open(t, url)
	begin(t, s, "run")
	set := func(value string) {
		// ALTER SYSTEM, which must be alone, is no change that this forbids.
		server.Exec(t, "ALTER SYSTEM SET default_transaction_read_only = "+value)
		server.Exec(t, "SELECT pg_reload_conf()")
	}
	set("on")
	defer retry(t, "write again", func() error {
		_, err := s.CreateThread(t.Context(), store.Key{ID: "new"}, "agent", "")
		if errors.Is(err, store.ErrExists) {
			return nil
		}
		return err
	})
	defer set("off")
	retry(t, "until the server knows", func() error {
		if rows := server.Exec(t, "SHOW default_transaction_read_only"); rows[0][0] != "on" {
			return store.ErrUnavailable
		}
		return nil
	})
	for name, s := range map[string]interface {
		Begin(context.Context, store.BeginRequest) (store.Lease, error)
	}{"one with tables": open(t, url), "one without": open(t, server.URL()+"&prefix="+prefix())} {
		_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "two", TTL: time.Minute})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Thread(t.Context(), thread); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func droppedTables(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&schema=dropped")
	begin(t, s, "run")
	server.Exec(t, "DROP SCHEMA dropped CASCADE")
	begin(t, s, "run")
}

func hang(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&prefix="+prefix())
	lease := begin(t, s, "run")
	// To whoever waits for a lock, a server seems to hang.
	table := "copilotkit." + s.Prefix() + "threads"
	locker, err := pgconn.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer locker.Close(t.Context())
	if _, err := locker.Exec(t.Context(), "BEGIN; LOCK TABLE "+table).ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, call := range []func(context.Context) error{
		func(ctx context.Context) error { return lease.Append(ctx, records(1, 1)) },
		func(ctx context.Context) error { _, err := s.Threads(ctx, store.Query{}); return err },
		// It takes longer, for giving back what it may have got.
		func(ctx context.Context) error {
			_, err := s.Begin(ctx, store.BeginRequest{Key: store.Key{ID: "x"}, RunID: "r", TTL: time.Minute})
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		begun := time.Now()
		err := call(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	}
	// What was given up is taken back from the server, which may take a busy one a while.
	retry(t, "until nobody waits for the lock", func() error {
		if rows := server.Exec(t, "SELECT pid FROM pg_locks WHERE relation = '"+table+"'::regclass AND NOT granted"); len(rows) > 0 {
			return store.ErrUnavailable
		}
		return nil
	})
	if _, err := locker.Exec(t.Context(), "COMMIT").ReadAll(); err != nil {
		t.Fatal(err)
	}
	// What wasn't answered is repeated, and there once.
	if err := lease.Append(t.Context(), records(1, 2)); err != nil {
		t.Errorf("append: %v", err)
	}
	if page, err := s.Read(t.Context(), thread, 0, false); err != nil || len(page.Records) != 2 {
		t.Errorf("%d records, %v", len(page.Records), err)
	}
	beginOn(t, s, store.Key{ID: "x"}, "r") // nobody holds what wasn't answered
}

func away(t *testing.T, server *postgrestest.Server) {
	s := open(t, server.URL()+"&prefix="+prefix())
	lease := begin(t, s, "run")
	server.Kill()
	begun := time.Now()
	_, err := s.Begin(t.Context(), store.BeginRequest{Key: thread, RunID: "two", TTL: time.Minute})
	for what, err := range map[string]error{"begin": err, "append": lease.Append(t.Context(), records(1, 1)), "renew": lease.Renew(t.Context())} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
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
	open(t, "postgres://"+listener.Addr().String()+"/db").Close()
	select {
	case <-accepted:
		t.Error("Open connects")
	case <-time.After(200 * time.Millisecond):
	}
	listener.Close()
}

var thread = store.Key{Owner: "owner", ID: "thread"}

// begin takes a lease that doesn't expire within a test.
func begin(t testing.TB, s store.Store, runID string) store.Lease {
	t.Helper()
	return beginOn(t, s, thread, runID)
}

func beginOn(t testing.TB, s store.Store, key store.Key, runID string) store.Lease {
	t.Helper()
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: "agent", RunID: runID, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// awaitStop waits for a stop until the test ends.
func awaitStop(t testing.TB, lease store.Lease) <-chan error {
	stopped := make(chan error, 1)
	go func() { stopped <- lease.AwaitStop(t.Context()) }()
	return stopped
}

// follow waits for records after a Seq.
func follow(t testing.TB, s store.Store, after int64) <-chan store.Page {
	pages := make(chan store.Page, 1)
	go func() {
		page, err := s.Read(t.Context(), thread, after, true)
		for err != nil && errors.Is(err, store.ErrUnavailable) {
			page, err = s.Read(t.Context(), thread, after, true)
		}
		pages <- page
	}()
	return pages
}

func within[T any](t testing.TB, results <-chan T) (result T) {
	t.Helper()
	select {
	case result = <-results:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened in 30 s")
	}
	return result
}

// retry does what a caller does that is told that the store is unavailable.
func retry(t testing.TB, what string, do func() error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func notFound(_ store.Thread, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// terminate ends the connections of stores that fulfil a condition, and waits until they
// are gone.
func terminate(t testing.TB, server *postgrestest.Server, condition string) {
	t.Helper()
	server.Exec(t, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'copilotkit' AND "+condition)
}

func records(first int64, n int) []store.Record {
	records := make([]store.Record, n)
	for i := range records {
		event, err := agui.ParseEncoded([]byte(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"some words "}`))
		if err != nil {
			panic(err)
		}
		records[i] = store.Record{Seq: first + int64(i), Event: event}
	}
	return records
}
