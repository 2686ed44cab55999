package bundle

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agent/demo"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// defaultAgent is the agent that front ends use unless they choose one.
const defaultAgent = "default"

// buildAgents returns the agents of the environment and of the options. Those of the
// options replace others of the same name.
func buildAgents(settings *Settings, parts parts) (map[string]agent.Agent, error) {
	agents := make(map[string]agent.Agent)
	for name, server := range settings.Agents {
		remoteAgent, err := remote.New(remote.Config{
			URL:        server.URL.Reveal(),
			ConnectURL: server.ConnectURL.Reveal(),
			Headers:    server.reveal(),

			ForwardAuthorization: settings.forwardsToAgent(name),

			HeaderTimeout: parts.timeouts.AgentHeader,
			IdleTimeout:   parts.timeouts.AgentIdle,
		})
		if err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_AGENTS", Err: fmt.Errorf("%q: %w", name, err)}
		}
		agents[name] = remoteAgent
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

// checkUnused fails if there are tools and the default agent isn't the built-in one,
// which would use them.
func checkUnused(settings *Settings, parts parts) error {
	if len(settings.MCPServers) > 0 {
		return &EnvError{Name: "COPILOTKIT_MCP_SERVERS", Err: errors.New("the default agent isn't the built-in one, which would use them")}
	}
	if len(parts.tools) > 0 || len(parts.sources) > 0 {
		return errors.New("there are tools, but the default agent isn't the built-in one, which would use them")
	}
	return nil
}

// buildDefault returns the built-in agent with the model of the environment.
func buildDefault(settings *Settings, parts parts) (agent.Agent, error) {
	if err := settings.checkKey(parts, "COPILOTKIT_MODEL", settings.Model); err != nil {
		return nil, err
	}
	sources, err := toolSources(settings, parts)
	if err != nil {
		return nil, err
	}
	config := builtin.Config{
		Prompt:        settings.Prompt,
		Settings:      settings.ModelSettings,
		HistoryTokens: settings.ModelHistoryTokens,

		MaxSteps:    settings.MaxSteps,
		Tools:       parts.tools,
		ToolSources: sources,
		Logger:      parts.logger,
		// Front ends force their suggestions' tool this way.
		Overridable: []builtin.Property{builtin.PropertyToolChoice},
	}
	build := demo.New
	if settings.Model != DemoModel {
		build = builtin.New
		if config.Model, err = buildModel(settings, parts); err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_MODEL", Err: err}
		}
	}
	built, err := build(config)
	if err != nil {
		return nil, fmt.Errorf("make the default agent: %w", err)
	}
	return built, nil
}

// toolSources returns the MCP servers of the environment, sorted by name, and the
// sources of the options. It connects to none of them.
func toolSources(settings *Settings, parts parts) ([]agent.ToolSource, error) {
	var sources []agent.ToolSource
	for _, name := range slices.Sorted(maps.Keys(settings.MCPServers)) {
		source, err := newMCPServer(settings, parts, name, settings.MCPServers[name])
		if err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_MCP_SERVERS", Err: fmt.Errorf("%q: %w", name, err)}
		}
		parts.opened.add(source)
		sources = append(sources, source)
	}
	return append(sources, parts.sources...), nil
}

func newMCPServer(settings *Settings, parts parts, name string, server Upstream) (*mcp.Server, error) {
	return mcp.New(mcp.Config{
		Name:      name,
		URL:       server.URL.Reveal(),
		Transport: server.Transport,
		Headers:   server.reveal(),
		OAuth:     server.oauth(),
		Logger:    parts.logger,

		ForwardAuthorization: settings.forwardsToMCP(name),

		ConnectTimeout: parts.timeouts.MCPConnect,
		CallTimeout:    parts.timeouts.MCPCall,
	})
}

// buildTranscriber returns the transcriber of the environment, nil if it has none.
func buildTranscriber(settings *Settings, parts parts) (agent.Transcriber, error) {
	if settings.TranscriptionModel == "" {
		return nil, nil
	}
	if err := settings.checkKey(parts, "COPILOTKIT_TRANSCRIPTION_MODEL", transcriptionModel(settings.TranscriptionModel)); err != nil {
		return nil, err
	}
	provider, err := lookupProvider(transcriptionModel(settings.TranscriptionModel))
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_TRANSCRIPTION_MODEL", Err: err}
	}
	built, err := openai.NewTranscriber(model.Config{
		Model:         settings.TranscriptionModel,
		LookupEnv:     settings.credential,
		SignIn:        parts.signIns[provider.SignIn],
		HeaderTimeout: parts.timeouts.ModelHeader,
	})
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_TRANSCRIPTION_MODEL", Err: err}
	}
	return built, nil
}

// transcriptionModel returns the full name of a transcription model. The provider may
// be omitted if it is OpenAI.
func transcriptionModel(name string) string {
	if _, err := model.ParseName(name); err != nil {
		return "openai/" + name
	}
	return name
}
