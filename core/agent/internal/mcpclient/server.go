// Package mcpclient opens sessions with MCP servers, over streamable HTTP or the older
// SSE transport: what the packages have in common that offer their tools to models, and
// their applications to front ends.
//
// A server is only ever spoken to at its configured host. A name that is resolved to a
// platform's own address isn't connected to, answers are bounded, and tokens of its
// authorization server are kept for all sessions.
package mcpclient

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Config says where a server is. All fields but URL and ConnectTimeout may be zero.
type Config struct {
	// Name stands for the server in errors. If empty, defaults to the host of URL.
	Name string
	// URL is the server's endpoint.
	URL string
	// SSE speaks the transport that MCP had until 2025.
	SSE bool
	// Headers are sent with every request.
	Headers map[string]string
	// OAuth gets an access token for every request. If nil, there is none.
	OAuth *OAuth
	// Capabilities are what servers are told that this client can do. If nil, nothing.
	Capabilities *mcp.ClientCapabilities
	// ConnectTimeout limits connecting.
	ConnectTimeout time.Duration
	// EndTimeout limits the request that ends a session. If zero, it is the SDK's limit.
	EndTimeout time.Duration
	// MaxAnswer bounds one answer, in bytes. If zero, defaults to [MaxAnswer].
	MaxAnswer int
	// MaxSession bounds all that a server sends in a session. If zero, there is no limit.
	MaxSession int64
	// Brief sessions are without the stream in which a server speaks unasked.
	Brief bool
	// NoRedirects refuses all redirects, not only those to other hosts.
	NoRedirects bool
	// HTTPClient makes the requests. If nil, or if it has no transport, addresses are
	// checked as [outbound.NewTransport] does.
	HTTPClient *http.Client
}

// MaxAnswer is how much one answer of a server may have unless it is configured, in
// bytes.
const MaxAnswer = 16 << 20

// Server is an MCP server. It is safe for concurrent use.
type Server struct {
	Config
	// Endpoint is the URL.
	Endpoint *url.URL

	// secrets are what a log must not show of the configuration, credentials what nobody
	// is to have of it.
	secrets, credentials outbound.Secrets

	header http.Header
	tokens *tokens // nil without OAuth
	client http.Client
	// idle are those of what New made, none where the caller brought a transport. What
	// servers send unasked comes by streaming, for each session over a connection of its own:
	// on one that it shares by HTTP/2, the others would never be idle.
	idle      outbound.Connections
	streaming *http.Transport
	// version is the protocol's version that the last session had, if it is one before
	// that in which clients ask first which there are: the question is then spared.
	version atomic.Pointer[string]
}

// New returns a server. It checks the configuration, but does not connect.
func New(config Config) (*Server, error) {
	endpoint, err := outbound.ParseURL(config.URL)
	if err != nil {
		return nil, fmt.Errorf("mcp server: URL %w", err)
	}
	config.Name = cmp.Or(config.Name, endpoint.Host)
	config.MaxAnswer = cmp.Or(config.MaxAnswer, MaxAnswer)
	s := &Server{Config: config, Endpoint: endpoint}
	if s.header, err = outbound.NewHeader(config.Headers); err != nil {
		return nil, fmt.Errorf("mcp server %s: %w", config.Name, err)
	}
	s.secrets, s.credentials = outbound.NewSecrets(s.header, endpoint), outbound.Credentials(s.header, endpoint)
	if config.OAuth != nil {
		if s.authorizes() {
			return nil, fmt.Errorf("mcp server %s: it has an Authorization of its own beside OAuth", config.Name)
		}
		if s.tokens, err = newTokens(*config.OAuth); err != nil {
			return nil, fmt.Errorf("mcp server %s: OAuth: %w", config.Name, err)
		}
		s.secrets = s.secrets.WithTexts(config.OAuth.ClientSecret)
	}
	client := config.HTTPClient
	if client == nil {
		client = new(http.Client)
	}
	s.client = *outbound.Guard(client)
	if s.client.Transport == nil {
		s.idle.Transport = outbound.NewTransport(endpoint)
		s.client.Transport = s.idle.Transport
		s.streaming = s.idle.Transport.Clone()
		s.streaming.DisableKeepAlives = true
	}
	if config.NoRedirects {
		s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return outbound.ErrRedirect }
	}
	return s, nil
}

// Authorizes reports whether requests have an Authorization without that of a caller.
func (s *Server) Authorizes() bool { return s.tokens != nil || s.authorizes() }

func (s *Server) authorizes() bool { return s.header["Authorization"] != nil || s.Endpoint.User != nil }

// Secrets returns what a log must not show of requests with a caller's Authorization,
// which may be empty.
func (s *Server) Secrets(authorization string) outbound.Secrets {
	return s.with(s.secrets, authorization)
}

// Credentials returns what a result must not have of them: a server that quotes its
// requests would tell a thread, a model or a page how to be the runtime or its user.
func (s *Server) Credentials(authorization string) outbound.Secrets {
	credentials := s.with(s.credentials, authorization)
	return credentials.WithTexts(credentials...) // as JSON has them
}

// with returns secrets with a caller's Authorization and the latest access token.
func (s *Server) with(secrets outbound.Secrets, authorization string) outbound.Secrets {
	if authorization != "" {
		secrets = secrets.With(http.Header{"Authorization": {authorization}})
	}
	if s.tokens != nil {
		if access := s.tokens.latest.Load(); access != nil {
			secrets = secrets.WithTexts(*access)
		}
	}
	return secrets
}

// Close closes idle outbound.Connections. Sessions are closed before.
func (s *Server) Close() {
	s.idle.Close()
	if s.tokens != nil {
		s.tokens.close()
	}
}

// newTransport returns a transport of the server for one session.
func (s *Server) newTransport(client *http.Client) mcp.Transport {
	if s.SSE {
		return &mcp.SSEClientTransport{Endpoint: s.URL, HTTPClient: client, MaxEventSize: s.MaxAnswer}
	}
	transport := &mcp.StreamableClientTransport{Endpoint: s.URL, HTTPClient: client, MaxEventSize: s.MaxAnswer, DisableStandaloneSSE: s.Brief}
	if s.Brief {
		transport.MaxRetries = -1
	}
	return transport
}

// ErrDenied means that a server no longer accepts a caller's Authorization.
var ErrDenied = errors.New("the server answered with status 401")
