package integration

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

// shared is a server for all tests that don't take it away: one takes longer to start than
// most of the tests do. It ends after the last test.
type shared[S any] struct {
	start func(t testing.TB) S

	mu      sync.Mutex
	server  S
	started bool
}

// use returns the server.
func (s *shared[S]) use(t *testing.T) S {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.server = s.start(starter{t})
		s.started = true
	}
	return s.server
}

// starter is the test that starts a server, which others go on with after it.
type starter struct{ testing.TB }

// Cleanup keeps what ends the server.
func (starter) Cleanup(f func()) { platformtest.AtEnd(f) }

// ownName returns a name for what a test has on a shared server.
func ownName() string { return "t" + strings.ToLower(rand.Text()) }
