package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core"
)

// streamed is the body of an answer that is sent while it is written. Each Write of
// the handler is passed to Lambda unbuffered and returns when it has been read: the SDK
// flushes what it reads, piece by piece.
//
// Reading ends when the handler has returned. The instance may be frozen only when nothing
// of the request goes on any more: for that Close waits, which the SDK calls before it asks
// for the next event. If nobody reads, a Write fails at its deadline, and at the latest soon
// after the end of the request's context.
type streamed struct {
	*io.PipeReader
	answerHead

	cancel context.CancelFunc
	done   chan struct{}
}

// answerHead is the status and the headers of an answer.
type answerHead struct {
	status int
	header http.Header
}

// stream serves a request in a new goroutine, which Close waits for. It returns when
// the status and the headers are known.
func stream(handler http.Handler, r *http.Request) *streamed {
	ctx, cancel := beforeDeadline(r.Context())
	serving, background := core.WithBackground(ctx)
	reader, writer := io.Pipe()
	body := &streamed{PipeReader: reader, cancel: cancel, done: make(chan struct{})}
	heads := make(chan answerHead, 1)
	pipe := &pipeWriter{header: make(http.Header), pipe: writer, heads: heads}
	stop := context.AfterFunc(ctx, func() { _ = pipe.SetWriteDeadline(time.Now().Add(lastWrites)) })
	go func() {
		defer close(body.done)
		defer func() { _ = pipe.SetWriteDeadline(time.Time{}) }()
		defer stop()
		w := &answerWriter{ResponseWriter: pipe}
		err := serve(handler, w, r.WithContext(serving))
		if err != nil && !w.started {
			clear(w.Header())
			writeError(w, r, http.StatusInternalServerError, "internal_error")
			err = nil
		}
		// An error goes to Lambda as a trailer; nil is the end of the answer.
		_ = writer.CloseWithError(err)
		if goingOn := background.Done(); goingOn != nil {
			<-goingOn
		}
	}()
	body.answerHead = <-heads
	return body
}

// lastWrites is how long a handler may still write after the end of its context:
// half of what [beforeDeadline] leaves.
const lastWrites = margin / 2

// Close ends the answer, even if it is incomplete, and waits until the handler has
// returned and nothing of the request goes on. What does isn't hurried: it has left the
// request's context.
func (s *streamed) Close() error {
	s.cancel()
	err := s.PipeReader.Close()
	<-s.done
	return err
}

// pipeWriter sends the head once, and then each Write as a piece.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	heads  chan<- answerHead

	// expired is set when the write deadline has passed, writing during a Write.
	expired, writing atomic.Bool

	mu       sync.Mutex
	deadline time.Time
	timer    *time.Timer // fires at deadline; nil until there is one
}

func (w *pipeWriter) Header() http.Header { return w.header }

// WriteHeader sends the head. It is called once, by answerWriter. Later changes of the
// headers have no effect, as on a server.
func (w *pipeWriter) WriteHeader(status int) {
	w.heads <- answerHead{status: status, header: w.header.Clone()}
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w.writing.Store(true)
	defer w.writing.Store(false)
	if w.expired.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return w.pipe.Write(p)
}

// SetWriteDeadline sets when a Write fails if its bytes aren't read. The zero time
// means never.
func (w *pipeWriter) SetWriteDeadline(deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.deadline = deadline
	w.expired.Store(false)
	if !deadline.IsZero() {
		w.timer = time.AfterFunc(time.Until(deadline), w.expire)
	}
	return nil
}

// expire fails the current Write, or else the next one.
func (w *pipeWriter) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deadline.IsZero() || time.Now().Before(w.deadline) {
		return // the deadline has been changed
	}
	w.expired.Store(true)
	if w.writing.Load() {
		_ = w.pipe.CloseWithError(os.ErrDeadlineExceeded)
	}
}
