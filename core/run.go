package core

import (
	"cmp"
	"context"
	"errors"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

const runFailed = "Failed to run agent"

// serveRun has an agent answer, and streams its events. To a client that asks for
// ids as it would of connect, the stream carries them, so that connect can go on
// where the stream broke off.
func (rt *Runtime) serveRun(ex *exchange) error {
	request, err := rt.runRequest(ex)
	if err != nil {
		return ex.explainTooLarge(err)
	}
	// Where a platform has the events, its front ends look there for these, too.
	if rt.config.Intelligence == nil && rt.detaches(request) {
		request.Agent, request.Kind = rt.extend(request), "detached"
		return rt.serveBeside(ex, request)
	}
	begun, err := rt.beginRun(ex, request)
	if err != nil {
		return err
	}
	defer begun.end()
	_ = begun.run.Stream(begun.ctx, begun.send) // a run that isn't recorded: the runner has logged it
	return nil
}

// begunRun is a run that is to be streamed. What it took to begin it isn't on the stack
// of its request's goroutine, which waits for events most of the time.
type begunRun struct {
	ctx  context.Context
	run  *runner.Run
	send func([]agui.Encoded) error
	// ends undo what was begun, the last first.
	ends []func()
}

func (b *begunRun) later(end func()) { b.ends = append(b.ends, end) }

// end undoes all that was begun.
func (b *begunRun) end() {
	for _, end := range b.ends {
		defer end()
	}
}

// beginRun begins a run and its answer.
func (rt *Runtime) beginRun(ex *exchange, request *runner.Request) (*begunRun, error) {
	charge, err := rt.admit(ex)
	if err != nil {
		return nil, err
	}
	begun := &begunRun{ends: make([]func(), 0, 5)}
	ready := false
	defer func() {
		if !ready {
			begun.end()
		}
	}()
	begun.later(charge.close)
	ctx, cancel := rt.untilClosed(ex.agentContext(rt.headers))
	begun.later(cancel)
	named := ctx
	ctx, request.Spent = charge.start(ctx, request.Input.Messages)
	request.Ended = charge.end
	extended := *request // a thread is named by the agent alone
	extended.Agent = rt.extend(request)
	naming, err := rt.keeper.prepare(ex, &extended)
	if err != nil {
		return nil, err
	}
	run, err := rt.runner.Begin(ctx, extended)
	var answer *HTTPError
	switch {
	case errors.Is(err, runner.ErrShutdown), err != nil && rt.closing.Err() != nil:
		return nil, errClosed
	case errors.As(err, &answer):
		return nil, answer
	case errors.Is(err, store.ErrLocked):
		return nil, threadLocked(err)
	case err != nil:
		return nil, storeError(runFailed, err)
	}
	begun.ctx, begun.run = ctx, run
	request.Key = run.Key()
	begun.later(func() { rt.closeRun(ctx, run) }) // when it is never streamed
	if err := rt.keeper.answer(ex, begun, request.Input); err != nil {
		return nil, err
	}
	begun.later(ex.debugLog.open())
	charge.add(request.Spent)
	if rt.config.NameThreads && naming() {
		begun.later(rt.nameThread(named, *request, charge))
	}
	ready = true
	return begun, nil
}

func (rt *Runtime) closeRun(ctx context.Context, run *runner.Run) {
	if err := run.Close(ctx); err != nil {
		rt.config.Logger.WarnContext(ctx, "a thread stays locked until its lease expires", "error", err)
	}
}

// extend returns the agent of a run with what the extensions add.
func (rt *Runtime) extend(request *runner.Request) agent.Agent {
	return agent.Extend(request.AgentID, request.Agent, rt.config.Extensions...)
}

// detaches reports whether an extension answers a run without its thread.
func (rt *Runtime) detaches(request *runner.Request) bool {
	for _, extension := range rt.config.Extensions {
		if d, ok := extension.(agent.Detacher); ok && d.Detaches(request.AgentID, request.Input) {
			return true
		}
	}
	return false
}

// serveSuggest has an agent answer without a thread.
func (rt *Runtime) serveSuggest(ex *exchange) error {
	request, err := rt.runRequest(ex)
	if err != nil {
		return err
	}
	request.Kind = "suggest"
	return rt.serveBeside(ex, request)
}

// serveBeside has an agent answer beside a thread: nothing is locked, recorded or shown
// to those who debug.
func (rt *Runtime) serveBeside(ex *exchange, request *runner.Request) error {
	charge, err := rt.admit(ex)
	if err != nil {
		return err
	}
	defer charge.close()
	stream, err := ex.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	ctx, cancel := rt.untilClosed(ex.agentContext(rt.headers))
	defer cancel()
	ctx, request.Spent = charge.start(ctx, request.Input.Messages)
	request.Ended = charge.end
	charge.add(request.Spent)
	err = rt.runner.Suggest(ctx, *request, func(events []agui.Encoded) error {
		for _, event := range events {
			ex.replay.observe(event)
		}
		return stream.send(events)
	})
	if err != nil && ctx.Err() == nil {
		rt.config.Logger.WarnContext(ctx, "a run beside its thread ended badly", "kind", request.Kind, "agent", request.AgentID, "error", err)
	}
	return nil
}

// runRequest reads what is to be run. An unknown agent is reported before a bad
// body, as the reference does it.
func (rt *Runtime) runRequest(ex *exchange) (*runner.Request, error) {
	answerer, input, err := rt.agentAndInput(ex)
	if err != nil {
		return nil, err
	}
	from := debugSource{owner: ex.user.ID, agentID: ex.route.AgentID, threadID: input.ThreadID, runID: input.RunID}
	return &runner.Request{
		Key:     ex.key(input.ThreadID),
		AgentID: ex.route.AgentID,
		Agent:   answerer,
		Input:   input,
		Observe: rt.observer(ex, from),
	}, nil
}

func (rt *Runtime) agentAndInput(ex *exchange) (agent.Agent, *agui.RunAgentInput, error) {
	answerer, err := rt.agent(ex)
	if err != nil {
		if ex.route.Name == RouteSuggest {
			return nil, nil, err // the one agent route without a name for its failures
		}
		return nil, nil, namedFailure(runFailed, err)
	}
	body, err := ex.readBody()
	if err != nil {
		return nil, nil, err
	}
	input, err := agui.UnmarshalRunAgentInput(body)
	if err != nil {
		return nil, nil, invalidBody(err)
	}
	if err := cmp.Or(checkBodyID("threadId", input.ThreadID), checkBodyID("runId", input.RunID)); err != nil {
		return nil, nil, err
	}
	return answerer, input, nil
}

// observer returns what sees each event of a run, whether or not its client
// still does; nil when nobody wants to.
func (rt *Runtime) observer(ex *exchange, from debugSource) func(agui.Encoded) {
	ex.debugLog = rt.newDebugLog(ex, from)
	feeds := rt.feedsDebug(ex)
	if !feeds && ex.debugLog == nil {
		return ex.replay.observer()
	}
	return func(event agui.Encoded) {
		if feeds {
			rt.debug.publish(from, event)
		}
		ex.debugLog.observe(event)
		ex.replay.observe(event)
	}
}
