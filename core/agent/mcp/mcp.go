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
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
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
	// OAuth gets the access tokens that requests are sent with. Neither Headers nor URL
	// may have an Authorization then. If nil, there are none.
	OAuth *OAuth
	// ForwardAuthorization sends the server the Authorization of the front end's
	// request, if the runtime's policy lets it through and neither Headers, URL nor OAuth
	// have one. The server can then act as the caller, so it must be trusted to. Sessions,
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
	// nil, or if it has no Transport, the server isn't connected to at link-local addresses
	// and those of a cloud's metadata, unless URL has one as its host: names can be
	// resolved to them by whoever controls the name.
	HTTPClient *http.Client
	// Logger gets what the runs aren't told. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// OAuth says where a server's access tokens come from: from its authorization server,
// for this program as a client of its own (RFC 6749, section 4.4). A token is kept for
// all sessions, and replaced ahead of its end or once the server refuses it. TokenURL,
// ClientID and ClientSecret are required.
//
// The token endpoint isn't asked of the MCP server: it could name any, and be sent the
// secret.
type OAuth struct {
	// TokenURL is the token endpoint.
	TokenURL string
	// ClientID and ClientSecret are sent by HTTP Basic authentication.
	ClientID     string
	ClientSecret string
	// Scopes, Audience and Resource are what the tokens are to be good for, as the
	// authorization server wants it said. If empty, they are left out.
	Scopes   []string
	Audience string
	Resource string
}

// Server is an MCP server as a source of tools. It is safe for concurrent use.
type Server struct {
	config Config
	remote *mcpclient.Server
	// shared is all callers' connection; nil where each has one of sessions.
	shared   *connection
	sessions *sessions
}

var _ agent.ToolSource = (*Server)(nil)

// errClosed is what calls fail with after Close.
var errClosed = errors.New("mcp server is closed")

// New returns a server. It checks the configuration, but does not connect.
func New(config Config) (*Server, error) {
	switch config.Transport {
	case "", StreamableHTTP, SSE:
	default:
		return nil, fmt.Errorf("mcp server %s: unknown transport %q (known are %q and %q)", config.Name, config.Transport, StreamableHTTP, SSE)
	}
	if config.MaxSessions < 0 || config.SessionIdle < 0 {
		return nil, fmt.Errorf("mcp server %s: MaxSessions and SessionIdle can't be negative", config.Name)
	}
	config = withDefaults(config)
	remote, err := mcpclient.New(mcpclient.Config{
		Name: config.Name, URL: config.URL, SSE: config.Transport == SSE, Headers: config.Headers, OAuth: (*mcpclient.OAuth)(config.OAuth),
		ConnectTimeout: config.ConnectTimeout, HTTPClient: config.HTTPClient,
	})
	if err != nil {
		return nil, err
	}
	config.Name = remote.Name
	s := &Server{config: config, remote: remote}
	if config.ForwardAuthorization && !remote.Authorizes() {
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
	held, err := s.sessions.acquire(ctx, mcpclient.CallerOf(ctx))
	if err != nil {
		return nil, err
	}
	defer s.sessions.release(held)
	return held.connection.tools(ctx)
}

// Close ends the sessions, after the calls that are under way. Tools then fails.
func (s *Server) Close() error {
	defer s.remote.Close()
	if s.shared != nil {
		return s.shared.close()
	}
	return s.sessions.close()
}
