package mcptools_test

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
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcptools"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// key is what the server is configured with.
const key = "Bearer a-key-of-the-project"

// toolServer is a real MCP server. It notes what it is asked.
type toolServer struct {
	*httptest.Server

	mu      sync.Mutex
	headers []http.Header
	// begun and ended are sessions.
	begun, ended map[string]bool
	// arguments are those of calls of "note".
	arguments []string
	// entered is told of calls of "wait", which end when they are cancelled, of which
	// cancelled is told, or the server closes.
	entered, cancelled, closing chan struct{}
}

func newToolServer(t *testing.T) *toolServer {
	t.Helper()
	s := &toolServer{begun: map[string]bool{}, ended: map[string]bool{}, entered: make(chan struct{}, 10), cancelled: make(chan struct{}, 10), closing: make(chan struct{})}
	server := sdk.NewServer(&sdk.Implementation{Name: "tools", Version: "1"}, &sdk.ServerOptions{PageSize: 2})
	add := func(name string, call func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error)) {
		server.AddTool(&sdk.Tool{Name: name, Description: "tool " + name + " " + key, InputSchema: json.RawMessage(`{"type":"object"}`)}, call)
	}
	text := func(text string) *sdk.CallToolResult {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
	}
	add("note", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.arguments = append(s.arguments, string(r.Params.Arguments))
		return text("noted"), nil
	})
	add("echo.key", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return text("you are " + r.Extra.Header.Get("Authorization")), nil
	})
	add("fail", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		result := text("that didn't work")
		result.IsError = true
		return result, nil
	})
	add("refuse", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return nil, errors.New("no, " + r.Extra.Header.Get("Authorization"))
	})
	add("wait", func(ctx context.Context, _ *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		s.entered <- struct{}{}
		select {
		case <-ctx.Done():
			s.cancelled <- struct{}{}
			return nil, ctx.Err()
		case <-s.closing:
			return nil, errors.New("the server closes")
		}
	})
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, nil)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var message struct{ Method string }
		json.Unmarshal(body, &message)
		s.mu.Lock()
		s.headers = append(s.headers, r.Header.Clone())
		if r.Method == http.MethodDelete {
			s.ended[r.Header.Get("Mcp-Session-Id")] = true
		}
		s.mu.Unlock()
		handler.ServeHTTP(w, r)
		if id := w.Header().Get("Mcp-Session-Id"); id != "" && message.Method == "initialize" {
			s.mu.Lock()
			s.begun[id] = true
			s.mu.Unlock()
		}
	}))
	t.Cleanup(func() {
		close(s.closing)
		s.CloseClientConnections()
		s.Close()
		for session := range server.Sessions() {
			session.Close()
		}
	})
	return s
}

// noSession fails the test if sessions haven't been ended.
func (s *toolServer) noSession(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.begun {
		if !s.ended[id] {
			t.Errorf("session %s hasn't been ended", id)
		}
	}
}

// newServer returns what is tested, with a log.
func newServer(t *testing.T, url string, change func(*mcptools.Config)) (*mcptools.Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	config := mcptools.Config{
		Name: "notes", URL: url, Headers: map[string]string{"Authorization": key}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	if change != nil {
		change(&config)
	}
	server, err := mcptools.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, &log
}

// script is an agent that plays one list of events after another, and notes what it is given.
type script struct {
	runs   [][]agui.Event
	inputs []*agui.RunAgentInput
}

func (s *script) Run(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		n := min(len(s.inputs), len(s.runs)-1)
		s.inputs = append(s.inputs, input)
		for _, event := range s.runs[n] {
			if !yield(event, nil) {
				return
			}
		}
	}
}

var _ agent.Agent = (*script)(nil)

func calling(id, name, arguments string) []agui.Event {
	return []agui.Event{
		agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: name, ParentMessageID: "m-" + id},
		agui.ToolCallArgsEvent{ToolCallID: id, Delta: arguments},
		agui.ToolCallEndEvent{ToolCallID: id},
	}
}

func saying(id, text string) []agui.Event {
	return []agui.Event{
		agui.TextMessageStartEvent{MessageID: id, Role: agui.RoleAssistant}, agui.TextMessageContentEvent{MessageID: id, Delta: text},
		agui.TextMessageEndEvent{MessageID: id},
	}
}

func started() []agui.Event {
	return []agui.Event{agui.RunStartedEvent{ThreadID: "t", RunID: "r"}}
}

func finished() []agui.Event {
	return []agui.Event{agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}}
}

// hang never answers. A server sees that its client has gone once it has read the body.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
