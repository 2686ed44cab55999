package core

import (
	"context"
	"errors"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

const runFailed = "Failed to run agent"

// run lets an agent answer, and streams what it says. To a client that asks for
// ids as it would of connect, the stream carries them, so that connect can go on
// where the stream broke off.
func (x *exchange) run() error {
	owner, err := x.owner()
	if err != nil {
		return err
	}
	request, err := x.runRequest(owner)
	if err != nil {
		return err
	}
	ctx := x.agentContext()
	unnamed := x.unnamed(request.Key)
	run, err := x.runner.Begin(ctx, request)
	switch {
	case errors.Is(err, store.ErrLocked):
		return threadLocked(err)
	case err != nil:
		return storeError(runFailed, err)
	}
	defer x.closeRun(ctx, run) // when the stream below never begins
	stream, err := x.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	if unnamed {
		defer x.nameThread(context.WithoutCancel(ctx), request)()
	}
	send := stream.send
	if _, ids := x.lastSeen(request.Input); ids {
		send = stream.numbered(run.FirstSeq())
	}
	if err := run.Stream(ctx, send); err != nil {
		x.logger.WarnContext(ctx, "a run ended badly", "agent", request.AgentID,
			"thread", request.Input.ThreadID, "run", request.Input.RunID, "error", err)
	}
	return nil
}

func (x *exchange) closeRun(ctx context.Context, run *runner.Run) {
	if err := run.Close(ctx); err != nil {
		x.logger.WarnContext(ctx, "a thread stays locked until its lease expires", "error", err)
	}
}

// suggest lets an agent answer without a thread: nothing is locked, recorded or
// shown to those who debug.
func (x *exchange) suggest() error {
	request, err := x.runRequest("")
	if err != nil {
		return err
	}
	stream, err := x.stream()
	if err != nil {
		return err
	}
	defer stream.close()
	ctx := x.agentContext()
	err = x.runner.Suggest(ctx, request, func(event agui.Encoded) error {
		x.replay.observe(event)
		return stream.send(event)
	})
	if err != nil && ctx.Err() == nil {
		x.logger.WarnContext(ctx, "a suggestion ended badly", "agent", request.AgentID, "error", err)
	}
	return nil
}

// runRequest reads what is to be run. An unknown agent is told before a bad
// body, as by the reference.
func (x *exchange) runRequest(owner string) (runner.Request, error) {
	answerer, input, err := x.agentAndInput()
	if err != nil {
		return runner.Request{}, err
	}
	from := debugSource{owner: owner, agentID: x.route.AgentID, threadID: input.ThreadID, runID: input.RunID}
	return runner.Request{
		Key:     store.Key{Owner: owner, ID: input.ThreadID},
		AgentID: x.route.AgentID,
		Agent:   answerer,
		Input:   input,
		Observe: x.observer(from),
	}, nil
}

func (x *exchange) agentAndInput() (agent.Agent, *agui.RunAgentInput, error) {
	answerer, err := x.agent()
	if err != nil {
		if x.route.Name == RouteSuggest {
			return nil, nil, err // the one agent route without a name for its failures
		}
		return nil, nil, namedFailure(runFailed, err)
	}
	body, err := x.readBody()
	if err != nil {
		return nil, nil, err
	}
	input, err := agui.UnmarshalRunAgentInput(body)
	if err != nil {
		return nil, nil, invalidBody(err)
	}
	return answerer, input, nil
}

// observer sees each event of a run, whether or not its client still does; nil
// when nobody wants to.
func (x *exchange) observer(from debugSource) func(agui.Encoded) {
	if !x.runtime.Development {
		return x.replay.observer()
	}
	return func(event agui.Encoded) {
		x.debug.publish(from, event)
		x.replay.observe(event)
	}
}
