// Package mcp gives an agent the tools of MCP servers, over streamable HTTP or
// the older SSE transport.
//
// A [Server] connects when its tools are first asked for, and keeps the session
// and the list of tools for the runs that follow, until the server says that
// the list has changed, the list is older than MaxAge, or the session breaks.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Transport says how a server is spoken to.
type Transport string

const (
	// StreamableHTTP is the transport of today's servers, and the default.
	StreamableHTTP Transport = "http"
	// SSE is the transport that MCP had until 2025.
	SSE Transport = "sse"
)

// Config says where a server is. The zero values of all but URL are sensible.
type Config struct {
	// Name stands for the server in logs; its host by default.
	Name      string
	URL       string
	Transport Transport
	// Headers are sent with every request, e.g. Authorization. The headers of
	// front ends are not: all users share the session.
	Headers map[string]string
	// ConnectTimeout limits connecting and listing, 5 s by default. A server that
	// takes longer is left out of the run.
	ConnectTimeout time.Duration
	// RetryAfter is how long a server that failed is left alone, so that it
	// doesn't hold up every run; 10 s by default, negative for not at all.
	RetryAfter time.Duration
	// MaxAge is how long a list of tools is trusted, 5 minutes by default: a
	// function that was frozen meanwhile may have missed that it has changed.
	MaxAge time.Duration
	// HTTPClient makes the requests. The default follows redirects within the
	// same host only, so that headers reach nobody else.
	HTTPClient *http.Client
	// Logger is slog.Default() by default.
	Logger *slog.Logger
}

// Server is an MCP server as a source of tools. It is safe for use by many runs
// at once, which share one session.
type Server struct {
	config    Config
	transport func() mcp.Transport

	mu       sync.Mutex
	building *listing // the one under way, nil when none is
	session  *session
	tools    []agent.ServerTool
	listed   time.Time
	failure  error
	failed   time.Time
	closed   bool
}

// listing is one attempt to list the tools, connecting included. What came of it
// may be read when done is closed.
type listing struct {
	done  chan struct{}
	tools []agent.ServerTool
	err   error
}

var _ agent.ToolSource = (*Server)(nil)

// errClosed is what is left of a server after Close.
var errClosed = errors.New("closed")

// New checks the configuration; it does not connect.
func New(config Config) (*Server, error) {
	parsed, err := url.Parse(config.URL)
	switch {
	case err != nil:
		// The parser's message quotes the whole URL, which may hold a password.
		return nil, errors.New("mcp server: URL is not a URL")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return nil, errors.New("mcp server: URL must begin with http:// or https://")
	case parsed.Host == "":
		return nil, errors.New("mcp server: URL names no host")
	}
	if config.Name == "" {
		config.Name = parsed.Host
	}
	if config.HTTPClient == nil {
		config.HTTPClient = outbound.NewClient()
	}
	client := withHeaders(config.HTTPClient, config.Headers)
	server := &Server{config: withDefaults(config)}
	switch config.Transport {
	case "", StreamableHTTP:
		server.transport = func() mcp.Transport {
			return &mcp.StreamableClientTransport{Endpoint: config.URL, HTTPClient: client}
		}
	case SSE:
		server.transport = func() mcp.Transport {
			return &mcp.SSEClientTransport{Endpoint: config.URL, HTTPClient: client}
		}
	default:
		return nil, fmt.Errorf("mcp server %s: unknown transport %q (known are %q and %q)", config.Name, config.Transport, StreamableHTTP, SSE)
	}
	return server, nil
}

func withDefaults(config Config) Config {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if config.RetryAfter == 0 {
		config.RetryAfter = 10 * time.Second
	}
	if config.MaxAge == 0 {
		config.MaxAge = 5 * time.Minute
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return config
}

// Tools returns the server's tools, from the cache where it can. Concurrent
// calls share one connection and one listing. It fails within ConnectTimeout
// when the server is down, slow or wrong, and at once for RetryAfter after that.
func (s *Server) Tools(ctx context.Context) ([]agent.ServerTool, error) {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return nil, errClosed
	case s.fresh():
		tools := s.tools
		s.mu.Unlock()
		return tools, nil
	case s.failure != nil && time.Since(s.failed) < s.config.RetryAfter:
		err := s.failure
		s.mu.Unlock()
		return nil, err
	case s.building == nil:
		s.building = &listing{done: make(chan struct{})}
		// The run that happens to be first must not take the others' tools
		// with it when it is stopped.
		go s.build(context.WithoutCancel(ctx), s.building)
	}
	building := s.building
	s.mu.Unlock()
	select {
	case <-building.done:
		// Also when the list has changed again meanwhile: a server that always
		// says so would be asked for ever.
		return building.tools, building.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the session. Tools then fails.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	session, building := s.session, s.building
	s.session, s.tools = nil, nil
	s.mu.Unlock()
	if building != nil {
		<-building.done
	}
	if session == nil {
		return nil
	}
	return session.close()
}

// fresh tells whether the cached tools can be used. s.mu is held.
func (s *Server) fresh() bool {
	return s.session != nil && !s.session.stale.Load() && time.Since(s.listed) < s.config.MaxAge
}

// build connects if need be, lists the tools, and lets the waiting calls go on.
// It ends within twice ConnectTimeout.
func (s *Server) build(ctx context.Context, l *listing) {
	s.mu.Lock()
	current := s.session
	s.mu.Unlock()

	next, tools, err := s.list(ctx, current)
	if err != nil {
		err = fmt.Errorf("mcp server %s: %w", s.config.Name, err)
	}

	s.mu.Lock()
	abandoned := s.closed
	if abandoned {
		tools, err = nil, errClosed
	} else {
		s.session, s.tools, s.failure = next, tools, err
		s.listed, s.failed = time.Now(), time.Now()
	}
	s.building = nil
	s.mu.Unlock()
	if abandoned && next != nil {
		next.close()
	}
	l.tools, l.err = tools, err
	close(l.done)
}

// list returns the tools of the current session, or of a new one where there is
// none or it no longer answers.
func (s *Server) list(ctx context.Context, current *session) (*session, []agent.ServerTool, error) {
	if current != nil {
		current.stale.Store(false)
		tools, err := s.listOf(ctx, current)
		if err == nil {
			return current, tools, nil
		}
		s.config.Logger.InfoContext(ctx, "mcp session is gone, connecting again", "server", s.config.Name, "error", err)
		current.close()
	}
	fresh, err := connect(ctx, s.transport(), s.config)
	if err != nil {
		return nil, nil, err
	}
	tools, err := s.listOf(ctx, fresh)
	if err != nil {
		fresh.close()
		return nil, nil, err
	}
	return fresh, tools, nil
}

func (s *Server) listOf(ctx context.Context, session *session) ([]agent.ServerTool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer cancel()
	return listTools(ctx, session.client, s.call)
}

// call runs a tool in the current session. When the server has forgotten the
// session it has run nothing, so the call is made again in a new one.
func (s *Server) call(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	for attempt := 0; ; attempt++ {
		if _, err := s.Tools(ctx); err != nil {
			return nil, err
		}
		s.mu.Lock()
		session := s.session
		s.mu.Unlock()
		if session == nil {
			return nil, errClosed
		}
		result, err := session.client.CallTool(ctx, params)
		if err == nil || isAnswer(err) {
			return result, err
		}
		if ctx.Err() == nil {
			// Whatever broke, the next run begins by listing again.
			session.stale.Store(true)
		}
		if attempt > 0 || !errors.Is(err, mcp.ErrSessionMissing) {
			return nil, err
		}
	}
}
