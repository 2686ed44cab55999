package main

import (
	"context"
	"io"
	"net/http"
)

// streamed is the body of an answer that leaves while it is written. Each Write
// of the handler goes to Lambda as it is and returns when it has been taken:
// the SDK flushes what it reads, piece by piece.
//
// Reading ends when the handler has returned. So the response is complete, and
// the instance may be frozen, only when nothing runs any more.
type streamed struct {
	*io.PipeReader
	answerHead

	cancel context.CancelFunc
	done   chan struct{}
}

// answerHead is what an answer begins with.
type answerHead struct {
	status int
	header http.Header
}

// stream serves a request in a goroutine of its own, which Close waits for. It
// returns as soon as the head of the answer is known.
func stream(handler http.Handler, r *http.Request) *streamed {
	ctx, cancel := beforeDeadline(r.Context())
	reader, writer := io.Pipe()
	body := &streamed{PipeReader: reader, cancel: cancel, done: make(chan struct{})}
	heads := make(chan answerHead, 1)
	go func() {
		defer close(body.done)
		w := &answerWriter{ResponseWriter: &pipeWriter{header: make(http.Header), pipe: writer, heads: heads}}
		err := serve(handler, w, r.WithContext(ctx))
		if err != nil && !w.started {
			clear(w.Header())
			writeError(w, http.StatusInternalServerError, "internal_error")
			err = nil
		}
		// An error goes to Lambda as a trailer; nil is the end of the answer.
		_ = writer.CloseWithError(err)
	}()
	body.answerHead = <-heads
	return body
}

// Close ends an answer, also one that isn't complete, and waits until the
// handler has returned.
func (s *streamed) Close() error {
	s.cancel()
	err := s.PipeReader.Close()
	<-s.done
	return err
}

// pipeWriter sends the head once, and then each Write as one piece.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	heads  chan<- answerHead
}

func (w *pipeWriter) Header() http.Header { return w.header }

// WriteHeader is called once, by answerWriter. What the handler does to the
// headers afterwards comes too late, as on a server.
func (w *pipeWriter) WriteHeader(status int) {
	w.heads <- answerHead{status: status, header: w.header.Clone()}
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return w.pipe.Write(p)
}
