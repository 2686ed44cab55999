package bundle

import (
	"os"
	"runtime/debug"

	"github.com/copilotkit-go/runtime/core/internal/memory"
)

// LimitMemory has the garbage collector work harder before a platform kills the
// instance: from three quarters of its memory on, as AWS_LAMBDA_FUNCTION_MEMORY_SIZE (in
// MB) or the container's control group say. Where neither does, it has less garbage lie
// about once much is alive, unless GOGC is set. GOMEMLIMIT takes precedence over both.
// This is the process's: it is for a program that has the instance to itself.
func LimitMemory() {
	switch limit := memory.Target(os.Getenv, os.ReadFile); {
	case limit > 0:
		debug.SetMemoryLimit(limit)
	case os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "":
		memory.Pace() // for good
	}
}
