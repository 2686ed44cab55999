package redis_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// One cluster is enough for all: nodes take seconds to find each other.
func TestInACluster(t *testing.T) {
	t.Parallel()
	url := redistest.StartCluster(t, 3, strings.Fields(chatUser)...)
	fresh := func() string { return url + "&prefix=" + rand.Text() + ":" }
	two := func(t *testing.T, url string) (a, b store.Store) { return open(t, url), open(t, url) }
	t.Run("of one process", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) store.Store { return open(t, fresh()) })
	})
	t.Run("of two processes", func(t *testing.T) {
		t.Parallel()
		storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
			return two(t, fresh()+"&retention=1h&max-runs=100")
		})
	})
	t.Run("as a meter of two processes", func(t *testing.T) {
		t.Parallel()
		storetest.RunMeter(t, func(t *testing.T) (a, b store.Store) { return two(t, fresh()) })
	})
	t.Run("in a game", func(t *testing.T) {
		t.Parallel()
		url := fresh()
		storetest.Play(t, storetest.Game{
			Seed: 4, Kills: 3, LeaseTTL: 2 * time.Second,
			Open: func(t testing.TB) store.Store { return open(t, url) },
		})
	})
	t.Run("as a user, who needs no more rights than elsewhere", func(t *testing.T) {
		t.Parallel()
		clusterUser(t, url)
	})
	t.Run("that the URL doesn't name", func(t *testing.T) {
		t.Parallel()
		address, _, _ := strings.Cut(url, "?")
		unnamedCluster(t, address)
	})
}

func unnamedCluster(t *testing.T, url string) {
	s := open(t, url)
	// Of a few threads some are on other nodes.
	for _, id := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		_, err := s.CreateThread(t.Context(), store.Key{ID: id}, "agent", "")
		if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "cluster=true") {
			t.Errorf("thread %s: got %v", id, err)
		}
	}
}
