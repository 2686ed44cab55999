package outbound

import (
	"errors"
	"io"
	"time"
)

// Causes with which a request's context ends when the server is too slow.
var (
	// ErrNoHeader means that the header of an answer didn't come in time.
	ErrNoHeader = errors.New("no header of an answer in time")
	// ErrSilent means that an answer that had begun fell silent.
	ErrSilent = errors.New("silent for too long")
)

// DefaultTimeout is how long a server may take to the header of its answer, and
// be silent within it, unless its configuration says otherwise: as long as
// Node.js's fetch waits, and with it the reference. Models that think send
// nothing meanwhile.
const DefaultTimeout = 5 * time.Minute

// NewIdleReader returns a reader of body that calls expire when a reading takes
// longer than limit. What its caller does between two readings doesn't count.
// Without a limit above zero it returns body itself.
func NewIdleReader(body io.Reader, limit time.Duration, expire func()) io.Reader {
	if limit <= 0 {
		return body
	}
	timer := time.AfterFunc(limit, expire)
	timer.Stop()
	return &idleReader{body, limit, timer}
}

type idleReader struct {
	body  io.Reader
	limit time.Duration
	timer *time.Timer
}

func (r *idleReader) Read(p []byte) (int, error) {
	r.timer.Reset(r.limit)
	n, err := r.body.Read(p)
	r.timer.Stop()
	return n, err
}
