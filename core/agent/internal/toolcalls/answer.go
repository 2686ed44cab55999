package toolcalls

import (
	"context"
	"sync"

	"github.com/copilotkit-go/runtime/core/agui"
)

// ahead is how many calls are made at once.
const ahead = 4

// Answer makes calls, several at once, and yields what comes of them in their order. It
// reports whether the run goes on. Call may start goroutines in running, for which Answer
// waits.
func Answer[Tool any](
	ctx context.Context, calls []*Call[Tool],
	call func(ctx context.Context, running *sync.WaitGroup, call *Call[Tool]) []agui.Event,
	yield func(agui.Event, error) bool,
) bool {
	if len(calls) == 0 {
		return true
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	answers := make([]chan []agui.Event, len(calls))
	begin := func(i int) {
		answers[i] = make(chan []agui.Event, 1)
		running.Go(func() { answers[i] <- call(ctx, &running, calls[i]) })
	}
	for i := range min(ahead, len(calls)) {
		begin(i)
	}
	for i := range calls {
		var events []agui.Event
		select {
		case events = <-answers[i]:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return false
		}
		for _, event := range events {
			if !yield(event, nil) {
				return false
			}
		}
		if next := i + ahead; next < len(calls) {
			begin(next)
		}
	}
	return true
}
