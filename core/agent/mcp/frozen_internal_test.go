package mcp

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/test/pipetest"
)

// A run is stopped while its tools are listed, and the instance is frozen before that ends.
func TestAListingThatWasFrozenHoldsUpNoRun(t *testing.T) {
	for name, fails := range map[string]bool{"it still waits": false, "it fails first": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := pipetest.Listen()
				offering := sdk.NewServer(&sdk.Implementation{Name: "test", Version: "1"}, nil)
				offering.AddTool(&sdk.Tool{Name: "tool", InputSchema: map[string]any{"type": "object"}}, nil)
				handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return offering }, nil)
				var asked atomic.Bool
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !asked.Swap(true) {
						_, _ = io.Copy(io.Discard, r.Body)
						<-r.Context().Done() // no answer
						return
					}
					handler.ServeHTTP(w, r)
				})}
				go server.Serve(listener)
				defer server.Close()
				transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return listener.Dial(), nil }}
				defer transport.CloseIdleConnections()
				tools, err := New(Config{URL: "http://mcp.example/mcp", HTTPClient: &http.Client{Transport: transport}})
				if err != nil {
					t.Fatal(err)
				}
				defer tools.Close()
				stopped, stop := context.WithTimeout(t.Context(), time.Second)
				defer stop()
				if _, err := tools.Tools(stopped); err == nil {
					t.Fatal("a server that doesn't answer has tools")
				}
				c := tools.shared
				c.mu.Lock()
				c.building.begun = c.building.begun.Add(-time.Hour)
				c.mu.Unlock()
				if fails {
					time.Sleep(5 * time.Second)
				}
				begun := time.Now()
				listed, err := tools.Tools(t.Context())
				if took := time.Since(begun); err != nil || len(listed) != 1 || took > 0 {
					t.Errorf("%d tools after %v, %v", len(listed), took, err)
				}
			})
		})
	}
}
