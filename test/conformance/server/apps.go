package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
)

// addApps adds the set-ups with applications of MCP servers.
func addApps(setups map[string]core.Config, logger *slog.Logger) error {
	var published struct{ Budget, Map string }
	if err := json.Unmarshal([]byte(os.Getenv("PUBLISHED")), &published); err != nil {
		return fmt.Errorf("read PUBLISHED: %w", err)
	}
	app := func(server mcpapps.Server, headers map[string]string) mcpapps.Server {
		server.URL = os.Getenv("APPS") + "/mcp"
		server.Headers = map[string]string{"X-Side": os.Getenv("SIDE")}
		maps.Copy(server.Headers, headers)
		return server
	}
	for name, servers := range map[string][]mcpapps.Server{
		"apps":                  {app(mcpapps.Server{ServerID: "app"}, nil)},
		"apps of another agent": {app(mcpapps.Server{ServerID: "app", AgentID: "plain"}, nil)},
		"apps at one address": {
			app(mcpapps.Server{ServerID: "first"}, map[string]string{"X-Key": "1"}),
			app(mcpapps.Server{ServerID: "second"}, map[string]string{"X-Key": "2"}),
		},
		"published apps": {{URL: published.Budget, ServerID: "budget"}, {URL: published.Map, ServerID: "map"}},
	} {
		// The machine may be busy, and the MCP client of the reference waits for a minute, too.
		apps, err := mcpapps.New(mcpapps.Config{Servers: servers, ConnectTimeout: time.Minute, Logger: logger})
		if err != nil {
			return fmt.Errorf("set-up %s: %w", name, err)
		}
		setups[name] = core.Config{BasePath: basePath, Extensions: []agent.Extension{apps}}
	}
	return nil
}
