package core

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
)

// serveDebugEvents streams what all runs and connects of the request's user send,
// from now on until the client goes away. In production it is there for users alone, if
// [Debug] asks for it: the events hold whole conversations.
func (rt *Runtime) serveDebugEvents(ex *exchange) error {
	if !rt.feedsDebug(ex) {
		return &HTTPError{Status: http.StatusNotFound, Body: "Not Found"}
	}
	subscriber := rt.debug.subscribe(ex.user.ID)
	defer rt.debug.unsubscribe(subscriber)
	stream, err := ex.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	if stream.sendBytes([]byte(": connected\n\n")) != nil {
		return nil
	}
	for {
		select {
		case frame := <-subscriber.frames:
			if stream.sendBytes(subscriber.withDropped(frame)) != nil {
				return nil
			}
		case <-ex.r.Context().Done():
			return nil
		case <-rt.closing.Done():
			subscriber.drain(stream.sendBytes)
			return nil
		}
	}
}

// feedsDebug reports whether there are debug events for the request's user.
func (rt *Runtime) feedsDebug(ex *exchange) bool {
	return rt.config.Development || rt.config.Debug.enabled() && ex.user.ID != ""
}

// drain sends what is waiting.
func (s *debugSubscriber) drain(send func([]byte) error) {
	for {
		select {
		case frame := <-s.frames:
			if send(s.withDropped(frame)) != nil {
				return
			}
		default:
			return
		}
	}
}

// withDropped returns a frame, after a comment on those before it that were dropped.
func (s *debugSubscriber) withDropped(frame []byte) []byte {
	if n := s.dropped.Swap(0); n > 0 {
		frame = append([]byte(": "+strconv.FormatInt(n, 10)+" events dropped\n\n"), frame...)
	}
	return frame
}

// debugBuffer is how many events may wait for a slow subscriber; later ones are
// dropped, because no run may wait for one who watches it.
const debugBuffer = 1024

// debugBus passes events on to those who watch. The zero value is ready for use.
type debugBus struct {
	count atomic.Int32

	mu          sync.Mutex
	subscribers map[*debugSubscriber]struct{}
}

type debugSubscriber struct {
	owner   string
	frames  chan []byte
	dropped atomic.Int64
}

func (b *debugBus) subscribe(owner string) *debugSubscriber {
	s := &debugSubscriber{owner: owner, frames: make(chan []byte, debugBuffer)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subscribers == nil {
		b.subscribers = make(map[*debugSubscriber]struct{})
	}
	b.subscribers[s] = struct{}{}
	b.count.Store(int32(len(b.subscribers)))
	return s
}

func (b *debugBus) unsubscribe(s *debugSubscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subscribers, s)
	b.count.Store(int32(len(b.subscribers)))
}

// debugSource identifies where events come from.
type debugSource struct {
	owner, agentID, threadID, runID string
}

// publish never waits. Without subscribers it is one atomic load.
func (b *debugBus) publish(from debugSource, event agui.Encoded) {
	if b.count.Load() == 0 {
		return
	}
	frame, err := from.frame(event)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subscribers {
		if s.owner != from.owner {
			continue
		}
		select {
		case s.frames <- frame:
		default:
			s.dropped.Add(1)
		}
	}
}

// frame returns the SSE frame of an event, whose JSON is taken as it is.
func (from debugSource) frame(event agui.Encoded) ([]byte, error) {
	head, err := encodeJSON(struct {
		Timestamp int64  `json:"timestamp"`
		AgentID   string `json:"agentId"`
		ThreadID  string `json:"threadId"`
		RunID     string `json:"runId"`
	}{time.Now().UnixMilli(), from.agentID, from.threadID, from.runID})
	if err != nil {
		return nil, err
	}
	frame := append([]byte("data: "), head[:len(head)-1]...)
	frame = append(append(frame, `,"event":`...), event.JSON()...)
	return append(frame, "}\n\n"...), nil
}
