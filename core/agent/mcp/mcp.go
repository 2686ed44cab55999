// Package mcp is a source of tools: those of MCP servers, over streamable HTTP or
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

// Config says where a server is. All fields but URL may be zero.
type Config struct {
	// Name stands for the server in errors and logs. If empty, defaults to the
	// host of URL.
	Name string
	// URL is the server's endpoint. It is required.
	URL string
	// Transport is how the server is spoken to. If empty, defaults to
	// [StreamableHTTP].
	Transport Transport
	// Headers are sent with every request, such as Authorization. The headers of
	// front ends are not: all users share the session.
	Headers map[string]string
	// ConnectTimeout limits connecting and listing, each. A server that takes
	// longer is left out of the run. If zero, defaults to 5 s.
	ConnectTimeout time.Duration
	// CallTimeout limits one call of a tool; the model is told that the server did
	// not answer. If zero, defaults to 5 minutes. If negative, there is none: then
	// a server that hangs keeps the thread busy until somebody stops the run, or the
	// platform's time limit ends it.
	CallTimeout time.Duration
	// RetryAfter is how long a server that failed isn't asked again, so that it
	// doesn't hold up every run. If zero, defaults to 10 s; if negative, the next
	// run asks again.
	RetryAfter time.Duration
	// MaxAge is how long a list of tools is trusted: a function that was frozen
	// meanwhile may have missed that it has changed. If zero, defaults to 5
	// minutes.
	MaxAge time.Duration
	// HTTPClient makes the requests. If nil, defaults to one that follows
	// redirects within the same host only, so that headers reach nobody else.
	HTTPClient *http.Client
	// Logger gets what the runs aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Server is an MCP server as a source of tools. It is safe for concurrent use;
// all runs share one session.
type Server struct {
	config    Config
	transport func() mcp.Transport
	secrets   outbound.Secrets

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

// errClosed is what calls fail with after Close.
var errClosed = errors.New("mcp server is closed")

// New returns a server. It checks the configuration, but does not connect.
func New(config Config) (*Server, error) {
	address, err := outbound.ParseURL(config.URL)
	if err != nil {
		return nil, fmt.Errorf("mcp server: URL %w", err)
	}
	if config.Name == "" {
		config.Name = address.Host
	}
	header, err := outbound.NewHeader(config.Headers)
	if err != nil {
		return nil, fmt.Errorf("mcp server %s: %w", config.Name, err)
	}
	if config.HTTPClient == nil {
		config.HTTPClient = outbound.NewClient()
	}
	client := newTransport(config.HTTPClient, header)
	server := &Server{config: withDefaults(config), secrets: outbound.NewSecrets(header, address)}
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
	if config.CallTimeout == 0 {
		config.CallTimeout = outbound.DefaultTimeout
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
		// Not with the run's own context: the others share the listing, and must
		// get their tools when this run is stopped.
		go s.build(context.WithoutCancel(ctx), s.building)
	}
	building := s.building
	s.mu.Unlock()
	select {
	case <-building.done:
		// Even if the list has changed again meanwhile: a server that always says so
		// would be asked for ever.
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

// fresh reports whether the cached tools can be used. The caller holds mu.
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
		err = fmt.Errorf("mcp server %s: %w", s.config.Name, s.secrets.Redact(err))
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
		tools, err := s.listTools(ctx, current)
		if err == nil {
			return current, tools, nil
		}
		s.config.Logger.InfoContext(ctx, "mcp session is gone, connecting again", "server", s.config.Name, "error", s.secrets.Redact(err))
		current.close()
	}
	fresh, err := connect(ctx, s.transport(), s.config)
	if err != nil {
		return nil, nil, err
	}
	tools, err := s.listTools(ctx, fresh)
	if err != nil {
		fresh.close()
		return nil, nil, err
	}
	return fresh, tools, nil
}

func (s *Server) listTools(ctx context.Context, session *session) ([]agent.ServerTool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer cancel()
	return listTools(ctx, session.client, caller{s.call, s.secrets})
}

// call calls a tool in the current session. A server that has forgotten the
// session has done nothing, so the call is made again in a new one.
func (s *Server) call(run context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	ctx := run
	if limit := s.config.CallTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(run, limit)
		defer cancel()
	}
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
		if run.Err() == nil {
			// Whatever broke, the next run lists again.
			session.stale.Store(true)
		}
		if attempt > 0 || !errors.Is(err, mcp.ErrSessionMissing) {
			return nil, err
		}
	}
}
