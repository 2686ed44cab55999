package bundle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
)

// buildApps returns the applications of the environment's MCP servers, sorted by name.
// It connects to none of them. Without any it still answers pages that old threads show,
// so that no model is asked instead.
func buildApps(settings *Settings, parts parts) (*mcpapps.Extension, error) {
	config := mcpapps.Config{
		Logger:         parts.logger,
		ConnectTimeout: max(parts.timeouts.MCPConnect, 0),
		CallTimeout:    max(parts.timeouts.MCPCall, 0),
	}
	for _, name := range slices.Sorted(maps.Keys(settings.MCPApps)) {
		server := settings.MCPApps[name]
		config.Servers = append(config.Servers, mcpapps.Server{
			URL:       server.URL.Reveal(),
			Transport: server.Transport,
			Headers:   server.reveal(),
			OAuth:     server.oauth(),
			ServerID:  cmp.Or(server.ServerID, name),
			AgentID:   server.AgentID,

			ForwardAuthorization: settings.forwardsToMCP(name),
		})
	}
	apps, err := mcpapps.New(config)
	if err != nil {
		return nil, &EnvError{Name: "COPILOTKIT_MCP_APPS", Err: fmt.Errorf("make the applications: %w", err)}
	}
	return apps, nil
}
