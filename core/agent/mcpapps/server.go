package mcpapps

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// What a server may send in one session, and in one of its answers, in bytes, and how
// long it may take to end a session.
const (
	maxAnswer  = 8 << 20
	maxSession = maxAnswer + 1<<20
	endTimeout = time.Second
)

// server is a configured server.
type server struct {
	remote            *mcpclient.Server
	id, hash, agentID string
	forwards          bool
	callTimeout       time.Duration
	logger            *slog.Logger
	lists             lists
}

func newServer(config Server, shared Config) (*server, error) {
	transport := cmp.Or(config.Transport, mcp.StreamableHTTP)
	if transport != mcp.StreamableHTTP && transport != mcp.SSE {
		return nil, fmt.Errorf("unknown transport %q (known are %q and %q)", transport, mcp.StreamableHTTP, mcp.SSE)
	}
	remote, err := mcpclient.New(mcpclient.Config{
		Name: config.ServerID, URL: config.URL, SSE: transport == mcp.SSE, Headers: config.Headers, OAuth: (*mcpclient.OAuth)(config.OAuth),
		Capabilities: &sdk.ClientCapabilities{Extensions: map[string]any{
			"io.modelcontextprotocol/ui": map[string]any{"mimeTypes": []string{"text/html;profile=mcp-app"}},
		}},
		ConnectTimeout: shared.ConnectTimeout, EndTimeout: endTimeout,
		MaxAnswer: maxAnswer, MaxSession: maxSession,
		Brief: true, NoRedirects: true, HTTPClient: config.HTTPClient,
	})
	if err != nil {
		return nil, err
	}
	if remote.Endpoint.User != nil {
		return nil, errors.New("the URL must not have a user; use a header")
	}
	s := &server{
		remote: remote, id: config.ServerID, hash: hashOf(transport, config.URL), agentID: config.AgentID,
		forwards:    config.ForwardAuthorization && !remote.Authorizes(),
		callTimeout: shared.CallTimeout, logger: shared.Logger.With("server", remote.Name),
	}
	s.lists = lists{list: s.list, timeout: shared.ConnectTimeout, maxAge: shared.MaxAge, retryAfter: shared.RetryAfter}
	return s, nil
}

// hashOf returns what cards know a server by, as the reference computes it.
func hashOf(transport mcp.Transport, url string) string {
	text := jsonscan.AppendString([]byte(`{"type":"`+string(transport)+`","url":`), url)
	sum := md5.Sum(append(text, '}'))
	return hex.EncodeToString(sum[:])
}

// caller returns who calls, as far as the server can tell.
func (s *server) caller(ctx context.Context) mcpclient.Caller {
	if !s.forwards {
		return mcpclient.Caller{}
	}
	return mcpclient.CallerOf(ctx)
}

// list asks for the tools in a session of its own.
func (s *server) list(ctx context.Context, caller mcpclient.Caller) ([]mcpclient.Tool, error) {
	session, err := s.remote.Connect(ctx, caller.Authorization, nil)
	if err != nil {
		return nil, s.secrets(caller).Redact(err)
	}
	defer session.Close()
	tools, err := mcpclient.ListTools(ctx, session.ClientSession)
	credentials := s.remote.Credentials(caller.Authorization)
	for i := range tools {
		tools[i].Description = credentials.Mask(tools[i].Description)
		tools[i].Parameters = mcpclient.Mask(credentials, tools[i].Parameters)
	}
	return tools, s.secrets(caller).Redact(err)
}

// secrets are what a log must not show.
func (s *server) secrets(caller mcpclient.Caller) outbound.Secrets {
	return s.remote.Secrets(caller.Authorization)
}

// do calls an operation in a session of its own, within the server's time limit, and
// returns the result as JSON, without credentials of its request. The session is ended in a
// goroutine of ending. Its errors are for the log.
func (s *server) do(ctx context.Context, ending *sync.WaitGroup, operation func(context.Context, *mcpclient.Session) (any, error)) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, s.callTimeout)
	defer cancel()
	caller := s.caller(ctx)
	session, err := s.remote.Connect(ctx, caller.Authorization, nil)
	if err != nil {
		return nil, s.secrets(caller).Redact(err)
	}
	defer ending.Go(func() { session.Close() })
	result, err := operation(ctx, session)
	if err != nil {
		return nil, s.secrets(caller).Redact(err)
	}
	return mcpclient.Encode(result, s.remote.Credentials(caller.Authorization))
}

func (s *server) close() {
	s.lists.close()
	s.remote.Close()
}
