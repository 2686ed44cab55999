package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// feed runs an agent in a goroutine of its own, so that one that ignores its context
// can be left behind. Deltas that come in a burst are handed over together: an agent is
// a few of them ahead of its stream at most. It waits until any other event is taken.
type feed struct {
	// more has room for one: there are events, or the agent has returned. So has room:
	// events were taken, or no more are.
	more, room chan struct{}
	// done is closed when the agent has returned; err is then its error, which is nil
	// again when it was made known.
	done chan struct{}
	err  error

	mu     sync.Mutex
	events []agui.Event
	weight int
	spares *room[agui.Event]
	// closed is set when nothing more is sent; dropped counts what came after.
	closed  bool
	dropped int
}

// maxAhead is the weight of the events that may be waiting, so that the agent doesn't
// wait: each delta has its bytes and deltaWeight.
const (
	maxAhead    = 8 << 10
	deltaWeight = 64
)

// weigh returns the weight of an event.
func weigh(event agui.Event) int {
	switch event := event.(type) {
	case agui.TextMessageContentEvent:
		return deltaWeight + len(event.Delta)
	case agui.ToolCallArgsEvent:
		return deltaWeight + len(event.Delta)
	case agui.ReasoningMessageContentEvent:
		return deltaWeight + len(event.Delta)
	case agui.Encoded:
		switch event.EventType() {
		case agui.EventTypeTextMessageContent, agui.EventTypeToolCallArgs, agui.EventTypeReasoningMessageContent:
			return len(event.Frame())
		}
	}
	return maxAhead
}

// PanicError is a recovered panic, of an agent or of a hook.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the panic's value as text.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// errGoexit is what becomes of an agent that calls [runtime.Goexit], as the FailNow
// of a test does.
var errGoexit = errors.New("agent ended its goroutine")

// startFeed runs the agent until ctx ends.
func startFeed(ctx context.Context, answer agent.Agent, input *agui.RunAgentInput, spares *room[agui.Event]) *feed {
	f := &feed{spares: spares, more: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		f.err = errGoexit
		defer func() {
			close(f.done)
			signal(f.more)
		}()
		f.err = f.run(ctx, answer, input)
	}()
	return f
}

func (f *feed) run(ctx context.Context, answer agent.Agent, input *agui.RunAgentInput) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{value, debug.Stack()}
		}
	}()
	for event, err := range answer.Run(ctx, input) {
		if err != nil {
			return err
		}
		if event != nil && !f.put(ctx, event) {
			return nil
		}
	}
	return nil
}

// put hands over an event, and reports whether more are wanted. If it reports false,
// the event isn't either.
func (f *feed) put(ctx context.Context, event agui.Event) bool {
	f.mu.Lock()
	if ended := ctx.Err() != nil; ended || f.closed {
		f.dropped++
		f.mu.Unlock()
		return !ended
	}
	f.events = append(f.spares.fit(f.events, 1), event)
	f.weight += weigh(event)
	full := f.weight >= maxAhead
	f.mu.Unlock()
	signal(f.more)
	for full {
		select {
		case <-f.room:
		case <-ctx.Done():
			return f.keep()
		}
		f.mu.Lock()
		full = f.weight >= maxAhead
		f.mu.Unlock()
	}
	return true
}

// keep reports whether the last event was taken. If not, it is dropped.
func (f *feed) keep() (taken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.events) - 1
	if last < 0 {
		return !f.closed
	}
	f.events = f.events[:last]
	f.dropped++
	return false
}

// take returns the events that wait, in order, and uses the room of done for more.
func (f *feed) take(done []agui.Event) []agui.Event {
	f.mu.Lock()
	events := f.events
	f.events, f.weight = done[:0], 0
	f.mu.Unlock()
	signal(f.room)
	return events
}

// returned reports whether the agent has returned. What it has yielded can still be
// taken.
func (f *feed) returned() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// await drops what the agent still yields until it returns, for limit at most. It
// reports whether the agent has returned, and how many events were dropped.
func (f *feed) await(limit time.Duration) (returned bool, dropped int) {
	f.mu.Lock()
	f.closed = true
	f.dropped += len(f.events)
	f.events, f.weight = nil, 0
	f.mu.Unlock()
	signal(f.room)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-f.done:
		returned = true
	case <-timer.C:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return returned, f.dropped
}
