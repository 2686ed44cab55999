package bundle

import (
	"os"
	"runtime/debug"

	"github.com/copilotkit-go/runtime/core/internal/memory"
)

// LimitMemory has the garbage collector work harder before a platform kills the
// instance: from three quarters of its memory on, as AWS_LAMBDA_FUNCTION_MEMORY_SIZE (in
// MB) or the container's control group say. It does nothing where neither does, and
// GOMEMLIMIT takes precedence. The limit is the process's: it is for a program that has
// the instance to itself.
func LimitMemory() {
	if limit := memory.Target(os.Getenv, os.ReadFile); limit > 0 {
		debug.SetMemoryLimit(limit)
	}
}
