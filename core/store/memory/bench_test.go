package memory_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/store/memory"
	"github.com/copilotkit-go/runtime/core/store/storetest"
)

// BenchmarkThreads is what lists and changes of threads cost.
func BenchmarkThreads(b *testing.B) {
	storetest.BenchThreads(b, memory.New(memory.Limits{}))
}
