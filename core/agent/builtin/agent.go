package builtin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Config describes an [Agent]. Only Model must be set.
type Config struct {
	// Model answers the steps of a run.
	Model model.Model
	// Models returns the model with the name that a run asks for. It must be set if
	// Overridable lists [PropertyModel].
	Models func(name string) (model.Model, error)

	// Prompt is the beginning of the system prompt. The context and the state of
	// the run follow it. If empty, the system prompt consists of those.
	Prompt string
	// Description is what /info shows as the agent's description. If empty, the
	// agent has none.
	Description string
	// Capabilities replaces the inferred capabilities, category by category. If nil,
	// it replaces none.
	Capabilities agui.Capabilities

	// MaxSteps is how often a run may ask the model. If zero, defaults to 10 if
	// Tools or ToolSources provide tools that run in this process, and to 1
	// otherwise: then the tools that change the shared state run, but the model
	// doesn't see their results in the same run.
	MaxSteps int
	// Tools run in this process. They replace front-end tools of the same name. If
	// nil, there are none.
	Tools []agent.ServerTool
	// ToolSources are asked for more tools at the start of every run, side by side. One
	// whose name is taken by then gets a number after it, so that no source gets the calls
	// of another's tool. If nil, there are none.
	ToolSources []agent.ToolSource
	// WithoutStateTools removes the two tools that change the shared state, which
	// the model has by default.
	WithoutStateTools bool
	// ForwardSystemMessages sends the thread's system messages to the model. By
	// default they are dropped, so that a front end can't give it instructions.
	ForwardSystemMessages bool
	// ForwardDeveloperMessages does the same for developer messages.
	ForwardDeveloperMessages bool

	// HistoryTokens is about how many tokens of a thread the model is sent. The oldest
	// turns of a longer one are left out, as whole turns, but never the last. If zero,
	// there is no limit.
	HistoryTokens int
	// Settings are the model's parameters. The zero value leaves them to the
	// provider.
	Settings model.Settings
	// Overridable lists the properties that a run's forwardedProps may override. If
	// nil, there are none.
	Overridable []Property

	// Logger logs what clients must not see. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Agent answers runs with a model. It is safe for concurrent use.
type Agent struct {
	config Config
	// tools are the definitions of config.Tools, in that order.
	tools []model.Tool
}

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
} = (*Agent)(nil)

// New returns an agent. It does no I/O. It fails if a tool or a property of the
// configuration isn't valid.
func New(config Config) (*Agent, error) {
	if config.Model == nil {
		return nil, errors.New("built-in agent: Model is missing")
	}
	tools, err := loop.Settle(config.Tools, config.ToolSources, &config.MaxSteps, &config.Logger)
	if err != nil {
		return nil, fmt.Errorf("built-in agent: %w", err)
	}
	for _, property := range config.Overridable {
		if !property.valid() {
			return nil, fmt.Errorf("built-in agent: no property %q can be overridden", property)
		}
	}
	if config.HistoryTokens < 0 {
		return nil, errors.New("built-in agent: HistoryTokens must not be negative")
	}
	if slices.Contains(config.Overridable, PropertyModel) && config.Models == nil {
		return nil, errors.New("built-in agent: Models is missing, and the model is overridable")
	}
	return &Agent{config: config, tools: tools}, nil
}

// Run implements [agent.Agent]. It ends with RUN_FINISHED or an error.
func (a *Agent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		run, err := a.prepare(ctx, input)
		if err != nil {
			yield(nil, loop.ClientError(err))
			return
		}
		run.Play(ctx, yield)
	}
}

// prepare builds the request of the first step.
func (a *Agent) prepare(ctx context.Context, input *agui.RunAgentInput) (*loop.Run, error) {
	overridden, err := a.override(input.ForwardedProps)
	if err != nil {
		return nil, err
	}
	messages, err := loop.Conversation(input, a.config.ForwardSystemMessages, a.config.ForwardDeveloperMessages)
	if err != nil {
		return nil, err
	}
	messages = a.trim(ctx, messages)
	tools, err := a.collectTools(ctx, input)
	if err != nil {
		return nil, err
	}
	request := &model.Request{
		Messages: messages,
		History:  len(messages),
		Tools:    tools.Definitions(),
		Settings: overridden.settings,
	}
	if prompt := systemPrompt(overridden.prompt, input, !a.config.WithoutStateTools); prompt != "" {
		request.System = []string{prompt}
	}
	return &loop.Run{Input: input, Model: overridden.model, Request: request, Tools: tools, MaxSteps: a.config.MaxSteps}, nil
}

// trim leaves out what is too much for the model.
func (a *Agent) trim(ctx context.Context, messages []agui.Message) []agui.Message {
	if a.config.HistoryTokens <= 0 {
		return messages
	}
	kept, left := loop.Trim(messages, int64(a.config.HistoryTokens))
	if left.Messages > 0 {
		a.config.Logger.InfoContext(ctx, "the beginning of a long thread is left out", "messages", left.Messages, "tokens", left.Tokens, "kept", len(kept))
	}
	return kept
}

// collectTools returns the tools of a run: the front end's, then the configured
// ones, those of the shared state, and those of the sources.
func (a *Agent) collectTools(ctx context.Context, input *agui.RunAgentInput) (*loop.Tools, error) {
	tools := &loop.Tools{Logger: a.config.Logger}
	if err := tools.AddClient(input.Tools); err != nil {
		return nil, err
	}
	for i := range a.config.Tools {
		tools.AddServer(&a.config.Tools[i], a.tools[i])
	}
	if !a.config.WithoutStateTools {
		tools.AddState(input)
	}
	if err := tools.AddSources(ctx, a.config.ToolSources); err != nil {
		return nil, err
	}
	return tools, nil
}

// Description returns the configured description.
func (a *Agent) Description() string { return a.config.Description }

// ClassName returns the name that the reference runtime has for this kind of agent.
func (a *Agent) ClassName() string { return "BuiltInAgent" }

// Capabilities returns the inferred capabilities, with the configured categories
// in their place.
func (a *Agent) Capabilities() agui.Capabilities { return loop.Capabilities(a.config.Capabilities) }
