package redis_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestStore(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, server.URL()+"?prefix="+rand.Text()+":")
	})
}

func TestStoreSharedByTwoProcesses(t *testing.T) {
	server := redistest.Start(t)
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		url := server.URL() + "?retention=1h&max-runs=100&prefix=" + rand.Text() + ":"
		return open(t, url), open(t, url)
	})
}

func open(t testing.TB, url string) *redis.Store {
	t.Helper()
	s, err := redis.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
