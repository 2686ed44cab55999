package mcpapps_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
)

// quoting is a tool that answers, or fails, with the headers of its request.
func quoting(name string, fails bool) tools {
	return func(s *sdk.Server) {
		s.AddTool(&sdk.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`), Meta: withPage()},
			func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				headers, err := json.Marshal(r.Extra.Header)
				if err == nil && fails {
					err = errors.New(string(headers))
				}
				return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: string(headers)}}}, err
			})
	}
}

func TestCredentialsThatAServerQuotesReachNobody(t *testing.T) {
	t.Parallel()
	quoter := newAppServer(t, quoting("answer", false), quoting("fail", true))
	authorization := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"sesame-of-oauth","expires_in":3600}`)
	}))
	defer authorization.Close()
	ctx := agent.WithForwardedHeaders(t.Context(), http.Header{"Authorization": {"Bearer sesame-of-the-caller"}})
	for name, change := range map[string]func(*mcpapps.Server){
		"a configured key": func(s *mcpapps.Server) { s.Headers = map[string]string{"X-Api-Key": "sesame-of-the-deployer"} },
		"an access token": func(s *mcpapps.Server) {
			s.OAuth = &mcp.OAuth{TokenURL: authorization.URL, ClientID: "a", ClientSecret: "b"}
		},
		"the caller's token": func(s *mcpapps.Server) { s.ForwardAuthorization = true },
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuilder
			server := quoter.at(mcp.StreamableHTTP)
			server.ServerID = "app"
			change(&server)
			apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{server}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			for _, tool := range []string{"answer", "fail"} {
				lines, err := run(ctx, t, apps, &played{events: append(calling("1", tool), finished())}, input())
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, ask(ctx, t, apps, "default", `{"serverId":"app","method":"tools/call","params":{"name":"`+tool+`"}}`))
				if all := strings.Join(lines, "\n"); strings.Contains(all, "sesame") || tool == "answer" && !strings.Contains(all, "[redacted]") {
					t.Errorf("%s: clients are told\n%s", tool, all)
				}
			}
			if text := log.String(); strings.Contains(text, "sesame") || !strings.Contains(text, "[redacted]") {
				t.Errorf("the log is\n%s", text)
			}
		})
	}
}
