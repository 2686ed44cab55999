// Package opengenui lets a model draw a page of its own in the chat, which CopilotKit
// calls Open Generative UI. The front end brings a tool, generateSandboxedUi, by whose
// arguments the model writes the page; here they become activity events while they are
// being written, so that the front end shows the page as it grows. The front end runs the
// page in a sandboxed frame and answers the tool call.
//
//	config.Extensions = append(config.Extensions, opengenui.New(opengenui.Config{}))
//
// What a call has shown is an activity message of the thread, so that it is there again
// after a reload.
package opengenui

import (
	"context"
	"iter"
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// ToolName is the name of the front end's tool whose arguments are a page.
const ToolName = "generateSandboxedUi"

// ActivityType is the type of the activity messages that show a page.
const ActivityType = "open-generative-ui"

// Config says whose pages are shown. The zero value is for all agents.
type Config struct {
	// Agents are the ids of the agents that may draw pages. If empty, all may. Front
	// ends aren't told of it: they offer the tool to all.
	Agents []string
	// Logger is told of arguments that are no JSON. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Extension adds pages to agents. It is safe for concurrent use.
type Extension struct {
	agents []string
	logger *slog.Logger
}

// New returns an extension as config says.
func New(config Config) *Extension {
	e := &Extension{agents: slices.Clone(config.Agents), logger: config.Logger}
	if e.logger == nil {
		e.logger = slog.Default()
	}
	return e
}

// Extend returns the agent with the events that show its pages, or the agent itself if
// it may draw none.
func (e *Extension) Extend(agentID string, a agent.Agent) agent.Agent {
	if len(e.agents) > 0 && !slices.Contains(e.agents, agentID) {
		return a
	}
	return agent.Use(a, e.Middleware)
}

// Announce tells front ends that agents may draw pages.
func (e *Extension) Announce(features *agent.Features) { features.OpenGenerativeUI = true }

// Middleware is the [agent.Middleware] that adds the events to one agent, whatever its
// id.
//
// It yields the agent's events with chunks expanded. TOOL_CALL_START and the arguments of
// a page are held back until there is something to show, which comes first: until the
// page's first part, the end of the call, or 64 KiB of arguments.
func (e *Extension) Middleware(inner agent.Agent) agent.Agent {
	return agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			s := stream{yield: yield, warn: func(callID string) {
				e.logger.WarnContext(ctx, "arguments of a page are not JSON, and shown as far as they can be read",
					"run", input.RunID, "toolCall", callID)
			}}
			for event, err := range inner.Run(ctx, input) {
				switch {
				case err != nil:
					if s.release(); !s.left {
						yield(nil, err)
					}
					return
				case event == nil:
				case !s.take(event):
					return
				}
			}
			s.end()
		}
	})
}
