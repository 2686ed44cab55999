package sqlite_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// BenchmarkRun is what recording a run costs beside the memory store.
func BenchmarkRun(b *testing.B) {
	s := open(b, url(b, "bench.db"))
	for _, load := range storetest.Loads() {
		b.Run(load.Name+"/memory", func(b *testing.B) {
			inMemory := load
			inMemory.Gather = 0
			storetest.Bench(b, memory.New(memory.Limits{}), inMemory)
		})
		b.Run(load.Name+"/sqlite", func(b *testing.B) { storetest.Bench(b, s, load) })
	}
}

// BenchmarkThreads is what lists and changes of threads cost.
func BenchmarkThreads(b *testing.B) {
	storetest.BenchThreads(b, open(b, url(b, "threads.db")))
}
