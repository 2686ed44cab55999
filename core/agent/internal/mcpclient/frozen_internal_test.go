package mcpclient

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/test/pipetest"
)

// The server closes all connections while the instance is frozen, that of the stream in
// which it speaks unasked, too.
func TestAnInstanceThatWasFrozenCallsItsTools(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS() // for its certificate
	certificates := certified.TLS.Certificates
	certified.Close()
	for name, protocol := range map[string]string{"HTTP/1.1": "http/1.1", "HTTP/2": "h2"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := pipetest.Listen()
				offering := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
				calls := 0
				mcp.AddTool(offering, &mcp.Tool{Name: "count"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
					calls++
					return nil, nil, nil
				})
				server := &http.Server{
					TLSConfig: &tls.Config{Certificates: certificates, NextProtos: []string{protocol}},
					Handler:   mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return offering }, nil),
				}
				go server.ServeTLS(listener, "", "")
				defer server.Close()
				s, err := New(Config{URL: "https://mcp.example/mcp", ConnectTimeout: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				var mu sync.Mutex
				var connections []*pipetest.Frozen
				dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
					connection := &pipetest.Frozen{Conn: listener.Dial()}
					mu.Lock()
					connections = append(connections, connection)
					mu.Unlock()
					conn := tls.Client(connection, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
					return conn, conn.HandshakeContext(ctx)
				}
				s.idle.Transport.DialTLSContext, s.streaming.DialTLSContext = dial, dial
				session, err := s.Connect(t.Context(), "", func() {})
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				for want := range 3 {
					begun := time.Now()
					if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "count", Arguments: struct{}{}}); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(begun); took > 0 || calls != want+1 {
						t.Errorf("%d calls, the last one took %v", calls, took)
					}
					synctest.Wait() // for the connection to be idle
					for _, connection := range connections {
						connection.Gone.Store(true)
					}
					time.Sleep(5 * time.Second)
				}
			})
		})
	}
}
