package bundle

import (
	"fmt"
	"maps"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/demo"
	"github.com/copilotkit-go/runtime/core/agent/openai"
)

// defaultAgent is the name that front ends use when they choose none.
const defaultAgent = "default"

// buildAgents makes the agents of the environment, and adds those of the
// options, which win over them.
func buildAgents(settings *Settings, parts parts) (map[string]agent.Agent, error) {
	agents := make(map[string]agent.Agent)
	maps.Copy(agents, parts.agents)
	if agents[defaultAgent] == nil {
		builtIn, err := buildDefault(settings, parts)
		if err != nil {
			return nil, err
		}
		agents[defaultAgent] = builtIn
	}
	return agents, nil
}

// buildDefault makes the built-in agent with the model of the environment.
func buildDefault(settings *Settings, parts parts) (agent.Agent, error) {
	if err := settings.CheckKey(); err != nil {
		return nil, err
	}
	config := openai.Config{
		Model:       settings.Model,
		Prompt:      settings.Prompt,
		MaxSteps:    settings.MaxSteps,
		Tools:       parts.tools,
		ToolSources: parts.sources,
		Logger:      parts.logger,
		Env: func(name string) (string, bool) {
			value, ok := settings.Credentials[name]
			return value.Reveal(), ok
		},
	}
	build := openai.New
	if settings.Model == DemoModel {
		build = demo.New
	}
	built, err := build(config)
	if err != nil {
		return nil, fmt.Errorf("make the default agent: %w", err)
	}
	return built, nil
}
