package openai

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Config describes an [Agent]. Only Model must be set.
type Config struct {
	// Model is "provider/model", such as "openai/gpt-4o". See [Providers].
	Model string
	// APIKey is the provider's key. Empty: the provider's own environment variable.
	APIKey string
	// BaseURL is the endpoint, up to and without "/chat/completions". Empty: the
	// provider's environment variable, or else its public address.
	BaseURL string
	// Env looks up environment variables. Nil: [os.LookupEnv].
	Env func(name string) (value string, ok bool)
	// HTTPClient sends the requests. Nil: one [http.Client] for all runs, without
	// a time limit, since answers are streamed; a run's context limits it.
	HTTPClient goopenai.HTTPDoer

	// Prompt opens the system prompt. Context and state of the run follow it.
	Prompt string
	// Description is what /info says of the agent.
	Description string
	// Capabilities replaces the inferred ones, category by category.
	Capabilities agui.Capabilities

	// MaxSteps is how often a run may call the model. 0 means once: tools run,
	// and their results are shown, but the model doesn't see them in that run.
	MaxSteps int
	// Tools run in this process. They win over front-end tools of the same name.
	Tools []agent.ServerTool
	// ToolSources are asked for more tools at the start of every run.
	ToolSources []agent.ToolSource
	// WithoutStateTools leaves out the two tools that change the shared state.
	WithoutStateTools bool
	// ForwardSystemMessages and ForwardDeveloperMessages pass on the thread's
	// messages of those roles, as system messages. By default a front end can't
	// speak in the system's name.
	ForwardSystemMessages    bool
	ForwardDeveloperMessages bool

	// Settings are the model's parameters.
	Settings Settings
	// Overridable names the properties that a run's forwardedProps may override.
	// Nil: none.
	Overridable []Property

	// Logger gets what clients must not see. Nil: [slog.Default].
	Logger *slog.Logger
}

// Agent answers runs with a model. It is safe for concurrent use.
type Agent struct {
	config   Config
	endpoint *endpoint
	// tools describes config.Tools to the model, in that order.
	tools []toolDefinition
}

// New makes an agent. It does no I/O. What is wrong with the configuration (an
// unknown provider, a missing key, a tool that can't work) is an error here.
func New(config Config) (*Agent, error) {
	if config.Env == nil {
		config.Env = os.LookupEnv
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.MaxSteps < 0 {
		return nil, errors.New("openai agent: MaxSteps must not be negative")
	}
	tools, err := define(config.Tools)
	if err != nil {
		return nil, fmt.Errorf("openai agent: %w", err)
	}
	for _, property := range config.Overridable {
		if !property.known() {
			return nil, fmt.Errorf("openai agent: no property %q can be overridden", property)
		}
	}
	if config.HTTPClient == nil {
		config.HTTPClient = sharedClient()
	}
	endpoint, err := resolve(config.Model, config.APIKey, config.BaseURL, config.Env, config.HTTPClient)
	if err != nil {
		return nil, fmt.Errorf("openai agent: %w", err)
	}
	return &Agent{config: config, endpoint: endpoint, tools: tools}, nil
}

// Run answers a run. It ends with RUN_FINISHED, or with an error.
func (a *Agent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		out := &emitter{yield: yield}
		if err := a.run(ctx, input, out); err != nil {
			out.fail(ctx, err)
		}
	}
}

// Description is what the configuration says of the agent.
func (a *Agent) Description() string { return a.config.Description }

// ClassName is what the reference calls this kind of agent.
func (a *Agent) ClassName() string { return "BuiltInAgent" }

// Capabilities are the inferred ones, with the configured categories on top.
func (a *Agent) Capabilities() agui.Capabilities { return capabilities(a.config.Capabilities) }

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
} = (*Agent)(nil)
