package openai

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// FactoryConfig describes a [Factory]. Only Stream must be set.
type FactoryConfig struct {
	// Stream makes the model call of a step, with any client; [ConvertInput] says
	// what to send. It gets the run's input, and from the second step on the
	// messages of the steps before, too. The call must end with ctx. The stream
	// is closed for it.
	Stream func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error)

	// Tools run in this process when the model calls them. Stream has to tell the
	// model of them: [Definitions] does.
	Tools []agent.ServerTool
	// MaxSteps is how often Stream may be called in a run. 0 means once.
	MaxSteps int

	// Description, Capabilities and Logger are as in [Config].
	Description  string
	Capabilities agui.Capabilities
	Logger       *slog.Logger
}

// Factory is an agent whose model calls are one's own. What comes back becomes
// events as in [Agent], with the lifecycle of a run around it. A call of one of
// the [StateTools] changes the shared state; a call of a tool that is neither
// here nor one of those is the front end's. It is safe for concurrent use if
// Stream is.
type Factory struct {
	config FactoryConfig
}

// NewFactory makes an agent from a function that calls a model.
func NewFactory(config FactoryConfig) (*Factory, error) {
	if config.Stream == nil {
		return nil, errors.New("openai factory: Stream is missing")
	}
	if config.MaxSteps < 0 {
		return nil, errors.New("openai factory: MaxSteps must not be negative")
	}
	for i := range config.Tools {
		if err := config.Tools[i].Check(); err != nil {
			return nil, fmt.Errorf("openai factory: %w", err)
		}
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Factory{config: config}, nil
}

// Run answers a run. It ends with RUN_FINISHED, or with an error.
func (f *Factory) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		out := &emitter{yield: yield}
		tools := &toolset{server: map[string]*agent.ServerTool{}, state: newSharedState(input), logger: f.config.Logger}
		for i := range f.config.Tools {
			tools.server[f.config.Tools[i].Name] = &f.config.Tools[i]
		}
		own := *input // what the steps add goes into a copy
		m := &ownModel{stream: f.config.Stream, input: &own}
		if err := play(ctx, m, tools, max(f.config.MaxSteps, 1), input, out); err != nil {
			out.fail(ctx, m.failure(ctx, err))
		}
	}
}

// Description is what the configuration says of the agent.
func (f *Factory) Description() string { return f.config.Description }

// ClassName is what the reference calls this kind of agent, too.
func (f *Factory) ClassName() string { return "BuiltInAgent" }

// Capabilities are the inferred ones, with the configured categories on top.
func (f *Factory) Capabilities() agui.Capabilities { return capabilities(f.config.Capabilities) }

// ownModel is a model that a factory's function calls.
type ownModel struct {
	stream func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error)
	input  *agui.RunAgentInput
}

func (m *ownModel) open(ctx context.Context, _ int) (chunks, error) {
	stream, err := m.stream(ctx, m.input)
	if err == nil && stream == nil {
		err = errors.New("the factory returned no stream")
	}
	if err != nil {
		return nil, err
	}
	return libraryStream{stream}, nil
}

func (m *ownModel) learn(answer *step, results []message) {
	said := agui.Message{ID: answer.messageID, Role: agui.RoleAssistant, Content: agui.TextContent(answer.text.String())}
	for _, call := range answer.calls {
		said.ToolCalls = append(said.ToolCalls, agui.ToolCall{ID: call.id, Name: call.name, Arguments: call.arguments.String()})
	}
	// The input is the caller's: its messages are copied, not appended to.
	messages := append(m.input.Messages[:len(m.input.Messages):len(m.input.Messages)], said)
	for _, result := range results {
		text, _ := result.Content.(string)
		messages = append(messages, agui.Message{
			ID: newID(), Role: agui.RoleTool, ToolCallID: result.ToolCallID, Content: agui.TextContent(text),
		})
	}
	m.input.Messages = messages
}

func (m *ownModel) name() (provider, model string) { return "", "" }

// failure is as an endpoint's, save that an error which the function made safe
// itself is passed on.
func (m *ownModel) failure(ctx context.Context, err error) error {
	if safe := (*agent.Error)(nil); errors.As(err, &safe) {
		return safe
	}
	own := endpoint{provider: provider{name: "factory"}, model: "own"}
	return own.failure(ctx, err)
}
