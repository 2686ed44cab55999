package phoenix

import (
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

var (
	// ErrTimeout means that there was no answer in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrLeft means that a session has ended, so that the answer won't come.
	ErrLeft = errors.New("channel isn't joined any more")
	// ErrClosed means that the channel was closed by Close.
	ErrClosed = errors.New("channel closed")
	// ErrEnded means that the server has closed the channel for good.
	ErrEnded = errors.New("channel closed by the server")
)

// errCrashed means that the server's side of the channel has failed.
var errCrashed = errors.New("channel failed on the server")

// DialError is a connection that couldn't be made. Its text has no part of the address
// but the host, and no token.
type DialError struct {
	// Status is what the server answered instead, 0 if it didn't.
	Status int
	Err    error
}

func (e *DialError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("connect: status %d", e.Status)
	}
	return "connect: " + e.Err.Error()
}

func (e *DialError) Unwrap() error { return e.Err }

// LostError is a connection that was lost.
type LostError struct{ Err error }

func (e *LostError) Error() string { return "connection lost: " + e.Err.Error() }

func (e *LostError) Unwrap() error { return e.Err }

// Restart reports whether the server has announced that it restarts.
func (e *LostError) Restart() bool {
	return websocket.CloseStatus(e.Err) == websocket.StatusServiceRestart
}

// maxQuoted is how much of an answer an error quotes.
const maxQuoted = 512

// RefusedError is a join that the server has refused.
type RefusedError struct {
	// Response is its answer, as JSON.
	Response []byte
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("join refused: %.*s", maxQuoted, e.Response)
}
