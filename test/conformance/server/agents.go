package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// newAgents returns the agents of every set-up.
func newAgents(modelURL, remoteURL string, logger *slog.Logger) (map[string]agent.Agent, error) {
	agents := map[string]agent.Agent{
		"scripted":   scriptedAgent{modelURL, "Answers with the events it is told to"},
		"odd name/é": scriptedAgent{modelURL, "Has an odd name"},
	}
	gpt, err := openai.New(model.Config{Model: "openai/gpt-4o", APIKey: "test-key", BaseURL: modelURL})
	if err != nil {
		return nil, err
	}
	noRetries := 0
	temperature := 0.5
	for name, config := range map[string]builtin.Config{
		"default": {},
		"prompted": {
			Prompt:   "You are terse.",
			Settings: model.Settings{Temperature: &temperature},
			Overridable: []builtin.Property{
				builtin.PropertyTemperature, builtin.PropertyToolChoice, builtin.PropertyMaxOutputTokens, builtin.PropertyStopSequences,
			},
		},
		// As package bundle makes its default agent.
		"bundled":    {Overridable: []builtin.Property{builtin.PropertyToolChoice}},
		"tools":      {MaxSteps: 3, Tools: []agent.ServerTool{weather, broken}},
		"onestep":    {MaxSteps: 1, Tools: []agent.ServerTool{weather}},
		"anysteps":   {Tools: []agent.ServerTool{weather}},
		"interrupts": {Tools: []agent.ServerTool{approve}},
	} {
		config.Model = gpt
		config.Settings.MaxRetries = &noRetries
		config.Logger = logger
		built, err := builtin.New(config)
		if err != nil {
			return nil, fmt.Errorf("agent %s: %w", name, err)
		}
		agents[name] = built
	}
	for name, config := range map[string]remote.Config{
		"remote": {
			URL:         remoteURL,
			Description: "Somewhere else",
			Headers:     map[string]string{"Authorization": "Bearer of-the-server", "X-Server": "yes"},
		},
		"plain":   {URL: remoteURL},
		"trusted": {URL: remoteURL, ForwardAuthorization: true},
	} {
		built, err := remote.New(config)
		if err != nil {
			return nil, fmt.Errorf("agent %s: %w", name, err)
		}
		agents[name] = built
	}
	return agents, nil
}

var weather = agent.Tool("weather", "The weather in a city", func(_ context.Context, in struct {
	City string `json:"city"`
}) (any, error) {
	return struct {
		City    string `json:"city"`
		Degrees int    `json:"degrees"`
	}{in.City, 21}, nil
})

var broken = agent.Tool("broken", "Always fails", func(context.Context, struct{}) (any, error) {
	return nil, errors.New("the tool broke")
})

var approve = agent.InterruptTool[struct {
	What string `json:"what"`
}]("approve", "Asks a human", agent.Question{Reason: "approval", Message: "Shall we?"})

// scriptedAgent answers with the events in forwardedProps.events. {"hold": name}
// waits until the case opens the gate, {"throw": text} fails the run.
type scriptedAgent struct {
	model       string
	description string
}

func (a scriptedAgent) Description() string { return a.description }

func (a scriptedAgent) ClassName() string { return "ScriptedAgent" }

func (a scriptedAgent) Run(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		var props struct {
			Events []json.RawMessage `json:"events"`
		}
		if len(input.ForwardedProps) > 0 {
			if err := json.Unmarshal(input.ForwardedProps, &props); err != nil {
				yield(nil, err)
				return
			}
		}
		for _, raw := range props.Events {
			if ctx.Err() != nil {
				return
			}
			var order struct{ Hold, Throw string }
			if err := json.Unmarshal(raw, &order); err != nil {
				yield(nil, err)
				return
			}
			if order.Hold != "" {
				a.hold(ctx, order.Hold)
				continue
			}
			if order.Throw != "" {
				yield(nil, errors.New(order.Throw))
				return
			}
			event, err := agui.ParseEncoded(raw)
			if errors.Is(err, agui.ErrUnknownType) {
				continue
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

func (a scriptedAgent) hold(ctx context.Context, name string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.model+"/hold", strings.NewReader(name))
	if err != nil {
		return
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		response.Body.Close()
	}
}
