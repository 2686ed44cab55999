package mcp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// session is one connection to a server.
type session struct {
	client *mcp.ClientSession
	// stale is set when the list of tools must be asked for again.
	stale  atomic.Bool
	cancel context.CancelFunc
}

// connect opens a session. The end of ctx doesn't end it: only the connecting is
// limited, by config.ConnectTimeout.
func connect(ctx context.Context, transport mcp.Transport, config Config) (*session, error) {
	// A deadline on the context would end the session, too.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opened := &session{cancel: cancel}
	timer := time.AfterFunc(config.ConnectTimeout, cancel)
	client := mcp.NewClient(&mcp.Implementation{Name: "copilotkit-go", Version: "1"}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{},
		ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) {
			opened.stale.Store(true)
		},
	})
	var err error
	opened.client, err = client.Connect(ctx, transport, nil)
	if !timer.Stop() && err == nil {
		opened.client.Close()
		err = context.Canceled
	}
	if err != nil {
		timedOut := ctx.Err() != nil
		cancel()
		if timedOut {
			return nil, fmt.Errorf("no answer within %v", config.ConnectTimeout)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	return opened, nil
}

func (s *session) close() error {
	defer s.cancel()
	return s.client.Close()
}

// isAnswer reports whether err is the server's own answer, as opposed to a
// failure to get one.
func isAnswer(err error) bool {
	answer, ok := errors.AsType[*jsonrpc.Error](err)
	return ok && answer.Code != codeRejected && !errors.Is(err, mcp.ErrSessionMissing)
}

// codeRejected is what the SDK's client wraps failures of the transport in; the
// error itself is internal to the SDK.
const codeRejected = -32005
