// Package factory makes agents from functions that call a model with the go-openai
// library. The function converts the input of a run ([ConvertInput]), calls the
// model with any client and any options, and returns the library's stream. The
// package converts the stream to AG-UI events, runs tools, and does all else that
// the agent of package builtin does.
//
// No other package has types of go-openai in its API. An agent whose function
// yields AG-UI events is made by agent.NewCustom, and one for another library by
// builtin.New with an implementation of model.Model.
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
	// Stream calls the model for one step. The input is that of the run, with the
	// messages of earlier steps appended. The call must end when ctx does. The
	// agent closes the stream.
	//
	// An error that is an [*agent.Error] is shown to the client. Of any other error
	// it sees a code of package model.
	Stream func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error)

	// Tools run in this process when the model calls them. Stream has to include
	// their [Definitions] in its request. If nil, there are none.
	Tools []agent.ServerTool
	// MaxSteps is how often Stream may be called in a run. If zero, defaults to 10
	// if there are Tools that run in this process, and to 1 otherwise.
	MaxSteps int

	// Description is what /info shows as the agent's description. If empty, the
	// agent has none.
	Description string
	// Capabilities replaces the inferred capabilities, category by category. If nil,
	// it replaces none.
	Capabilities agui.Capabilities
	// Logger logs what clients must not see. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Agent answers runs with the streams of a function. A call of one of the
// [StateTools] changes the shared state; a call of any tool that isn't configured is
// left to the front end. It is safe for concurrent use if Stream is.
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

// New returns an agent. It fails if a tool of the configuration isn't valid.
func New(config Config) (*Agent, error) {
	if config.Stream == nil {
		return nil, errors.New("factory: Stream is missing")
	}
	tools, err := loop.Settle(config.Tools, nil, &config.MaxSteps, &config.Logger)
	if err != nil {
		return nil, fmt.Errorf("factory: %w", err)
	}
	return &Agent{config: config, tools: tools}, nil
}

// Run implements [agent.Agent]. It ends with RUN_FINISHED or an error.
func (a *Agent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		tools := &loop.Tools{Logger: a.config.Logger, UnknownAreClient: true}
		tools.AddState(input)
		for i := range a.config.Tools {
			tools.AddServer(&a.config.Tools[i], a.tools[i])
		}
		run := loop.Run{
			Input: input,
			Model: model.Func(a.ask),
			// The function gets the run's input, so only what the steps add is
			// needed.
			Request:  &model.Request{},
			Tools:    tools,
			MaxSteps: a.config.MaxSteps,
		}
		run.Play(ctx, yield)
	}
}

// Description returns the configured description.
func (a *Agent) Description() string { return a.config.Description }

// ClassName returns the name that the reference runtime has for this kind of agent.
func (a *Agent) ClassName() string { return "BuiltInAgent" }

// Capabilities returns the inferred capabilities, with the configured categories
// in their place.
func (a *Agent) Capabilities() agui.Capabilities { return loop.Capabilities(a.config.Capabilities) }

// ask is the model of the loop. It calls the configured function.
func (a *Agent) ask(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		input := agent.Input(ctx)
		if len(request.Messages) > 0 {
			extended := *input // the input is shared, so its messages are copied
			extended.Messages = append(input.Messages[:len(input.Messages):len(input.Messages)], request.Messages...)
			input = &extended
		}
		stream, err := a.config.Stream(ctx, input)
		if err == nil && stream == nil {
			err = errors.New("the function returned no stream")
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

// maxChunk bounds a chunk. The library reads lines of any length, so this keeps a
// large one only from being processed further.
const maxChunk = agui.DefaultSSELimit

// chunks yields the chunks of a stream, or the error for which there is no stream.
// It closes the stream.
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
				err = errors.New("the provider sent an error that can't be decoded")
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
