// Package storetest checks that a [store.Store] keeps the promises that package
// store makes. A store's own tests call [Run], and [RunShared] too if several
// processes can open the same threads:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			return memory.New(memory.Limits{})
//		})
//	}
//
// [StopAndSend] then stops runs and begins the next at once, [Play] plays runs, stops,
// followers and crashes on the store at random, as a deployment has them. [Bench]
// measures what recording a run costs, and [BenchThreads] what lists of threads cost.
package storetest

import (
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// Run checks the stores that open returns. Each is closed when its test ends. Tests
// wait for leases to expire, and so go on at once: open is called concurrently, and
// threads that other tests have in the backend must not be visible in a store.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	RunShared(t, func(t *testing.T) (a, b store.Store) {
		a = open(t)
		return a, a
	})
}

// RunShared checks that two stores on the same backend, as two processes open
// them, see each other's threads and signals.
func RunShared(t *testing.T, open func(t *testing.T) (a, b store.Store)) {
	t.Helper()
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"lease", leaseTests},
		{"records", recordTests},
		{"wait", waitTests},
		{"stop", stopTests},
		{"finish", finishTests},
		{"threads", threadTests},
		{"odd", oddTests},
		{"moved", movedTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					a, b := open(t)
					t.Cleanup(func() {
						if err := a.Close(); err != nil {
							t.Errorf("close: %v", err)
						}
						if a != b {
							if err := b.Close(); err != nil {
								t.Errorf("close: %v", err)
							}
						}
					})
					test.run(&suite{T: t, Store: a, Other: b, began: time.Now()})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(s *suite)
}
