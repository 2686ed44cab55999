package mcpapps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page is what the tools of the tests show.
const page = "ui://page"

// appServer is a real MCP server with applications. It notes what it is asked.
type appServer struct {
	*httptest.Server
	sdk *sdk.Server

	mu      sync.Mutex
	methods map[string]int
	headers []http.Header
	// begun and ended are sessions.
	begun, ended map[string]bool
}

// tools adds tools to a server.
type tools func(*sdk.Server)

// shows returns a tool with metadata that answers with a text.
func shows(name string, meta map[string]any) tools {
	return answers(name, meta, &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "shown by " + name}}}, nil)
}

// withPage is the metadata of a tool that has a page.
func withPage(visibility ...any) map[string]any {
	ui := map[string]any{"resourceUri": page}
	if visibility != nil {
		ui["visibility"] = visibility
	}
	return map[string]any{"ui": ui}
}

func answers(name string, meta map[string]any, result *sdk.CallToolResult, err error) tools {
	return func(s *sdk.Server) {
		s.AddTool(&sdk.Tool{Name: name, Description: "tool " + name, InputSchema: json.RawMessage(`{"type":"object"}`), Meta: meta},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return result, err })
	}
}

func newAppServer(t *testing.T, add ...tools) *appServer {
	t.Helper()
	s := &appServer{
		sdk:     sdk.NewServer(&sdk.Implementation{Name: "apps", Version: "1"}, &sdk.ServerOptions{PageSize: 3}),
		methods: map[string]int{}, begun: map[string]bool{}, ended: map[string]bool{},
	}
	for _, one := range add {
		one(s.sdk)
	}
	s.sdk.AddResource(&sdk.Resource{URI: page, Name: "page", MIMEType: "text/html;profile=mcp-app"},
		func(_ context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
			return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{
				URI: r.Params.URI, MIMEType: "text/html;profile=mcp-app", Text: `<b title="a & b">\u003c</b>`,
			}}}, nil
		})
	s.sdk.AddResource(&sdk.Resource{URI: "file:///secret", Name: "secret"},
		func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
			return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: "file:///secret", Text: "secret"}}}, nil
		})
	get := func(*http.Request) *sdk.Server { return s.sdk }
	streamable, events := sdk.NewStreamableHTTPHandler(get, nil), sdk.NewSSEHandler(get, nil)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var message struct{ Method string }
		json.Unmarshal(body, &message)
		s.mu.Lock()
		s.methods[message.Method]++
		s.headers = append(s.headers, r.Header.Clone())
		if r.Method == http.MethodDelete {
			s.ended[r.Header.Get("Mcp-Session-Id")] = true
		}
		s.mu.Unlock()
		if r.URL.Path == "/sse" {
			events.ServeHTTP(w, r)
			return
		}
		streamable.ServeHTTP(w, r)
		if id := w.Header().Get("Mcp-Session-Id"); id != "" && message.Method == "initialize" {
			s.mu.Lock()
			s.begun[id] = true
			s.mu.Unlock()
		}
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		for session := range s.sdk.Sessions() {
			session.Close()
		}
	})
	return s
}

func (s *appServer) at(transport mcp.Transport) mcpapps.Server {
	if transport == mcp.SSE {
		return mcpapps.Server{URL: s.URL + "/sse", Transport: transport}
	}
	return mcpapps.Server{URL: s.URL + "/mcp"}
}

// asked returns how often a method was called.
func (s *appServer) asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.methods[method]
}

// open returns how many sessions of the newer transport are open.
func (s *appServer) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := 0
	for id := range s.begun {
		if !s.ended[id] {
			open++
		}
	}
	return open
}

func (s *appServer) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.headers)
}

func newApps(t *testing.T, config mcpapps.Config) *mcpapps.Extension {
	t.Helper()
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	apps, err := mcpapps.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { apps.Close() })
	return apps
}

func appsOf(t *testing.T, servers ...mcpapps.Server) *mcpapps.Extension {
	t.Helper()
	return newApps(t, mcpapps.Config{Servers: servers})
}

// played is an agent that yields events, and notes its input.
type played struct {
	events []agui.Event
	err    error
	input  *agui.RunAgentInput
}

func (p *played) Run(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	p.input = input
	return func(yield func(agui.Event, error) bool) {
		for _, event := range p.events {
			if !yield(event, nil) {
				return
			}
		}
		if p.err != nil {
			yield(nil, p.err)
		}
	}
}

var errAgent = errors.New("the agent failed")

func finished() agui.Event { return agui.RunFinishedEvent{ThreadID: "t", RunID: "r"} }

// calling returns the events of an answer that calls a tool.
func calling(id, name string, arguments ...string) []agui.Event {
	events := []agui.Event{agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: name}}
	for _, delta := range arguments {
		events = append(events, agui.ToolCallArgsEvent{ToolCallID: id, Delta: delta})
	}
	return append(events, agui.ToolCallEndEvent{ToolCallID: id})
}

func input() *agui.RunAgentInput { return &agui.RunAgentInput{ThreadID: "t", RunID: "r"} }

// run runs an agent with the extension, and returns its events as JSON.
func run(ctx context.Context, t *testing.T, apps agent.Extension, inner agent.Agent, input *agui.RunAgentInput) ([]string, error) {
	t.Helper()
	var lines []string
	for event, err := range apps.Extend("default", inner).Run(ctx, input) {
		if err != nil {
			return lines, err
		}
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(encoded.JSON()))
	}
	return lines, nil
}

// offered returns the names of the tools that an agent gets.
func offered(t *testing.T, apps agent.Extension, input *agui.RunAgentInput) []agui.Tool {
	t.Helper()
	inner := &played{events: []agui.Event{finished()}}
	if _, err := run(t.Context(), t, apps, inner, input); err != nil {
		t.Fatal(err)
	}
	return inner.input.Tools
}

func names(tools []agui.Tool) string {
	var all []string
	for _, tool := range tools {
		all = append(all, tool.Name)
	}
	return strings.Join(all, " ")
}

// ask sends the request of a page, and returns the result.
func ask(ctx context.Context, t *testing.T, apps agent.Extension, agentID, request string) string {
	t.Helper()
	in := input()
	in.ForwardedProps = json.RawMessage(`{"__proxiedMCPRequest":` + request + `}`)
	inner := &played{}
	var result string
	for event, err := range apps.Extend(agentID, inner).Run(ctx, in) {
		if err != nil {
			t.Fatal(err)
		}
		if end, ok := event.(agui.RunFinishedEvent); ok {
			result = string(end.Result)
		}
	}
	if inner.input != nil {
		t.Errorf("the agent was asked")
	}
	return result
}

func forBothTransports(t *testing.T, test func(t *testing.T, transport mcp.Transport)) {
	for _, transport := range []mcp.Transport{mcp.StreamableHTTP, mcp.SSE} {
		t.Run(string(transport), func(t *testing.T) { test(t, transport) })
	}
}

// lockedBuilder is what a logger writes to while requests are under way.
type lockedBuilder struct {
	mu      sync.Mutex
	builder strings.Builder
}

func (b *lockedBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builder.Write(p)
}

func (b *lockedBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builder.String()
}
