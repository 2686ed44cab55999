package core_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// newApps returns an extension with an application of a real MCP server.
func newApps(t *testing.T) *mcpapps.Extension {
	t.Helper()
	server := sdk.NewServer(&sdk.Implementation{Name: "apps", Version: "1"}, nil)
	server.AddTool(&sdk.Tool{Name: "show", InputSchema: json.RawMessage(`{"type":"object"}`), Meta: sdk.Meta{"ui": map[string]any{"resourceUri": "ui://page"}}},
		func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "shown"}}}, nil
		})
	remote := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{Stateless: true}))
	apps, err := mcpapps.New(mcpapps.Config{Servers: []mcpapps.Server{{URL: remote.URL, ServerID: "app"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		apps.Close()
		remote.Close()
	})
	return apps
}

// caller calls the tool.
var caller = agent.Func(func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		_ = yield(agui.ToolCallStartEvent{ToolCallID: "call", ToolCallName: "show"}, nil) &&
			yield(agui.ToolCallArgsEvent{ToolCallID: "call", Delta: `{"a":1}`}, nil) &&
			yield(agui.ToolCallEndEvent{ToolCallID: "call"}, nil) &&
			yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
	}
})

const ofPage = `{"threadId":"t1","runId":"page","messages":[{"id":"u9","role":"user","content":"unseen"}],"tools":[],"context":[],"state":{},` +
	`"forwardedProps":{"__proxiedMCPRequest":{"serverId":"app","method":"tools/call","params":{"name":"show"}}}}`

func TestACardIsThereAgainOnAnotherInstance(t *testing.T) {
	t.Parallel()
	threads := memory.New(memory.Limits{})
	config := core.Config{Agents: map[string]agent.Agent{"default": caller}, Store: threads, Extensions: []agent.Extension{newApps(t)}}
	first, second := newRuntime(t, config), newRuntime(t, config)
	defer first.Close()
	defer second.Close()
	answer := request{method: "POST", path: "/agent/default/run", body: input}.to(first).Body.String()
	if !strings.Contains(answer, `"activityType":"mcp-apps"`) {
		t.Fatalf("the run answers %s", answer)
	}
	before := get(t.Context(), second, "/threads/t1/messages").Body.String()
	again := request{method: "POST", path: "/agent/default/connect", body: input}.to(second).Body.String()
	for what, text := range map[string]string{"connect": again, "the messages": before} {
		if !strings.Contains(text, `"toolInput":{"a":1}`) || !strings.Contains(text, `"serverId":"app"`) || !strings.Contains(text, `shown`) {
			t.Errorf("%s has no card: %s", what, text)
		}
	}
	// What the page asks for adds nothing to the thread.
	asked := request{method: "POST", path: "/agent/default/run", body: ofPage}.to(second).Body.String()
	if !strings.Contains(asked, `"result":{"content":[{"type":"text","text":"shown"}]}`) || !strings.Contains(asked, `"threadId":"t1","runId":"page"`) {
		t.Errorf("the page is answered %s", asked)
	}
	if after := get(t.Context(), first, "/threads/t1/messages").Body.String(); after != before {
		t.Errorf("the messages were\n%s\nand are\n%s", before, after)
	}
	if events := get(t.Context(), first, "/threads/t1/events").Body.String(); strings.Contains(events, `"page"`) {
		t.Errorf("the thread has the page's run: %s", events)
	}
}

func TestThePageOfABusyThreadIsAnswered(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	busy := agent.Func(func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			close(begun)
			<-release
			yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
		}
	})
	runtime := newRuntime(t, core.Config{Agents: map[string]agent.Agent{"default": busy}, Extensions: []agent.Extension{newApps(t)}})
	defer runtime.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		request{method: "POST", path: "/agent/default/run", body: input}.to(runtime)
	}()
	<-begun
	if asked := (request{method: "POST", path: "/agent/default/run", body: ofPage}).to(runtime).Body.String(); !strings.Contains(asked, "shown") {
		t.Errorf("the page is answered %s", asked)
	}
	close(release)
	<-done
}

func TestRequestsOfPagesCountAsRuns(t *testing.T) {
	t.Parallel()
	runtime := newRuntime(t, core.Config{
		Agents: map[string]agent.Agent{"default": caller}, Extensions: []agent.Extension{newApps(t)}, Limits: core.Limits{RunsPerMinute: 1},
	})
	defer runtime.Close()
	ask := func(path string) *httptest.ResponseRecorder {
		return request{method: "POST", path: path, body: ofPage}.to(runtime)
	}
	if answer := ask("/agent/nobody/run"); answer.Code != http.StatusNotFound {
		t.Errorf("an unknown agent's: %d %s", answer.Code, answer.Body)
	}
	if answer := ask("/agent/default/run"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "shown") {
		t.Errorf("the first: %d %s", answer.Code, answer.Body)
	}
	if answer := ask("/agent/default/run"); answer.Code != http.StatusTooManyRequests {
		t.Errorf("the second: %d %s", answer.Code, answer.Body)
	}
}
