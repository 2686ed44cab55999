// Command driver serves a runtime for suites that know no programming language: they drive
// one from outside, against a stand-in of CopilotKit's managed platform. Its configuration
// is the JSON object of CPK_CONFIG. It prints {"port":N}, serves the runtime at /copilotkit
// on the loopback interface, and ends with SIGTERM.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/intelligence"
)

// configuration is what a suite decides. What it says of the vendor's telemetry has no
// effect: there is none.
type configuration struct {
	// Port is where to listen; 0 lets the system choose.
	Port int `json:"port"`
	// APIURL and RunnerURL are where the platform is.
	APIURL    string `json:"apiUrl"`
	RunnerURL string `json:"runnerUrl"`
	APIKey    string `json:"apiKey"`
	// AgentURL is the AG-UI agent that answers as "default".
	AgentURL string `json:"agentUrl"`
	// A2UI and MCPApps are the options of the reference.
	A2UI    json.RawMessage `json:"a2ui"`
	MCPApps *struct {
		Servers []struct {
			Type     string            `json:"type"`
			URL      string            `json:"url"`
			ServerID string            `json:"serverId,omitempty"`
			AgentID  string            `json:"agentId,omitempty"`
			Headers  map[string]string `json:"headers,omitempty"`
		} `json:"servers"`
	} `json:"mcpApps"`
	// MemoryGrant is {"user", "project"}, null to deny. If left out there is no policy.
	MemoryGrant json.RawMessage `json:"memoryGrant"`
	// Mode is multi-route, if empty, or single-route.
	Mode                string `json:"mode"`
	GenerateThreadNames bool   `json:"generateThreadNames"`
	// The lock's settings are the platform's if left out.
	LockTTLSeconds               json.Number `json:"lockTtlSeconds"`
	LockHeartbeatIntervalSeconds json.Number `json:"lockHeartbeatIntervalSeconds"`
	LockKeyPrefix                string      `json:"lockKeyPrefix"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("CPK_CONFIG")); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, text string) error {
	var config configuration
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return fmt.Errorf("CPK_CONFIG: %w", err)
	}
	env, err := config.environment()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	runtime, err := bundle.New(ctx, func() []string { return env }, bundle.WithLogger(logger), bundle.WithConfig(func(c *core.Config) {
		c.Identify = identify
		c.Intelligence.Memory, c.Intelligence.ServeMemories = config.policy(), true
		c.Agents["default"] = described{c.Agents["default"]}
	}))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", config.Port))
	if err != nil {
		return errors.Join(err, runtime.Close())
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: runtime, ReadHeaderTimeout: 10 * time.Second}
	return bundle.Serve(ctx, server, listener, runtime, 5*time.Second)
}

// environment returns the deployment that the suite describes.
func (c *configuration) environment() ([]string, error) {
	a2ui, named, err := c.a2ui()
	if err != nil {
		return nil, err
	}
	all := map[string]any{"default": map[string]any{"url": c.AgentURL}}
	if c.MCPApps != nil {
		for _, server := range c.MCPApps.Servers {
			named = append(named, server.AgentID)
		}
	}
	for _, name := range named { // what is for other agents needs them to be there
		if name != "" {
			all[name] = all["default"]
		}
	}
	agents, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	env := []string{
		"CPK_INTELLIGENCE_API_KEY=" + c.APIKey,
		"COPILOTKIT_INTELLIGENCE_API_URL=" + c.APIURL,
		"COPILOTKIT_INTELLIGENCE_WS_URL=" + strings.TrimSuffix(c.RunnerURL, "/runner"),
		"COPILOTKIT_INTELLIGENCE_USER=test-user",
		"COPILOTKIT_ENV=development",
		"COPILOTKIT_BASE_PATH=/copilotkit",
		"COPILOTKIT_AGENTS=" + string(agents),
	}
	names := "off"
	if c.GenerateThreadNames {
		names = "on"
	}
	for name, value := range map[string]string{
		"COPILOTKIT_THREAD_NAMES":                        names,
		"COPILOTKIT_A2UI":                                a2ui,
		"COPILOTKIT_ENDPOINT":                            c.Mode,
		"COPILOTKIT_INTELLIGENCE_LOCK_SECONDS":           c.LockTTLSeconds.String(),
		"COPILOTKIT_INTELLIGENCE_LOCK_HEARTBEAT_SECONDS": c.LockHeartbeatIntervalSeconds.String(),
		"COPILOTKIT_INTELLIGENCE_LOCK_KEY_PREFIX":        c.LockKeyPrefix,
	} {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	if c.MCPApps != nil {
		servers := make(map[string]any)
		for i, server := range c.MCPApps.Servers {
			entry := map[string]any{"url": server.URL, "transport": cmp.Or(server.Type, "http")}
			if server.ServerID != "" {
				entry["serverId"] = server.ServerID
			}
			if server.AgentID != "" {
				entry["agentId"] = server.AgentID
			}
			if server.Headers != nil {
				entry["headers"] = server.Headers
			}
			servers[fmt.Sprint("server", i)] = entry
		}
		encoded, err := json.Marshal(servers)
		if err != nil {
			return nil, err
		}
		env = append(env, "COPILOTKIT_MCP_APPS="+string(encoded))
	}
	return env, nil
}

// a2ui returns the variable's value for the reference's options, which have "enabled"
// among them, and the agents that they name.
func (c *configuration) a2ui() (value string, agents []string, err error) {
	if len(c.A2UI) == 0 || string(c.A2UI) == "null" {
		return "", nil, nil
	}
	var options map[string]json.RawMessage
	if err := json.Unmarshal(c.A2UI, &options); err != nil {
		return "", nil, fmt.Errorf("a2ui: %w", err)
	}
	if string(options["enabled"]) == "false" {
		return "off", nil, nil
	}
	delete(options, "enabled")
	if named := options["agents"]; named != nil {
		if err := json.Unmarshal(named, &agents); err != nil {
			return "", nil, fmt.Errorf("a2ui: agents: %w", err)
		}
	}
	if len(options) == 0 {
		return "on", nil, nil
	}
	encoded, err := json.Marshal(options)
	return string(encoded), agents, err
}

// described is an agent that says what it is.
type described struct{ agent.Agent }

func (described) Description() string { return "Conformance agent" }

// policy returns what the suite lets be done with memories.
func (c *configuration) policy() intelligence.MemoryPolicy {
	if len(c.MemoryGrant) == 0 {
		return nil
	}
	return func(context.Context, access.User, intelligence.Consumer) (intelligence.Grant, error) {
		var grant intelligence.Grant // null leaves it as it is, with nothing
		err := json.Unmarshal(c.MemoryGrant, &grant)
		return grant, err
	}
}

// userID is what the reference takes for the id of a user.
var userID = regexp.MustCompile(`^[\w.@:=-]{1,128}$`)

// identify takes the caller's word for who it is, and refuses what the reference refuses.
func identify(r *http.Request) (access.User, error) {
	user := access.User{ID: cmp.Or(r.Header.Get("x-test-user-id"), "test-user")}
	if !userID.MatchString(user.ID) {
		return user, &core.HTTPError{Status: http.StatusBadRequest, Body: map[string]string{"error": "identifyUser must return a valid user id"}}
	}
	return user, nil
}
