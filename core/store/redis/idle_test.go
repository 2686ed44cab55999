package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
)

// An instance that was frozen doesn't know that its server has closed its connections
// meanwhile, and with TLS the driver doesn't look.
func TestAnInstanceThatWasFrozenReachesItsServer(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"without TLS": func(t testing.TB) string { return redistest.Start(t).URL() + "?" },
		"with TLS": func(t testing.TB) string {
			server, certificate := redistest.StartTLS(t)
			return strings.Replace(server.URL(), "redis:", "rediss:", 1) + "?ca=" + certificate
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := start(t)
			s := open(t, url)
			admin := open(t, url).Driver()
			// As many connections as runs had at once.
			var reading sync.WaitGroup
			begun := time.Now()
			for range 6 {
				reading.Go(func() {
					for time.Since(begun) < 100*time.Millisecond {
						_, _ = s.Thread(t.Context(), thread)
					}
				})
			}
			reading.Wait()
			if pool := s.Driver().PoolStats(); pool.IdleConns < 3 || pool.Misses > 6 {
				t.Fatalf("%d connections are idle of %d", pool.IdleConns, pool.Misses)
			}
			if err := admin.ClientKillByFilter(context.Background(), "TYPE", "normal").Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Thread(t.Context(), thread); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		})
	}
}
