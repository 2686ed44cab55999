package core

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
)

// eventStream is an answer of Server-Sent Events. What is written is flushed. A silent stream carries comments, and a client that doesn't read
// for the write timeout, or until the platform's deadline is near, fails the
// next write. While the runtime closes it has StopGrace at most.
//
// It belongs to the request's goroutine; close it before the handler returns.
type eventStream struct {
	ex         *exchange
	controller *http.ResponseController

	mu        sync.Mutex
	keepAlive *time.Timer
	// unwatch ends the watch for the runtime's end.
	unwatch   func()
	lastWrite time.Time
	// deadline is the write deadline that the connection has now.
	deadline time.Time
	// yield is when a write that is stuck must fail, so that time is left to
	// record the run before end, the request's deadline. Both are zero without one.
	yield, end time.Time
	// buffer is what of a burst is to be written, nil between bursts.
	buffer *[]byte
	err    error
	closed bool
}

// stream begins an answer of events, and sends its head. When that fails, nothing has
// been sent.
func (ex *exchange) stream() (*eventStream, error) {
	s, err := ex.runStream()
	if err != nil {
		return nil, err
	}
	_ = s.sendBytes(nil) // where that fails, the next write does
	return s, nil
}

// runStream is stream for an answer whose first event is on its way: the head goes out
// with that, in one write.
func (ex *exchange) runStream() (*eventStream, error) {
	ex.drainBody() // or the server waits for it before it sends anything
	header := http.Header{
		"Content-Type":  {"text/event-stream"},
		"Cache-Control": {"no-cache"},
		"Connection":    {"keep-alive"},
		// nginx gathers an answer before it passes it on, unless this asks it not to.
		"X-Accel-Buffering": {"no"},
	}
	if err := ex.begin(Response{Status: http.StatusOK, Header: header}); err != nil {
		return nil, err
	}
	s := &eventStream{ex: ex, controller: http.NewResponseController(ex.w)}
	if deadline, ok := ex.r.Context().Deadline(); ok {
		margin := min(ex.config.DeadlineMargin, time.Until(deadline)/2)
		s.yield, s.end = deadline.Add(-margin/2), deadline
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A server's ReadTimeout is for requests: it must not end a long answer.
	_ = s.controller.SetReadDeadline(time.Time{})
	s.unwatch = s.watchClosing()
	if idle := ex.config.KeepAlive; idle > 0 {
		s.keepAlive = time.AfterFunc(idle, s.tick)
	}
	return s, nil
}

// maxWrite is about how many bytes of a burst are written at once.
const maxWrite = 32 << 10

// send writes the events of a burst, with one flush. Its error means that the client is
// gone.
func (s *eventStream) send(events []agui.Encoded) error {
	if len(events) == 1 {
		return s.sendBytes(events[0].Frame())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range events {
		if err := s.gather(event.Frame()); err != nil {
			return err
		}
	}
	return s.writeGathered()
}

// sendRecords writes the events of a burst, with their Seqs as id lines where they have
// one, by which the client can resume.
func (s *eventStream) sendRecords(records []store.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, record := range records {
		if record.Seq > 0 {
			buffer := s.room()
			*buffer = strconv.AppendInt(append(*buffer, "id: "...), record.Seq, 10)
			*buffer = append(*buffer, '\n')
		}
		if err := s.gather(record.Event.Frame()); err != nil {
			return err
		}
	}
	return s.writeGathered()
}

// gather adds a frame to the buffer, which it writes when there is much in it.
func (s *eventStream) gather(frame []byte) error {
	buffer := s.room()
	*buffer = append(*buffer, frame...)
	if len(*buffer) < maxWrite {
		return nil
	}
	return s.writeGathered()
}

// room returns the buffer, which a stream has only while there is something in it.
func (s *eventStream) room() *[]byte {
	if s.buffer == nil {
		s.buffer, _ = s.ex.buffers.Get().(*[]byte)
	}
	if s.buffer == nil {
		s.buffer = new([]byte)
	}
	return s.buffer
}

// writeGathered writes the buffer, if there is anything in it.
func (s *eventStream) writeGathered() error {
	buffer := s.buffer
	if buffer == nil {
		return s.err
	}
	err := s.write(*buffer)
	if s.buffer = nil; cap(*buffer) <= 2*maxWrite {
		*buffer = (*buffer)[:0]
		s.ex.buffers.Put(buffer)
	}
	return err
}

// numbered returns a send that numbers the events from first.
func (s *eventStream) numbered(first int64) func([]agui.Encoded) error {
	next := first
	return func(events []agui.Encoded) error {
		records := make([]store.Record, len(events))
		for i, event := range events {
			records[i] = store.Record{Seq: next, Event: event}
			next++
		}
		return s.sendRecords(records)
	}
}

// sendBytes writes bytes that are a frame already.
func (s *eventStream) sendBytes(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(frame)
}

// close ends the stream: nothing is written after it has returned.
func (s *eventStream) close() {
	s.unwatch()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.keepAlive != nil {
		s.keepAlive.Stop()
	}
	if s.err == nil && (!s.deadline.IsZero() || s.ex.closing.Err() != nil) {
		// The connection may serve another request, at any later time.
		_ = s.controller.SetWriteDeadline(time.Time{})
	}
}

// tick sends a comment when the stream has been silent for long enough.
func (s *eventStream) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.err != nil {
		return
	}
	wait := s.ex.config.KeepAlive - time.Since(s.lastWrite)
	if wait <= 0 {
		if s.write([]byte(": keep-alive\n\n")) != nil {
			return
		}
		wait = s.ex.config.KeepAlive
	}
	s.keepAlive.Reset(wait)
}

// write sends bytes and flushes them; mu is held.
func (s *eventStream) write(frame []byte) error {
	if s.err != nil {
		return s.err
	}
	if s.err = s.ex.r.Context().Err(); s.err != nil {
		return s.err
	}
	s.lastWrite = time.Now()
	s.extendDeadline()
	if len(frame) > 0 {
		var n int
		n, s.err = s.ex.w.Write(frame)
		s.ex.written += int64(n)
		if s.err != nil {
			return s.err
		}
	}
	if err := s.controller.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.err = err
	}
	return s.err
}

