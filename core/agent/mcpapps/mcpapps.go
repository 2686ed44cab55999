// Package mcpapps shows the applications of MCP servers (MCP Apps, SEP-1865) in
// front ends: tools whose results a page of the server's own displays.
//
// An [Extension] does three things. It offers an agent's model the tools of its servers
// that have a page. When the model has called one, it makes the call and yields an
// activity of type "mcp-apps", from which the front end draws a card. And it answers
// the requests of the pages in such cards, which come as runs with
// forwardedProps.__proxiedMCPRequest: the page itself is read that way, too.
//
// # What pages may do
//
// Their requests are a way into the network of the runtime, so they are few: tools/call
// of tools that the server lets its pages call, resources/read of ui:// resources, ping
// and notifications/message, which tells the host something and goes no further. They
// reach the servers of the run's agent alone, at the configured host, without redirects,
// and never a platform's own addresses behind a name. What a server says in a failure is
// logged, and nobody else is told.
//
// # Sessions
//
// Each operation has a session of its own, as in the reference, which ends before the
// run does: what a server keeps for a session is no other caller's, and nothing is open
// while a function is frozen. Lists of tools are kept for a short time instead, those of
// servers that are sent the caller's Authorization for each caller.
package mcpapps

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agui"
)

// ActivityType is the type of the activities that cards are drawn from.
const ActivityType = "mcp-apps"

// Config says which servers there are. Only Servers must be set.
type Config struct {
	// Servers are the servers, in the order of precedence: of two tools of one name the
	// first is offered. A tool of the front end comes before both.
	Servers []Server
	// ConnectTimeout limits how long a run waits for the tools of all servers, and how
	// long connecting may take. A server that takes longer is left out of the run. If
	// zero, defaults to 5 s.
	ConnectTimeout time.Duration
	// CallTimeout limits a call of a tool, or the reading of a resource. If zero,
	// defaults to 1 minute.
	CallTimeout time.Duration
	// MaxAge is how long a list of tools is used. If zero, defaults to 1 minute.
	MaxAge time.Duration
	// RetryAfter is how long a server that failed isn't asked for its tools again, so
	// that it doesn't hold up every run. If zero, defaults to 10 s.
	RetryAfter time.Duration
	// Logger gets what clients aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Server is an MCP server with applications. Only URL must be set.
type Server struct {
	// URL is the endpoint, with http or https and without a user.
	URL string
	// Transport is how the server is spoken to. If empty, defaults to
	// [mcp.StreamableHTTP].
	Transport mcp.Transport
	// ServerID is what cards know the server by. If empty, they know it by a hash of
	// Transport and URL alone, so cards of old threads no longer reach it once one of
	// them has changed. Servers with the same URL and transport must have different ones.
	ServerID string
	// AgentID is the agent that the server is for. If empty, it is for all.
	AgentID string
	// Headers are sent with every request. If nil, there are none.
	Headers map[string]string
	// OAuth gets the access tokens that requests are sent with. If nil, there are none.
	OAuth *mcp.OAuth
	// ForwardAuthorization sends the server the Authorization of the front end's
	// request, as [mcp.Config] has it.
	ForwardAuthorization bool
	// HTTPClient makes the requests, without redirects. If nil, or if it has no
	// Transport, addresses are checked as [mcp.Config] has it.
	HTTPClient *http.Client
}

// Extension gives agents the applications of MCP servers. It is safe for concurrent use.
type Extension struct {
	config  Config
	servers []*server
}

var _ interface {
	agent.Extension
	agent.Detacher
} = (*Extension)(nil)

// New returns an extension. It checks the configuration, but does not connect. Without
// servers it answers the requests of pages that old threads still show.
func New(config Config) (*Extension, error) {
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, 5*time.Second)
	config.CallTimeout = cmp.Or(config.CallTimeout, time.Minute)
	config.MaxAge = cmp.Or(config.MaxAge, time.Minute)
	config.RetryAfter = cmp.Or(config.RetryAfter, 10*time.Second)
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if min(config.ConnectTimeout, config.CallTimeout, config.MaxAge, config.RetryAfter) < 0 {
		return nil, errors.New("mcp apps: times can't be negative")
	}
	e := &Extension{config: config}
	for i, server := range config.Servers {
		made, err := newServer(server, config)
		if err != nil {
			return nil, fmt.Errorf("mcp apps: server %d: %w", i+1, err)
		}
		for _, other := range e.servers {
			if made.id != "" && made.id == other.id {
				return nil, fmt.Errorf("mcp apps: two servers have the id %q", made.id)
			}
			if made.hash == other.hash && (made.id == "" || other.id == "") {
				return nil, fmt.Errorf("mcp apps: server %d: servers with the same URL and transport need different ids", i+1)
			}
		}
		e.servers = append(e.servers, made)
	}
	return e, nil
}

// Extend implements [agent.Extension].
func (e *Extension) Extend(agentID string, a agent.Agent) agent.Agent {
	var servers []*server
	for _, s := range e.servers {
		if s.agentID == "" || s.agentID == agentID {
			servers = append(servers, s)
		}
	}
	return agent.Use(a, func(inner agent.Agent) agent.Agent { return &extended{inner, servers, &e.config} })
}

// Detaches implements [agent.Detacher]: the requests of pages run beside their thread.
func (e *Extension) Detaches(_ string, input *agui.RunAgentInput) bool {
	_, ok := proxied(input)
	return ok
}

// Close waits for what is under way, and closes idle connections.
func (e *Extension) Close() error {
	for _, s := range e.servers {
		s.close()
	}
	return nil
}
