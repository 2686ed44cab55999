package hostile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// A server that fails when it is connected to, or asked for its tools, is left out of
// the run; a call that fails has a result that says so.
func TestAHostileMCPServerEndsNoRunBadly(t *testing.T) {
	t.Parallel()
	result := frames{
		delta: func(text string) string {
			encoded, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "notifications/message", "params": map[string]any{"level": "info", "data": text}})
			return "event: message\ndata: " + string(encoded) + "\n\n"
		},
	}
	cases := map[string]answer{
		"hangs before its header":         hang,
		"resets before its header":        reset,
		"answers with a page":             page,
		"answers 401":                     jsonError(401),
		"answers 429, come back in 1e10":  jsonError(429, "Retry-After", "1e10"),
		"answers 500 with text":           status(500),
		"answers 500 for ever":            endless500,
		"answers 200 with an error":       jsonError(200),
		"answers endlessly":               stream("", forever("x")),
		"answers JSON without end":        endlessJSON,
		"sends a JSON-RPC error":          rpcError,
		"redirects to another host (302)": away(t, http.StatusFound),
		"redirects to another host (307)": away(t, http.StatusTemporaryRedirect),
	}
	for name, test := range streams(result, "", "", "") {
		cases[strings.TrimPrefix(name, "it ")] = test.answer
	}
	for _, method := range []string{"initialize", "tools/list", "tools/call"} {
		for name, give := range cases {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				provider := agenttest.NewProvider(t, agenttest.Calling("add", `{"a":1,"b":2}`), scriptedmodel.Answer{Text: "done"})
				server := serveMCP(t, method, give)
				address, forward := secretURL(server), "COPILOTKIT_FORWARD_AUTHORIZATION=off"
				if method == "tools/call" {
					// A user in the URL would win over the caller's token.
					address, forward = strings.Replace(address, "user:"+urlPassword+"@", "", 1), "COPILOTKIT_FORWARD_AUTHORIZATION=tools"
				}
				servers, err := json.Marshal(map[string]any{"tools": map[string]any{
					"url": address, "headers": map[string]string{"X-Key": serverToken},
				}})
				if err != nil {
					t.Fatal(err)
				}
				got := run(t, mcpTimeouts, longRun, "OPENAI_API_KEY="+apiKey, "OPENAI_BASE_URL="+provider.URL, "COPILOTKIT_MCP_SERVERS="+string(servers), forward, "COPILOTKIT_PROMPT="+prompt)
				expected{"", "done"}.check(t, got)
				if want := `{"error":`; !strings.HasPrefix(got.result(), want) {
					t.Errorf("the call has the result %.200q", got.result())
				}
			})
		}
	}
}

// serveMCP starts an MCP server with a tool "add" that answers one method in its own
// way.
func serveMCP(t *testing.T, method string, give answer) *httptest.Server {
	t.Helper()
	good := sdk.NewServer(&sdk.Implementation{Name: "good", Version: "1"}, nil)
	sdk.AddTool(good, &sdk.Tool{Name: "add"}, func(_ context.Context, _ *sdk.CallToolRequest, in struct{ A, B int }) (*sdk.CallToolResult, any, error) {
		return nil, map[string]int{"sum": in.A + in.B}, nil
	})
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return good }, nil)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte(`"`+method+`"`)) {
			give(w, r, quote(r, body))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		for session := range good.Sessions() {
			session.Close()
		}
	})
	return server
}

func endlessJSON(w http.ResponseWriter, r *http.Request, quoted string) {
	w.Header().Set("Content-Type", "application/json")
	forever("[ ")(w, r, quoted)
}

// rpcError is the server's own answer, in good form, to whatever was asked first.
func rpcError(w http.ResponseWriter, _ *http.Request, quoted string) {
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "error": map[string]any{"code": -32000, "message": quoted}})
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}