// extendDeadline sets the write deadline to the write timeout from now, to a
// quarter of it: setting a deadline costs about as much as writing an event.
func (s *eventStream) extendDeadline() {
	timeout := s.ex.config.WriteTimeout
	if s.ex.closing.Err() != nil {
		s.limitWrite()
		return
	}
	deadline := s.lastMoment(s.lastWrite)
	if timeout > 0 {
		if unread := s.lastWrite.Add(timeout); deadline.IsZero() || unread.Before(deadline) {
			deadline = unread
		}
	}
	if deadline.IsZero() || s.deadline.After(s.lastWrite) && deadline.Sub(s.deadline) < timeout/4 {
		return
	}
	s.deadline = deadline
	// Nobody can stall a writer that knows no deadlines: it holds its bytes, as
	// those of the buffering platforms and of tests do.
	_ = s.controller.SetWriteDeadline(deadline)
	if s.ex.closing.Err() != nil {
		s.limitWrite() // which may have been called just before
	}
}

// watchClosing limits a write that is stuck when the runtime is closed, so that
// there is time to record the run. unwatch waits for that.
func (s *eventStream) watchClosing() (unwatch func()) {
	limited := make(chan struct{})
	stop := context.AfterFunc(s.ex.closing, func() {
		defer close(limited)
		s.limitWrite()
	})
	return func() {
		if !stop() {
			<-limited
		}
	}
}

// limitWrite sets the write deadline that holds while the runtime closes. It may be
// called during a write.
func (s *eventStream) limitWrite() {
	now := time.Now()
	deadline := now.Add(s.ex.config.StopGrace)
	if timeout := s.ex.config.WriteTimeout; timeout > 0 && timeout < s.ex.config.StopGrace {
		deadline = now.Add(timeout)
	}
	if end := s.lastMoment(now); !end.IsZero() && end.Before(deadline) {
		deadline = end
	}
	_ = s.controller.SetWriteDeadline(deadline)
}

// lastMoment returns when a write must have ended for the request's deadline, zero
// for never.
func (s *eventStream) lastMoment(now time.Time) time.Time {
	if now.Before(s.yield) {
		return s.yield
	}
	return s.end // for the run's last events
}
