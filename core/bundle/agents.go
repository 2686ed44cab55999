package bundle

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/demo"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agent/remote"
)

// defaultAgent is the name that front ends use when they choose none.
const defaultAgent = "default"

// buildAgents makes the agents of the environment, and adds those of the
// options, which win over them.
func buildAgents(settings *Settings, parts parts) (map[string]agent.Agent, error) {
	agents := make(map[string]agent.Agent)
	for name, server := range settings.Agents {
		built, err := remote.New(remote.Config{
			URL:        server.URL.Reveal(),
			ConnectURL: server.ConnectURL.Reveal(),
			Headers:    server.reveal(),
		})
		if err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_AGENTS", Err: fmt.Errorf("%q: %w", name, err)}
		}
		agents[name] = built
	}
	maps.Copy(agents, parts.agents)
	if agents[defaultAgent] != nil {
		return agents, checkUnused(settings, parts)
	}
	builtIn, err := buildDefault(settings, parts)
	if err != nil {
		return nil, err
	}
	agents[defaultAgent] = builtIn
	return agents, nil
}

// checkUnused refuses tools that no agent would have, since another agent is in
// the built-in one's place.
func checkUnused(settings *Settings, parts parts) error {
	if len(settings.MCPServers) > 0 {
		return &EnvError{Name: "COPILOTKIT_MCP_SERVERS", Err: errors.New("the default agent isn't the built-in one, which would use them")}
	}
	if len(parts.tools) > 0 || len(parts.sources) > 0 {
		return errors.New("there are tools, but the default agent isn't the built-in one, which would use them")
	}
	return nil
}

// buildDefault makes the built-in agent with the model of the environment.
func buildDefault(settings *Settings, parts parts) (agent.Agent, error) {
	if err := settings.CheckKey(); err != nil {
		return nil, err
	}
	sources, err := toolSources(settings, parts)
	if err != nil {
		return nil, err
	}
	config := openai.Config{
		Model:       settings.Model,
		Prompt:      settings.Prompt,
		MaxSteps:    settings.MaxSteps,
		Tools:       parts.tools,
		ToolSources: sources,
		Logger:      parts.logger,
		Env:         settings.credential,
		// Front ends force their suggestions' tool this way.
		Overridable: []openai.Property{openai.PropertyToolChoice},
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

// toolSources makes the MCP servers of the environment, by name, before those
// of the options, and connects to none.
func toolSources(settings *Settings, parts parts) ([]agent.ToolSource, error) {
	var sources []agent.ToolSource
	for _, name := range slices.Sorted(maps.Keys(settings.MCPServers)) {
		server := settings.MCPServers[name]
		source, err := mcp.New(mcp.Config{
			Name:      name,
			URL:       server.URL.Reveal(),
			Transport: server.Transport,
			Headers:   server.reveal(),
			Logger:    parts.logger,
		})
		if err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_MCP_SERVERS", Err: fmt.Errorf("%q: %w", name, err)}
		}
		parts.opened.add(source)
		sources = append(sources, source)
	}
	return append(sources, parts.sources...), nil
}

// buildTranscriber makes what turns speech into text, nil for nothing.
func buildTranscriber(settings *Settings, parts parts) (agent.Transcriber, error) {
	if settings.TranscriptionModel == "" {
		return nil, nil
	}
	model := openai.TranscriptionModel(settings.TranscriptionModel)
	if err := settings.checkKey("COPILOTKIT_TRANSCRIPTION_MODEL", model); err != nil {
		return nil, err
	}
	built, err := openai.NewTranscriber(openai.Config{Model: model, Env: settings.credential, Logger: parts.logger})
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_TRANSCRIPTION_MODEL", Err: err}
	}
	return built, nil
}
