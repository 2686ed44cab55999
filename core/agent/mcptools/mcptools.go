// Package mcptools gives any agent the tools of an MCP server, those without a loop of
// their own among them: a remote agent, or one that is written by hand. (The built-in
// agent takes a server of package mcp itself, as one of its sources.)
//
// The tools are offered to the agent as mcp__<name>__<tool>. When a run of the agent has
// ended with calls of them, they are made here, their results become events of the run,
// and the agent is run again with them, until it calls none or something else waits for an
// answer. Whoever follows sees one run.
package mcptools

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
)

// Config says which server it is. All fields but Name and URL may be zero.
type Config struct {
	// Name is the server in the names of its tools. It is required.
	Name string
	// URL is the server's endpoint, of streamable HTTP. It is required.
	URL string
	// Headers are sent with every request.
	Headers map[string]string
	// ConnectTimeout limits connecting and listing, each. A run goes on without the tools
	// of a server that takes longer. If zero, defaults to 5 s.
	ConnectTimeout time.Duration
	// CallTimeout limits a call of a tool. If zero, defaults to 1 minute.
	CallTimeout time.Duration
	// MaxRounds is how often the agent is run again with results in one run: what it calls
	// then is left open. If zero, defaults to 32.
	MaxRounds int
	// HTTPClient makes the requests, without redirects. If nil, or if it has no Transport,
	// addresses are checked as package mcp has it.
	HTTPClient *http.Client
	// Logger gets what clients aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Server is an MCP server whose tools agents get. It is safe for concurrent use.
type Server struct {
	config Config
	remote *mcpclient.Server
}

// What a server may send in one of its answers, and in one session, in bytes, and how long
// it may take to end that.
const (
	maxAnswer  = 8 << 20
	maxSession = 64 << 20
	endTimeout = time.Second
)

// New returns a server. It checks the configuration, but does not connect.
func New(config Config) (*Server, error) {
	if config.Name == "" {
		return nil, errors.New("mcp tools: the server has no name")
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, 5*time.Second)
	config.CallTimeout = cmp.Or(config.CallTimeout, time.Minute)
	config.MaxRounds = cmp.Or(config.MaxRounds, 32)
	if min(config.ConnectTimeout, config.CallTimeout) < 0 || config.MaxRounds < 0 {
		return nil, errors.New("mcp tools: times and rounds can't be negative")
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	config.Logger = config.Logger.With("server", config.Name)
	remote, err := mcpclient.New(mcpclient.Config{
		Name: config.Name, URL: config.URL, Headers: config.Headers, HTTPClient: config.HTTPClient,
		ConnectTimeout: config.ConnectTimeout, EndTimeout: endTimeout, MaxAnswer: maxAnswer, MaxSession: maxSession,
		Brief: true, NoRedirects: true,
	})
	if err != nil {
		return nil, fmt.Errorf("mcp tools: %w", err)
	}
	return &Server{config: config, remote: remote}, nil
}

// Extension returns what gives agents the tools. Its runs send headers besides those of the
// configuration, of which they take precedence: each run has a session of its own with the
// server, in which nothing is any other's. The headers must not be changed.
func (s *Server) Extension(headers http.Header) agent.Extension { return extension{s, headers} }

// Close closes idle connections. Runs must have ended.
func (s *Server) Close() error {
	s.remote.Close()
	return nil
}

type extension struct {
	server  *Server
	headers http.Header
}

func (e extension) Extend(_ string, a agent.Agent) agent.Agent {
	return agent.Use(a, func(inner agent.Agent) agent.Agent { return &extended{inner, e.server, e.headers} })
}
