package sqlite_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/runner/runnertest"
	"github.com/copilotkit-go/runtime/core/store"
)

// BenchmarkRun is what recording a run costs beside the memory store.
func BenchmarkRun(b *testing.B) {
	s := open(b, url(b, "bench.db"))
	for _, load := range runnertest.Loads() {
		b.Run(load.Name+"/memory", func(b *testing.B) {
			runnertest.Bench(b, store.NewMemory(store.MemoryLimits{}), load)
		})
		b.Run(load.Name+"/sqlite", func(b *testing.B) { runnertest.Bench(b, s, load) })
	}
}
