package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// feed runs an agent in a goroutine of its own, so that one that ignores its context
// can be left behind. It hands over one event at a time: an agent is never ahead of
// its stream, and that not far of its client.
type feed struct {
	items chan item
	// done is closed when the agent has returned; late is then the error that nobody
	// wanted any more.
	done chan struct{}
	late error
}

type item struct {
	event agui.Event
	err   error
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
func startFeed(ctx context.Context, answer agent.Agent, input *agui.RunAgentInput) *feed {
	f := &feed{items: make(chan item), done: make(chan struct{})}
	go func() {
		err := errGoexit
		defer func() {
			if err != nil && !f.put(ctx, item{err: err}) {
				f.late = err
			}
			close(f.items)
			close(f.done)
		}()
		err = f.run(ctx, answer, input)
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
		if event != nil && !f.put(ctx, item{event: event}) {
			return nil
		}
	}
	return nil
}

// put hands over an item, and reports whether more are wanted.
func (f *feed) put(ctx context.Context, next item) bool {
	select {
	case f.items <- next:
		return true
	case <-ctx.Done():
		return false
	}
}

// await drops what the agent still yields until it returns, for limit at most. It
// reports whether the agent has returned, and how many events were dropped.
func (f *feed) await(limit time.Duration) (returned bool, dropped int) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	items := f.items
	for {
		select {
		case next, more := <-items:
			switch {
			case !more:
				items = nil
			case next.err != nil:
				f.late = next.err
			default:
				dropped++
			}
		case <-f.done:
			return true, dropped
		case <-timer.C:
			return false, dropped
		}
	}
}
