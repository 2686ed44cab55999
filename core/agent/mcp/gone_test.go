package mcp_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/test/pipetest"
)

// What a server says unasked comes over a connection that proxies cut, as often as an
// instance is frozen. The SDK gives up the session then, and no call in it is ever sent.
func TestACallInASessionThatWasGivenUpIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipetest.Listen()
		offering := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return newSDKServer() }, nil)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
				defer cancel()
				r = r.WithContext(ctx)
			}
			offering.ServeHTTP(w, r)
		})}
		go server.Serve(listener)
		defer server.Close()
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return listener.Dial(), nil }}
		defer transport.CloseIdleConnections()
		tools := newServer(t, mcp.Config{URL: "http://mcp.example/mcp", HTTPClient: &http.Client{Transport: transport}})
		add := find(t, list(t, tools), "add")
		time.Sleep(2 * time.Minute)
		if got := call(t, add, `{"a":1,"b":1}`); !strings.Contains(got, `"sum":2`) {
			t.Errorf("add gave %s", got)
		}
		tools.Close()
	})
}

// An instance that was frozen hasn't noticed yet that its stream is gone.
func TestACallInAForgottenSessionOfTheOlderTransportIsMadeAgain(t *testing.T) {
	handler := func() http.Handler {
		return sdk.NewSSEHandler(func(*http.Request) *sdk.Server { return newSDKServer() }, nil)
	}
	var serving atomic.Pointer[http.Handler]
	restart := func() { fresh := handler(); serving.Store(&fresh) }
	restart()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*serving.Load()).ServeHTTP(w, r) }))
	defer web.Close()
	tools := newServer(t, mcp.Config{URL: web.URL, Transport: mcp.SSE})
	add := find(t, list(t, tools), "add")
	restart()
	if got := call(t, add, `{"a":1,"b":1}`); !strings.Contains(got, `"sum":2`) {
		t.Errorf("add gave %s", got)
	}
	tools.Close()
}

// The SDK knows two codes of a closed connection that servers use for other things.
func TestACallThatTheServerRefusesIsMadeOnce(t *testing.T) {
	for _, code := range []int64{-32003, -32004} {
		calls := 0
		offering := newSDKServer()
		offering.AddTool(&sdk.Tool{Name: "refuse", InputSchema: map[string]any{"type": "object"}}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			calls++
			return nil, &jsonrpc.Error{Code: code, Message: "not for you"}
		})
		web := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return offering }, nil))
		tools := newServer(t, mcp.Config{URL: web.URL})
		if _, err := find(t, list(t, tools), "refuse").Call(t.Context(), json.RawMessage(`{}`)); calls != 1 || err == nil {
			t.Errorf("with %d it was called %d times and failed with %v", code, calls, err)
		}
		tools.Close()
		web.Close()
	}
}
