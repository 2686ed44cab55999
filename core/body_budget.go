package core

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
)

// smallBody is the size in bytes up to which a body isn't counted: there is always
// room for those of ordinary requests.
const smallBody = 64 << 10

// bodyBudget bounds how much the large bodies of all requests that are being
// answered have together. A request keeps what it has got to its end, since a run
// holds its input.
type bodyBudget struct {
	limit func() int64
	mu    sync.Mutex
	used  int64
}

// newBodyBudget returns a budget of so many bytes, or of an eighth of the memory
// there is.
func newBodyBudget(limit int64) *bodyBudget {
	if limit > 0 {
		return &bodyBudget{limit: func() int64 { return limit }}
	}
	return &bodyBudget{limit: sync.OnceValue(func() int64 { return memorySize() / 8 })}
}

// reserve takes n bytes and reports whether there was room for them. One body
// always has room, whatever its size.
func (b *bodyBudget) reserve(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used > 0 && b.used+n > b.limit() {
		return false
	}
	b.used += n
	return true
}

// release gives bytes back.
func (b *bodyBudget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// unknownMemory is what is assumed where the memory's size can't be read.
const unknownMemory = 2 << 30

// memorySize returns how many bytes of memory this process can use: GOMEMLIMIT, the
// container's limit, or the machine's memory, whichever is least.
func memorySize() int64 {
	size := debug.SetMemoryLimit(-1)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, _ := os.ReadFile(path)
		if limit, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && limit > 0 {
			size = min(size, limit)
		}
	}
	text, _ := os.ReadFile("/proc/meminfo")
	if _, after, found := bytes.Cut(text, []byte("MemTotal:")); found {
		if fields := bytes.Fields(after); len(fields) > 0 {
			if kib, err := strconv.ParseInt(string(fields[0]), 10, 64); err == nil && kib > 0 {
				size = min(size, kib<<10)
			}
		}
	}
	if size == math.MaxInt64 {
		return unknownMemory
	}
	return size
}

// reserve takes n bytes more of the budget for the request's body.
func (ex *exchange) reserve(n int64) error {
	if n > 0 && !ex.bodies.reserve(n) {
		return serverBusy()
	}
	ex.reserved += n
	return nil
}

// release gives back what the request has taken.
func (ex *exchange) release() {
	if ex.reserved > 0 {
		ex.bodies.release(ex.reserved)
	}
}

// reservingReader takes what is read of a body whose length isn't known from the
// budget.
type reservingReader struct {
	io.Reader
	ex   *exchange
	read int64
}

func (r *reservingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.read += int64(n); r.read > smallBody {
		if busy := r.ex.reserve(r.read - r.ex.reserved); busy != nil {
			return n, busy
		}
	}
	return n, err
}

// serverBusy returns the answer to a large request while there are too many.
func serverBusy() *HTTPError {
	return &HTTPError{
		Status: http.StatusServiceUnavailable,
		Header: http.Header{"Retry-After": {retryAfterSeconds}},
		Body: errorBody{
			Error:   "Server busy",
			Code:    "too_many_large_requests",
			Message: "Too many large requests are being answered right now. Please try again.",
		},
	}
}
