package mcp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

func TestACallThatTakesTooLongIsGivenUp(t *testing.T) {
	process := startProcess(t, "127.0.0.1:0")
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		server := newServer(t, mcp.Config{URL: process.url(transport), Transport: transport, CallTimeout: 200 * time.Millisecond})
		hang := find(t, list(t, server), "hang")
		began := time.Now()
		_, err := hang.Call(t.Context(), json.RawMessage(`{}`))
		if err == nil || err.Error() != "the server of tool hang did not answer" || time.Since(began) > 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		call(t, find(t, list(t, server), "add"), `{"a":1,"b":1}`)
	})
}

// The answer to one method is larger than anything a tool may say.
func TestAnEndlessAnswerIsGivenUp(t *testing.T) {
	shared := newSDKServer()
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return shared }, nil)
	for _, method := range []string{"initialize", "tools/list", "tools/call"} {
		t.Run(method, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				if !strings.Contains(string(body), `"`+method+`"`) {
					r.Body = io.NopCloser(bytes.NewReader(body))
					handler.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				for piece := bytes.Repeat([]byte("[ "), 1<<15); err == nil; {
					_, err = w.Write(piece)
				}
			}))
			t.Cleanup(web.Close)
			server := newServer(t, mcp.Config{URL: web.URL, ConnectTimeout: time.Minute})
			tools, err := server.Tools(t.Context())
			if method == "tools/call" {
				if err != nil {
					t.Fatal(err)
				}
				_, err = find(t, tools, "add").Call(t.Context(), json.RawMessage(`{"a":1,"b":2}`))
			}
			if err == nil {
				t.Error("no error")
			}
		})
	}
}
