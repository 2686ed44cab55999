package mcpapps

import (
	"context"
	"iter"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/toolcalls"
	"github.com/copilotkit-go/runtime/core/agui"
)

// extended is an agent with the applications of its servers.
type extended struct {
	inner   agent.Agent
	servers []*server
	config  *Config
}

// tool is a tool that is offered to the model.
type tool struct {
	server      *server
	resourceURI string
}

// Run implements [agent.Agent].
func (e *extended) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	if request, ok := proxied(input); ok {
		return e.proxy(ctx, input, request)
	}
	if len(e.servers) == 0 {
		return e.inner.Run(ctx, input)
	}
	return func(yield func(agui.Event, error) bool) {
		offered := *input
		tools, err := e.offer(ctx, &offered)
		switch {
		case err != nil:
			yield(nil, err)
		case len(tools) == 0:
			e.inner.Run(ctx, input)(yield)
		default:
			e.play(ctx, &offered, tools, yield)
		}
	}
}

// offer adds the tools of the servers to the input, and returns them by name. Of a name
// that is taken the first is kept, so that no server gets the calls of another's tool.
// It fails if ctx ends.
func (e *extended) offer(ctx context.Context, input *agui.RunAgentInput) (map[string]tool, error) {
	begun := make([]*listing, len(e.servers))
	for i, s := range e.servers {
		begun[i] = s.lists.begin(s.caller(ctx), e.config.MaxAge)
	}
	taken := make(map[string]bool, len(input.Tools))
	for i := range input.Tools {
		taken[input.Tools[i].Name] = true
	}
	input.Tools = slices.Clip(input.Tools)
	tools := make(map[string]tool)
	for i, s := range e.servers {
		listed, err := begun[i].wait(ctx)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			s.logger.WarnContext(ctx, "an MCP server is left out of this run", "error", err)
			continue
		}
		for _, t := range listed {
			if !t.ForModel || t.ResourceURI == "" {
				continue
			}
			if taken[t.Name] || !t.DescribesObject() {
				s.logger.DebugContext(ctx, "a tool is left out: another has its name, or its schema isn't one of an object", "tool", t.Name)
				continue
			}
			taken[t.Name] = true
			tools[t.Name] = tool{s, t.ResourceURI}
			input.Tools = append(input.Tools, agui.Tool{
				Name: t.Name, Description: t.Description + "\n[UI Resource: " + t.ResourceURI + "]", Parameters: t.Parameters,
			})
		}
	}
	return tools, nil
}

// play runs the agent, and makes the calls that it leaves open of the tools that it was
// offered, before its RUN_FINISHED.
func (e *extended) play(ctx context.Context, input *agui.RunAgentInput, tools map[string]tool, yield func(agui.Event, error) bool) {
	open := toolcalls.NewOpen(tools, input)
	var finished agui.Event
	for event, err := range e.inner.Run(ctx, input) {
		if finished != nil && !yield(finished, nil) {
			return
		}
		finished = nil
		if err != nil {
			yield(nil, err)
			return
		}
		if event == nil {
			continue
		}
		if event.EventType() == agui.EventTypeRunFinished {
			finished = event
			continue
		}
		open.Observe(event)
		if !yield(event, nil) {
			return
		}
	}
	if finished == nil {
		return
	}
	open.Finish(finished)
	if toolcalls.Answer(ctx, open.List(), e.call, yield) {
		yield(finished, nil)
	}
}
