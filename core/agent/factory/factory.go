// Package factory is for those who make the model call themselves, with the
// go-openai library: a function gets a run's input, calls a model, and returns the
// library's stream. What comes back becomes events as in package builtin, with
// tools, the shared state and the lifecycle of a run around it.
//
// It is the one package whose API has types of that library. Other ways to an
// agent of one's own are agent.NewCustom, for a function that yields AG-UI events,
// and an implementation of model.Model, for builtin.New.
package factory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// Config describes an [Agent]. Only Stream must be set.
type Config struct {
	// Stream makes the model call of a step, with any client of the library;
	// [ConvertInput] says what to send. It gets the run's input, and from the
	// second step on the messages of the steps before, too. The call must end with
	// ctx. The stream is closed for it.
	//
	// An error that is an [*agent.Error] is shown to the user; any other becomes
	// one of the codes of package model.
	Stream func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error)

	// Tools run in this process when the model calls them. Stream has to tell the
	// model of them: [Definitions] does. Nil means none.
	Tools []agent.ServerTool
	// MaxSteps is how often Stream may be called in a run. If zero, defaults to 10
	// where Tools has tools that run, and else to 1.
	MaxSteps int

	// Description is what /info says of the agent. If empty, it says nothing.
	Description string
	// Capabilities replaces the inferred ones, category by category. Nil replaces
	// none.
	Capabilities agui.Capabilities
	// Logger gets what clients must not see. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Agent answers runs with model calls of one's own. A call of one of the
// [StateTools] changes the shared state; a call of a tool that is neither
// configured nor one of those is the front end's. It is safe for concurrent use if
// Stream is.
type Agent struct {
	config Config
	tools  []model.Tool
}

var _ interface {
	agent.Agent
	agent.Describer
	agent.CapabilityReporter
	agent.ClassNamer
} = (*Agent)(nil)

// New returns an agent whose model calls are made by the configured function.
func New(config Config) (*Agent, error) {
	if config.Stream == nil {
		return nil, errors.New("factory: Stream is missing")
	}
	if config.MaxSteps < 0 {
		return nil, errors.New("factory: MaxSteps must not be negative")
	}
	tools, err := loop.Define(config.Tools)
	if err != nil {
		return nil, fmt.Errorf("factory: %w", err)
	}
	config.MaxSteps = loop.MaxSteps(config.MaxSteps, config.Tools, nil)
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Agent{config: config, tools: tools}, nil
}

// Run answers a run. It ends with RUN_FINISHED, or with an error.
func (a *Agent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		tools := &loop.Tools{Logger: a.config.Logger, UnknownAreClient: true}
		tools.AddState(input)
		for i := range a.config.Tools {
			tools.AddServer(&a.config.Tools[i], a.tools[i])
		}
		run := loop.Run{
			Input: input,
			Model: model.Func(a.stream),
			// The function gets the run's input; only what the steps add counts.
			Request:  &model.Request{},
			Tools:    tools,
			MaxSteps: a.config.MaxSteps,
		}
		run.Play(ctx, yield)
	}
}

// Description returns what the configuration says of the agent.
func (a *Agent) Description() string { return a.config.Description }

// ClassName returns what the reference calls this kind of agent, too.
func (a *Agent) ClassName() string { return "BuiltInAgent" }

// Capabilities returns the inferred capabilities, with the configured categories
// on top.
func (a *Agent) Capabilities() agui.Capabilities { return loop.Capabilities(a.config.Capabilities) }

// stream is the model of a run: it calls the configured function.
func (a *Agent) stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		input := agent.Input(ctx)
		if len(request.Messages) > 0 {
			longer := *input // the input is the caller's: its messages are copied
			longer.Messages = append(input.Messages[:len(input.Messages):len(input.Messages)], request.Messages...)
			input = &longer
		}
		stream, err := a.config.Stream(ctx, input)
		if err == nil && stream == nil {
			err = errors.New("the factory returned no stream")
		}
		if safe := (*agent.Error)(nil); errors.As(err, &safe) {
			yield(model.Delta{}, safe)
			return
		}
		for delta, err := range openai.Decode(chunks(stream, err)) {
			if !yield(delta, err) {
				return
			}
		}
	}
}

// maxChunk is how large a chunk may be. The library reads a line of any length;
// what is larger goes no further.
const maxChunk = agui.DefaultSSELimit

// chunks reads the chunks of a stream and closes it, or passes on why there is
// none.
func chunks(stream *goopenai.ChatCompletionStream, err error) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err != nil {
			yield(nil, fmt.Errorf("call the model: %w", err))
			return
		}
		defer stream.Close()
		for {
			data, err := stream.RecvRaw()
			switch {
			case err == io.EOF:
				return
			case err == nil && data == nil:
				err = errors.New("the provider reports an error that the library can't read")
			case err == nil && len(data) > maxChunk:
				err = fmt.Errorf("a chunk of more than %d bytes", maxChunk)
			}
			if data = bytes.TrimSpace(data); err == nil && len(data) == 0 {
				continue
			}
			if !yield(data, err) || err != nil {
				return
			}
		}
	}
}
