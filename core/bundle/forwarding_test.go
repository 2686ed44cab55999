package bundle_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func TestWhoGetsTheCallersAuthorization(t *testing.T) {
	const token = "Bearer callers-token"
	tests := map[string]struct {
		env  []string
		want string
	}{
		"nobody in production":             {nil, ""},
		"remote agents in development":     {[]string{"COPILOTKIT_ENV=development"}, "a b"},
		"nobody where it is off":           {[]string{"COPILOTKIT_ENV=development", "COPILOTKIT_FORWARD_AUTHORIZATION=off"}, ""},
		"one agent":                        {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=b"}, "b"},
		"one agent in development":         {[]string{"COPILOTKIT_ENV=development", "COPILOTKIT_FORWARD_AUTHORIZATION=b"}, "b"},
		"all agents":                       {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=*"}, "a b"},
		"one MCP server":                   {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=docs"}, "docs"},
		"an agent and an MCP server":       {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=docs, a"}, "a docs"},
		"all agents and one MCP server":    {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=*,docs"}, "a b docs"},
		"whoever has a name that is twice": {[]string{"COPILOTKIT_FORWARD_AUTHORIZATION=both"}, "agent-both both"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			got := map[string]bool{}
			asked := map[string]bool{}
			tools := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server {
				return sdk.NewServer(&sdk.Implementation{Name: "tools", Version: "1"}, nil)
			}, nil)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				name := strings.Trim(r.URL.Path, "/")
				if strings.HasPrefix(name, "model/") {
					w.WriteHeader(http.StatusUnauthorized) // the tools are listed before
					return
				}
				mu.Lock()
				asked[name] = true
				if r.Header.Get("Authorization") == token {
					got[name] = true
				}
				mu.Unlock()
				if name == "docs" || name == "wiki" || name == "both" {
					tools.ServeHTTP(w, r)
				}
			}))
			defer server.Close()
			runtime, err := bundle.New(t.Context(), env(append(test.env, "OPENAI_API_KEY=sk-1", "OPENAI_BASE_URL="+server.URL+"/model",
				fmt.Sprintf("COPILOTKIT_AGENTS=a=%[1]s/a,b=%[1]s/b,both=%[1]s/agent-both", server.URL),
				fmt.Sprintf("COPILOTKIT_MCP_SERVERS=docs=%[1]s/docs,wiki=%[1]s/wiki,both=%[1]s/both", server.URL))...))
			if err != nil {
				t.Fatal(err)
			}
			defer runtime.Close()
			for _, agent := range []string{"a", "b", "both", "default"} {
				run := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/api/copilotkit/agent/"+agent+"/run", strings.NewReader(
					`{"threadId":"t`+agent+`","runId":"r","state":{},"messages":[{"id":"1","role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{}}`))
				run.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {token}}
				runtime.ServeHTTP(httptest.NewRecorder(), run)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(asked) != 6 {
				t.Errorf("only %v were asked", asked)
			}
			var names []string
			for name := range got {
				names = append(names, name)
			}
			slices.Sort(names)
			want := test.want
			if strings.HasPrefix(want, "a b") {
				want = strings.Replace(want, "a b", "a agent-both b", 1) // all agents
			}
			if strings.Join(names, " ") != want {
				t.Errorf("the token went to %v, want %s", names, want)
			}
		})
	}
}

func TestForwardingThatHasNoEffectIsAnError(t *testing.T) {
	for name, entries := range map[string][]string{
		"to an agent with a header of its own":      {`COPILOTKIT_AGENTS={"a":{"url":"http://a","headers":{"authorization":"Bearer hunter22"}}}`},
		"to an agent with a user in its URL":        {"COPILOTKIT_AGENTS=a=http://u:hunter22@a"},
		"to an MCP server with a header of its own": {`COPILOTKIT_MCP_SERVERS={"a":{"url":"http://a","headers":{"Authorization":"Bearer hunter22"}}}`},
		"to an MCP server with a user in its URL":   {"COPILOTKIT_MCP_SERVERS=a=http://u:hunter22@a"},
	} {
		_, err := bundle.Read(env(append(entries, "COPILOTKIT_FORWARD_AUTHORIZATION=a")...), nil)
		envErr, ok := errors.AsType[*bundle.EnvError](err)
		if !ok || envErr.Name != "COPILOTKIT_FORWARD_AUTHORIZATION" || !strings.Contains(err.Error(), "which wins") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := bundle.Read(env(append(entries, "COPILOTKIT_FORWARD_AUTHORIZATION=*")...), nil); err != nil {
			t.Errorf("%s by *: got %v", name, err)
		}
	}
}
