// Package memory tells how much memory this process can use, and keeps the garbage
// collector below it.
package memory

import (
	"bytes"
	"math"
	"os"
	"runtime/debug"
	"strconv"
)

// unknown is what is assumed where the memory's size can't be read.
const unknown = 2 << 30

// Size returns how many bytes of memory this process can use: GOMEMLIMIT, the
// container's limit, or the machine's memory, whichever is least.
func Size() int64 {
	size := min(debug.SetMemoryLimit(-1), container(os.ReadFile))
	text, _ := os.ReadFile("/proc/meminfo")
	if _, after, found := bytes.Cut(text, []byte("MemTotal:")); found {
		if fields := bytes.Fields(after); len(fields) > 0 {
			if kib, err := strconv.ParseInt(string(fields[0]), 10, 64); err == nil && kib > 0 {
				size = min(size, kib<<10)
			}
		}
	}
	if size == math.MaxInt64 {
		return unknown
	}
	return size
}

// container returns the limit of the process's container in bytes, more than there can
// be for none.
func container(readFile func(string) ([]byte, error)) int64 {
	limit := int64(math.MaxInt64)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, _ := readFile(path)
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}

// machine is more than any container has: what a control group without a limit says.
const machine = 1 << 50

// Target returns the limit for the garbage collector in bytes, three quarters of what the
// instance has: AWS_LAMBDA_FUNCTION_MEMORY_SIZE in MB, or the container's limit. It
// returns 0 if neither is known, and if GOMEMLIMIT is set, which takes precedence.
func Target(getenv func(string) string, readFile func(string) ([]byte, error)) int64 {
	if getenv("GOMEMLIMIT") != "" {
		return 0
	}
	size := container(readFile)
	if megabytes, err := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32); err == nil && megabytes > 0 {
		size = min(size, megabytes<<20)
	}
	if size >= machine {
		return 0
	}
	return size / 4 * 3
}
