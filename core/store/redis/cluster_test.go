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

func TestStoreInACluster(t *testing.T) {
	t.Parallel()
	url := redistest.StartCluster(t, 3)
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, url+"&prefix="+rand.Text()+":")
	})
}

func TestStoreInAClusterSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	url := redistest.StartCluster(t, 3)
	storetest.RunShared(t, func(t *testing.T) (a, b store.Store) {
		url := url + "&retention=1h&max-runs=100&prefix=" + rand.Text() + ":"
		return open(t, url), open(t, url)
	})
}

func TestGameInACluster(t *testing.T) {
	t.Parallel()
	url := redistest.StartCluster(t, 3)
	storetest.Play(t, storetest.Game{
		Seed: 4, Kills: 3, LeaseTTL: 2 * time.Second,
		Open: func(t testing.TB) store.Store { return open(t, url) },
	})
}

func TestAClusterThatTheURLDoesNotNameIsSaid(t *testing.T) {
	t.Parallel()
	url, _, _ := strings.Cut(redistest.StartCluster(t, 3), "?")
	s := open(t, url)
	// Of a few threads some are on other nodes.
	for _, id := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		_, err := s.CreateThread(t.Context(), store.Key{ID: id}, "agent", "")
		if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "cluster=true") {
			t.Errorf("thread %s: got %v", id, err)
		}
	}
}
