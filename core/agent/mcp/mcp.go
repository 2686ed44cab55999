// Package mcp is a source of tools: those of MCP servers, over streamable HTTP or
// the older SSE transport.
//
// A [Server] connects when its tools are first asked for, and keeps the session
// and the list of tools for the runs that follow, until the server says that
// the list has changed, the list is older than MaxAge, or the session breaks.
//
// All runs share that session, unless [Config.ForwardAuthorization] is set: then each
// caller has a session of its own, in which the server sees the caller's token.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
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
	// Headers are sent with every request, such as Authorization. If nil, there are
	// none.
	Headers map[string]string
	// ForwardAuthorization sends the server the Authorization of the front end's
	// request, if the runtime's policy lets it through and neither Headers nor URL have
	// one. The server can then act as the caller, so it must be trusted to. Sessions,
	// with their tools, are then each caller's own: of one user with one token. Requests
	// that nobody identifies and that have no token share one without any. Defaults to
	// false: no header of a front end is sent, and all callers share one session.
	ForwardAuthorization bool
	// MaxSessions is how many sessions there are at once with ForwardAuthorization. For
	// another caller the one that was used least recently is closed; while all are
	// in use, the caller waits for ConnectTimeout, and does without the server then. If
	// zero, defaults to 100.
	MaxSessions int
	// SessionIdle is how long such a session is kept unused. If zero, defaults to 10
	// minutes.
	SessionIdle time.Duration
	// ConnectTimeout limits connecting and listing, each. A server that takes
	// longer is left out of the run. If zero, defaults to 5 s.
	ConnectTimeout time.Duration
	// CallTimeout limits one call of a tool; the model is told that the server did
	// not answer. If zero, defaults to 5 minutes. If negative, there is none: then
	// a server that hangs keeps the thread busy until somebody stops the run, or the
	// platform's time limit ends it.
	CallTimeout time.Duration
	// RetryAfter is how long a server that failed isn't asked again, so that it
	// doesn't hold up every run. With ForwardAuthorization it is for the caller alone
	// for whom it failed. If zero, defaults to 10 s; if negative, the next run asks
	// again.
	RetryAfter time.Duration
	// MaxAge is how long a list of tools is trusted: a function that was frozen
	// meanwhile may have missed that it has changed. If zero, defaults to 5
	// minutes.
	MaxAge time.Duration
	// HTTPClient makes the requests. Redirects are only followed within the same
	// scheme, host and port, whatever it says, so that headers reach nobody else. If
	// nil, defaults to a plain one.
	HTTPClient *http.Client
	// Logger gets what the runs aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Server is an MCP server as a source of tools. It is safe for concurrent use.
type Server struct {
	config   Config
	endpoint *url.URL
	header   http.Header
	secrets  outbound.Secrets
	// shared is all callers' connection; nil where each has one of sessions.
	shared   *connection
	sessions *sessions
}

var _ agent.ToolSource = (*Server)(nil)

// errClosed is what calls fail with after Close.
var errClosed = errors.New("mcp server is closed")

// New returns a server. It checks the configuration, but does not connect.
func New(config Config) (*Server, error) {
	endpoint, err := outbound.ParseURL(config.URL)
	if err != nil {
		return nil, fmt.Errorf("mcp server: URL %w", err)
	}
	if config.Name == "" {
		config.Name = endpoint.Host
	}
	header, err := outbound.NewHeader(config.Headers)
	if err != nil {
		return nil, fmt.Errorf("mcp server %s: %w", config.Name, err)
	}
	switch config.Transport {
	case "", StreamableHTTP, SSE:
	default:
		return nil, fmt.Errorf("mcp server %s: unknown transport %q (known are %q and %q)", config.Name, config.Transport, StreamableHTTP, SSE)
	}
	if config.MaxSessions < 0 || config.SessionIdle < 0 {
		return nil, fmt.Errorf("mcp server %s: MaxSessions and SessionIdle can't be negative", config.Name)
	}
	s := &Server{config: withDefaults(config), endpoint: endpoint, header: header, secrets: outbound.NewSecrets(header, endpoint)}
	if config.ForwardAuthorization && header["Authorization"] == nil && endpoint.User == nil {
		s.sessions = newSessions(s)
	} else {
		s.shared = newConnection(s, "")
		s.shared.callTool = s.shared.call
	}
	return s, nil
}

func withDefaults(config Config) Config {
	if config.MaxSessions == 0 {
		config.MaxSessions = 100
	}
	if config.SessionIdle == 0 {
		config.SessionIdle = 10 * time.Minute
	}
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
	if config.HTTPClient == nil {
		config.HTTPClient = new(http.Client)
	}
	config.HTTPClient = outbound.Guard(config.HTTPClient)
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return config
}

// Tools returns the server's tools, from the cache where it can. Concurrent
// calls share one connection and one listing. It fails within ConnectTimeout
// when the server is down, slow or wrong, and at once for RetryAfter after that.
func (s *Server) Tools(ctx context.Context) ([]agent.ServerTool, error) {
	if s.shared != nil {
		return s.shared.tools(ctx)
	}
	held, err := s.sessions.acquire(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	defer s.sessions.release(held)
	return held.connection.tools(ctx)
}

// Close ends the sessions, after the calls that are under way. Tools then fails.
func (s *Server) Close() error {
	if s.shared != nil {
		return s.shared.close()
	}
	return s.sessions.close()
}

// newTransport returns a transport of the server for one session.
func (s *Server) newTransport(client *http.Client) mcp.Transport {
	if s.config.Transport == SSE {
		return &mcp.SSEClientTransport{Endpoint: s.config.URL, HTTPClient: client}
	}
	return &mcp.StreamableClientTransport{Endpoint: s.config.URL, HTTPClient: client}
}
