package core

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// bodyPatience is how long a body may take, whatever its size.
	bodyPatience = 30 * time.Second
	// bodyPace is for how many of its bytes a body gets another second.
	bodyPace = 16 << 10
)

// pacedBody is a request's body that has to come at a pace: who begins to send one and
// then doesn't, or sends a byte now and then, could hold a connection, and a process that
// is to end, for as long as they like. It ends with the runtime, too.
type pacedBody struct {
	io.ReadCloser
	ex      *exchange
	control *http.ResponseController
	began   time.Time
	read    int64
	// stop ends the watch for the runtime's end; nil before the first Read, and where
	// nothing can interrupt one.
	stop func() bool
}

// newPacedBody returns the body of a request. What a server has its own limit for, or has
// no deadlines for, is left to it.
func (ex *exchange) newPacedBody(body io.ReadCloser) *pacedBody {
	b := &pacedBody{ReadCloser: body, ex: ex}
	if server, ok := ex.r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.ReadTimeout == 0 {
		b.control = http.NewResponseController(ex.w)
	}
	return b
}

// Read reads what has come. Its error is the answer where that is too slow.
func (b *pacedBody) Read(p []byte) (int, error) {
	limited := b.control != nil && !b.ex.readingLimited && b.wait()
	if limited && b.ex.closing.Err() != nil {
		return 0, errClosed
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err == nil {
		return n, nil
	}
	closing := b.unwatch()
	switch {
	case errors.Is(err, io.EOF):
		b.ex.drained = true
		if limited { // the server reads on, to see whether the client is still there
			_ = b.control.SetReadDeadline(time.Time{})
		}
	case limited && errors.Is(err, os.ErrDeadlineExceeded):
		b.ex.readingLimited = true // to now: nothing more is waited for
		err = bodyTooSlow()
	}
	if closing {
		err = errClosed
	}
	return n, err
}

// wait sets until when the next Read may wait, and reports whether there is such a limit.
func (b *pacedBody) wait() bool {
	if b.began.IsZero() {
		b.began = time.Now()
	}
	deadline := b.began.Add(bodyPatience + time.Duration(b.read/bodyPace)*time.Second)
	if b.control.SetReadDeadline(deadline) != nil {
		b.control = nil
		return false
	}
	if b.stop == nil {
		b.stop = context.AfterFunc(b.ex.closing, func() { _ = b.control.SetReadDeadline(time.Now()) })
	}
	return true
}

// unwatch has the runtime's end no longer interrupt the connection's reads, and reports
// whether it has done so.
func (b *pacedBody) unwatch() (interrupted bool) {
	if b.stop != nil {
		interrupted = !b.stop()
		b.stop = nil
	}
	return interrupted
}

func bodyTooSlow() *HTTPError {
	return &HTTPError{Status: http.StatusRequestTimeout, Body: errorBody{
		Error: "Request timeout", Code: "request_body_too_slow", Message: "The request body came too slowly, or not at all.",
	}}
}
