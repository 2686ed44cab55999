package integration

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"
)

// shared is a server for all tests that don't take it away. One takes longer to start than
// most of the tests do. It ends when no test uses it.
type shared[S any] struct {
	start func(t testing.TB) S

	mu     sync.Mutex
	server S
	users  int
	owner  *owner
}

// use returns the server, for as long as the test goes on.
func (s *shared[S]) use(t *testing.T) S {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		s.owner = &owner{TB: t}
		defer func() {
			if s.users == 0 { // it hasn't started
				s.owner.end()
			}
		}()
		s.server = s.start(s.owner)
	}
	s.users++
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.users--; s.users == 0 {
			s.owner.end()
		}
	})
	return s.server
}

// owner is the test that has started a server, which others go on with after it.
type owner struct {
	testing.TB
	cleanups []func()
}

// Cleanup keeps what ends the server.
func (o *owner) Cleanup(f func()) { o.cleanups = append(o.cleanups, f) }

// end ends what was started, the last first.
func (o *owner) end() {
	for ; len(o.cleanups) > 0; o.cleanups = o.cleanups[:len(o.cleanups)-1] {
		o.cleanups[len(o.cleanups)-1]()
	}
}

// ownName returns a name for what a test has on a shared server.
func ownName() string { return "t" + strings.ToLower(rand.Text()) }
