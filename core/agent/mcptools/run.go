package mcptools

import (
	"context"
	"iter"
	"net/http"
	"sync"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/toolcalls"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
)

// extended is an agent with the tools of a server.
type extended struct {
	inner   agent.Agent
	server  *Server
	headers http.Header
}

// Run implements [agent.Agent].
func (e *extended) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		offered := *input
		session := e.server.open(ctx, e.headers, &offered)
		switch {
		case ctx.Err() != nil:
			if session != nil {
				session.Close()
			}
			yield(nil, context.Cause(ctx))
		case session == nil:
			e.inner.Run(ctx, input)(yield)
		default:
			r := &run{session: session, inner: e.inner, yield: yield, thread: fold.NewThread(input.Messages, input.State)}
			defer r.close()
			r.play(ctx, &offered)
		}
	}
}

// run is one run, of as many runs of the agent as it takes.
type run struct {
	*session
	inner  agent.Agent
	yield  func(agui.Event, error) bool
	thread *fold.Thread
	// closing is the goroutine that ends the session.
	closing sync.WaitGroup
	once    sync.Once
}

// close ends the session, and waits until that is done.
func (r *run) close() {
	r.end()
	r.closing.Wait()
}

// end has the session end, while the last event is on its way.
func (r *run) end() {
	r.once.Do(func() { r.closing.Go(func() { r.session.Close() }) })
}

// play runs the agent until it leaves no calls of the tools open.
func (r *run) play(ctx context.Context, input *agui.RunAgentInput) {
	earlier := openCalls(input.Messages)
	for round := 0; ; round++ {
		calls, finished, waits := r.round(ctx, input, round > 0)
		if finished == nil {
			return
		}
		if len(calls) > 0 && round == r.server.config.MaxRounds {
			r.server.config.Logger.WarnContext(ctx, "a run has called tools too often: its last calls are left open", "rounds", round)
			calls = nil
		}
		if len(calls) > 0 && !toolcalls.Answer(ctx, calls, r.call, r.pass) {
			return
		}
		messages := r.thread.Messages()
		if len(calls) == 0 || waits || others(openCalls(messages), earlier) {
			r.end()
			r.yield(finished, nil)
			return
		}
		next := *input
		next.RunID, next.Messages, next.State = agui.NewID(), messages, r.thread.State()
		next.Resume = nil // it has been taken up
		input = &next
	}
}

// round runs the agent once. It returns the calls that are to be made and the run's
// RUN_FINISHED, which is held back, and whether the run waits for somebody. Without a
// RUN_FINISHED it is over.
func (r *run) round(ctx context.Context, input *agui.RunAgentInput, again bool) (calls []*toolcalls.Call[tool], finished agui.Event, waits bool) {
	open := toolcalls.NewOpen(r.tools, input)
	var expander protocol.Expander
	var expanded []agui.Event
	for event, err := range r.inner.Run(ctx, input) {
		if finished != nil && !r.yield(finished, nil) {
			return nil, nil, false
		}
		finished = nil
		if err == nil && event != nil {
			expanded, err = expander.Expand(expanded[:0], event)
		}
		if err != nil {
			r.yield(nil, err)
			return nil, nil, false
		}
		if event == nil {
			continue
		}
		for _, event := range expanded {
			switch event.EventType() {
			case agui.EventTypeRunFinished:
				finished = event
				continue
			case agui.EventTypeRunStarted:
				if again {
					continue
				}
			}
			open.Observe(event)
			if !r.pass(event, nil) {
				return nil, nil, false
			}
		}
	}
	if finished == nil {
		return nil, nil, false
	}
	waits = open.Finish(finished)
	return open.List(), finished, waits
}

// pass yields an event, which the agent may be told of when it is run again.
func (r *run) pass(event agui.Event, err error) bool {
	if err == nil {
		err = r.thread.Add(event)
	}
	if err != nil {
		r.yield(nil, err)
		return false
	}
	return r.yield(event, nil)
}

// openCalls returns the calls without a result.
func openCalls(messages []agui.Message) map[string]bool {
	open := make(map[string]bool)
	for i := range messages {
		for _, call := range messages[i].ToolCalls {
			open[call.ID] = true
		}
	}
	for i := range messages {
		if messages[i].Role == agui.RoleTool {
			delete(open, messages[i].ToolCallID)
		}
	}
	return open
}

// others reports whether there are more open calls than there were.
func others(open, earlier map[string]bool) bool {
	for id := range open {
		if !earlier[id] {
			return true
		}
	}
	return false
}
