package mcpapps

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
)

// A run is stopped while its tools are listed, and the instance is frozen before that ends.
func TestAListingThatWasFrozenHoldsUpNoRun(t *testing.T) {
	for name, fails := range map[string]bool{"it still waits": false, "it fails first": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := false
				l := &lists{timeout: 5 * time.Second, maxAge: time.Minute, retryAfter: time.Minute}
				l.list = func(ctx context.Context, _ mcpclient.Caller) ([]mcpclient.Tool, error) {
					if answers {
						return make([]mcpclient.Tool, 1), nil
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}
				defer l.close()
				frozen := l.begin(mcpclient.Caller{}, l.maxAge)
				synctest.Wait()
				answers = true
				l.mu.Lock()
				frozen.begun = frozen.begun.Add(-time.Hour)
				l.mu.Unlock()
				if fails {
					time.Sleep(6 * time.Second)
				}
				begun := time.Now()
				tools, err := l.begin(mcpclient.Caller{}, l.maxAge).wait(t.Context())
				if took := time.Since(begun); err != nil || len(tools) != 1 || took > 0 {
					t.Errorf("%d tools after %v, %v", len(tools), took, err)
				}
			})
		})
	}
}
