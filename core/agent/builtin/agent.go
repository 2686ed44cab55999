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
	// Model answers the steps.
	Model model.Model
	// Models returns the model of a name that a run asks for, where Overridable
	// lists [PropertyModel].
	Models func(name string) (model.Model, error)

	// Prompt opens the system prompt. Context and state of the run follow it. If
	// empty, they are all of it.
	Prompt string
	// Description is what /info says of the agent. If empty, it says nothing.
	Description string
	// Capabilities replaces the inferred ones, category by category. Nil replaces
	// none.
	Capabilities agui.Capabilities

	// MaxSteps is how often a run may ask the model. If zero, defaults to 10 where
	// Tools or ToolSources bring tools that run in this process, and else to 1:
	// the two tools that change the shared state run, but the model doesn't see
	// their results in that run.
	MaxSteps int
	// Tools run in this process. They win over front-end tools of the same name.
	// Nil means none.
	Tools []agent.ServerTool
	// ToolSources are asked for more tools at the start of every run. Nil means
	// none.
	ToolSources []agent.ToolSource
	// WithoutStateTools leaves out the two tools that change the shared state. By
	// default the model has them.
	WithoutStateTools bool
	// ForwardSystemMessages and ForwardDeveloperMessages pass on the thread's
	// messages of those roles, as instructions. By default a front end can't
	// speak in the system's name.
	ForwardSystemMessages    bool
	ForwardDeveloperMessages bool

	// Settings are the model's parameters. The zero value leaves all to the
	// provider.
	Settings model.Settings
	// Overridable names the properties that a run's forwardedProps may override.
	// Nil means none.
	Overridable []Property

	// Logger gets what clients must not see. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Agent answers runs with a model. It is safe for concurrent use.
type Agent struct {
	config Config
	// tools describes config.Tools to the model, in that order.
	tools []model.Tool
}

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
} = (*Agent)(nil)

// New returns an agent. It does no I/O. What is wrong with the configuration (a
// tool that can't work, a property that doesn't exist) is an error here.
func New(config Config) (*Agent, error) {
	if config.Model == nil {
		return nil, errors.New("built-in agent: Model is missing")
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.MaxSteps < 0 {
		return nil, errors.New("built-in agent: MaxSteps must not be negative")
	}
	config.MaxSteps = loop.MaxSteps(config.MaxSteps, config.Tools, config.ToolSources)
	tools, err := loop.Define(config.Tools)
	if err != nil {
		return nil, fmt.Errorf("built-in agent: %w", err)
	}
	for _, property := range config.Overridable {
		if !property.valid() {
			return nil, fmt.Errorf("built-in agent: no property %q can be overridden", property)
		}
	}
	if slices.Contains(config.Overridable, PropertyModel) && config.Models == nil {
		return nil, errors.New("built-in agent: Models is missing, and the model is overridable")
	}
	return &Agent{config: config, tools: tools}, nil
}

// Run answers a run. It ends with RUN_FINISHED, or with an error.
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

// prepare puts together what the model is asked first.
func (a *Agent) prepare(ctx context.Context, input *agui.RunAgentInput) (*loop.Run, error) {
	chosen, err := a.override(input.ForwardedProps)
	if err != nil {
		return nil, err
	}
	messages, err := loop.Conversation(input, a.config.ForwardSystemMessages, a.config.ForwardDeveloperMessages)
	if err != nil {
		return nil, err
	}
	tools, err := a.toolset(ctx, input)
	if err != nil {
		return nil, err
	}
	request := &model.Request{
		Messages: messages,
		History:  len(messages),
		Tools:    tools.Definitions(),
		Settings: chosen.settings,
	}
	if prompt := systemPrompt(chosen.prompt, input, !a.config.WithoutStateTools); prompt != "" {
		request.System = []string{prompt}
	}
	return &loop.Run{Input: input, Model: chosen.model, Request: request, Tools: tools, MaxSteps: a.config.MaxSteps}, nil
}

// toolset gathers the tools of a run: the front end's, then the configured ones,
// the state's, and those of the sources.
func (a *Agent) toolset(ctx context.Context, input *agui.RunAgentInput) (*loop.Tools, error) {
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
	for _, source := range a.config.ToolSources {
		if err := tools.AddSource(ctx, source); err != nil {
			return nil, err
		}
	}
	return tools, nil
}

// Description returns what the configuration says of the agent.
func (a *Agent) Description() string { return a.config.Description }

// ClassName returns what the reference calls this kind of agent.
func (a *Agent) ClassName() string { return "BuiltInAgent" }

// Capabilities returns the inferred capabilities, with the configured categories
// on top.
func (a *Agent) Capabilities() agui.Capabilities { return loop.Capabilities(a.config.Capabilities) }
