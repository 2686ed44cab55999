package core

import (
	"io"
	"net/http"
	"sync"

	"github.com/copilotkit-go/runtime/core/internal/memory"
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
	return &bodyBudget{limit: sync.OnceValue(func() int64 { return memory.Size() / 8 })}
}

// reserve takes n bytes more for a body that has own of them, and reports whether there
// was room. One body always has room, whatever its size.
func (b *bodyBudget) reserve(own, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fits(own, n) {
		return false
	}
	b.used += n
	return true
}

// hasRoom reports whether there is room for n bytes now.
func (b *bodyBudget) hasRoom(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fits(0, n)
}

// fits is called with mu held.
func (b *bodyBudget) fits(own, n int64) bool { return b.used == own || b.used+n <= b.limit() }

// release gives bytes back.
func (b *bodyBudget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// reserve takes n bytes more of the budget for the request's body.
func (ex *exchange) reserve(n int64) error {
	if n > 0 && !ex.bodies.reserve(ex.reserved, n) {
		return serverBusy()
	}
	ex.reserved += n
	return nil
}

// release gives back what the request has taken.
func (ex *exchange) release() {
	if ex.body != nil {
		ex.body.unwatch()
	}
	if ex.reserved > 0 {
		ex.bodies.release(ex.reserved)
	}
}

// reservingReader takes what is read of a body from the budget as it comes: what is only
// announced takes no room from others.
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
