package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
)

// Session is one connection to a server.
type Session struct {
	*mcp.ClientSession
	// Denied is set if the last message was answered with 401.
	Denied  atomic.Bool
	notices notices
	cancel  context.CancelFunc
}

// Connect opens a session that sends an Authorization, unless it is empty. The end of
// ctx ends the connecting, which is limited by ConnectTimeout, but not the session.
// Changed is called whenever the server says that its tools have changed; nil for
// nothing.
func (s *Server) Connect(ctx context.Context, authorization string, changed func()) (*Session, error) {
	if authorization == "" {
		return s.ConnectWith(ctx, nil, changed)
	}
	return s.ConnectWith(ctx, http.Header{"Authorization": {authorization}}, changed)
}

// ConnectWith does the same with headers that are sent in this session besides those of
// the configuration, of which they take precedence.
func (s *Server) ConnectWith(ctx context.Context, headers http.Header, changed func()) (*Session, error) {
	header := s.header
	if len(headers) > 0 {
		header = agent.MergeHeaders(headers, header)
	}
	// A deadline on the context would end the session, too.
	connecting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opened := &Session{cancel: cancel}
	timer := time.AfterFunc(s.ConnectTimeout, cancel)
	stop := context.AfterFunc(ctx, cancel)
	capabilities := s.Capabilities
	if capabilities == nil {
		capabilities = &mcp.ClientCapabilities{}
	}
	options := &mcp.ClientOptions{Capabilities: capabilities}
	if changed != nil {
		options.ToolListChangedHandler = func(context.Context, *mcp.ToolListChangedRequest) { changed() }
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "copilotkit-go", Version: "1"}, options)
	var err error
	opened.ClientSession, err = client.Connect(connecting, s.newTransport(s.newClient(connecting, header, opened)), s.knownVersion())
	// Whichever of the two has begun to end it has ended it.
	if interrupted := !stop() || !timer.Stop(); interrupted && err == nil {
		opened.ClientSession.Close()
		err = context.Canceled
	}
	if err != nil {
		s.version.Store(nil)
		timedOut := connecting.Err() != nil
		cancel()
		timer.Stop()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case timedOut:
			return nil, fmt.Errorf("no answer within %v", s.ConnectTimeout)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	if result := opened.InitializeResult(); result != nil && result.ProtocolVersion < asking {
		s.version.Store(&result.ProtocolVersion)
	}
	return opened, nil
}

// asking is the first version of the protocol in which clients ask for the versions.
const asking = "2026-07-28"

func (s *Server) knownVersion() *mcp.ClientSessionOptions {
	version := s.version.Load()
	if version == nil {
		return nil
	}
	return &mcp.ClientSessionOptions{ProtocolVersion: *version}
}

// sentKey is the key of a context's *atomic.Bool, which is set when a message is sent.
type sentKey struct{}

// CallTool calls a tool. The server is told if ctx ends before its answer. An error with
// [mcp.ErrSessionMissing] in it means that the call wasn't made, since its session is gone.
func (s *Session) CallTool(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error) {
	var sent atomic.Bool
	result, err := s.ClientSession.CallTool(context.WithValue(ctx, sentKey{}, &sent), params)
	// The SDK gives a session up when the stream in which the server speaks unasked broke too
	// often. It takes servers' own errors of two codes for the same.
	if errors.Is(err, mcp.ErrConnectionClosed) && !sent.Load() {
		return nil, fmt.Errorf("%w: %w", mcp.ErrSessionMissing, err)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		s.notices.add(1)
	}
	return result, err
}

// Close ends the session.
func (s *Session) Close() error {
	defer s.cancel()
	s.notices.wait()
	return s.ClientSession.Close()
}

// IsAnswer reports whether err is the server's own answer, as opposed to a
// failure to get one.
func IsAnswer(err error) bool {
	answer, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && answer.Code != codeRejected && !errors.Is(err, mcp.ErrSessionMissing)
}

// codeRejected is what the SDK's client wraps failures of the transport in; the
// error itself is internal to the SDK.
const codeRejected = -32005
