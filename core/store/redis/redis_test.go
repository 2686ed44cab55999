package redis_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// TestMain silences the driver, whose logger is the whole process's.
func TestMain(m *testing.M) {
	goredis.SetLogger(&logging.VoidLogger{})
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, server.URL()+"?prefix="+rand.Text()+":")
	})
}

func TestStoreSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		url := server.URL() + "?retention=1h&max-runs=100&prefix=" + rand.Text() + ":"
		return open(t, url), open(t, url)
	})
}

func TestStopAndSend(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t).URL()
	storetest.StopAndSend(t, 1, 240, open(t, url), open(t, url))
}

func open(t testing.TB, url string) *redis.Store {
	t.Helper()
	s, err := redis.Open(context.Background(), url, redis.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var thread = store.Key{Owner: "owner", ID: "thread"}

// begin takes a lease that doesn't expire within a test.
func begin(t testing.TB, s store.Store, key store.Key, runID string) store.Lease {
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

// stat is a number of the server's INFO.
func stat(t testing.TB, client *goredis.Client, name string) float64 {
	t.Helper()
	info, err := client.Info(context.Background(), "everything").Result()
	if err != nil {
		t.Fatal(err)
	}
	return number(t, info, name)
}

// number finds a number in an answer to INFO.
func number(t testing.TB, info, name string) float64 {
	t.Helper()
	_, value, found := strings.Cut(info, "\n"+name+":")
	value, _, _ = strings.Cut(value, "\r\n")
	number, err := strconv.ParseFloat(value, 64)
	if !found || err != nil {
		t.Fatalf("the server's %s: %q, %v", name, value, err)
	}
	return number
}
