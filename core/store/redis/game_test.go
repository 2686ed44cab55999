package redis_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

func TestGame(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	url := server.URL() + "?prefix=" + rand.Text() + ":"
	storetest.Play(t, storetest.Game{
		Seed: 1,
		Open: func(t testing.TB) store.Store { return open(t, url) },
	})
}

func TestGameWithAServerThatCrashes(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	url := server.URL() + "?prefix=" + rand.Text() + ":"
	storetest.Play(t, storetest.Game{
		Seed: 2, Kills: 3, LeaseTTL: 2 * time.Second,
		Open: func(t testing.TB) store.Store { return open(t, url) },
		Disturb: func() {
			server.Kill()
			server.Restart()
		},
	})
}
