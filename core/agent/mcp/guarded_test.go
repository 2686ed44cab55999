package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

// guarded is an MCP server that knows its callers by their tokens. Each has a tool
// named after its token, and whoami, which tells the token of the session. It notes
// requests of a session with another token than that it was opened with.
type guarded struct {
	*httptest.Server
	mu      sync.Mutex
	revoked map[string]bool
	owners  map[string]string // tokens by session
	open    int
	most    int
	opened  map[string]int // sessions by token
	closed  chan string    // the token of each session that was closed
	entered chan string    // the token of each call of wait, which takes until resume
	resume  chan struct{}
	mixed   []string
	servers []*sdk.Server
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{
		revoked: map[string]bool{}, owners: map[string]string{}, opened: map[string]int{},
		closed: make(chan string, 10000), entered: make(chan string, 100), resume: make(chan struct{}),
	}
	handler := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server { return g.serverFor(tokenOf(r)) }, nil)
	events := sdk.NewSSEHandler(func(r *http.Request) *sdk.Server { return g.serverFor(tokenOf(r)) }, nil)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := tokenOf(r)
		session := r.Header.Get("Mcp-Session-Id") + r.URL.Query().Get("sessionid")
		g.mu.Lock()
		refused := g.revoked[token] || strings.HasPrefix(token, "bad")
		if session != "" && g.owners[session] != token {
			g.mixed = append(g.mixed, fmt.Sprintf("%s %s of %q with %q", r.Method, session, g.owners[session], token))
		}
		g.mu.Unlock()
		if refused {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, "%s is not accepted", token)
			return
		}
		if session == "" {
			w = &noting{ResponseWriter: w, note: func(id string) { g.begin(id, token) }}
		}
		if r.URL.Path == "/sse" {
			events.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
		if r.Method == http.MethodDelete {
			g.mu.Lock()
			g.open--
			g.mu.Unlock()
			g.closed <- token
		}
	}))
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
		for _, server := range g.servers {
			for session := range server.Sessions() {
				_ = session.Close() // of a token that was revoked
			}
		}
		for _, session := range g.mixed {
			t.Errorf("a session was shared: %s", session)
		}
	})
	return g
}

// noting notes the session that an answer begins, before the client knows it.
type noting struct {
	http.ResponseWriter
	note func(id string)
}

func (n *noting) Write(p []byte) (int, error) {
	id := n.Header().Get("Mcp-Session-Id")
	if _, rest, found := strings.Cut(string(p), "sessionid="); found {
		id = strings.Fields(rest)[0]
	}
	if id != "" && n.note != nil {
		n.note(id)
		n.note = nil
	}
	return n.ResponseWriter.Write(p)
}

func (n *noting) Flush() { n.ResponseWriter.(http.Flusher).Flush() }

func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func tokenOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (g *guarded) begin(session, token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.owners[session] = token
	g.opened[token]++
	g.open++
	g.most = max(g.most, g.open)
}

func (g *guarded) revoke(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revoked[token] = true
}

func (g *guarded) sessionsOf(token string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened[token]
}

func (g *guarded) serverFor(token string) *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: "guarded", Version: "1"}, nil)
	g.mu.Lock()
	g.servers = append(g.servers, server)
	g.mu.Unlock()
	say := func(text string) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, nil
	}
	add := func(name string, call func(context.Context) (*sdk.CallToolResult, error)) {
		server.AddTool(&sdk.Tool{Name: name, Description: "for " + token, InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(ctx context.Context, _ *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return call(ctx) })
	}
	if token == "" {
		add("for-nobody", func(context.Context) (*sdk.CallToolResult, error) { return say("nobody") })
	} else {
		add("for-"+initial(token), func(context.Context) (*sdk.CallToolResult, error) { return say(initial(token)) })
	}
	add("whoami", func(context.Context) (*sdk.CallToolResult, error) { return say("you are " + initial(token)) })
	add("wait", func(ctx context.Context) (*sdk.CallToolResult, error) {
		g.entered <- token
		select {
		case <-g.resume:
		case <-ctx.Done():
		}
		return say("waited")
	})
	add("leak", func(context.Context) (*sdk.CallToolResult, error) {
		return say("got Bearer " + token + ", that is " + token)
	})
	add("fail", func(context.Context) (*sdk.CallToolResult, error) {
		return nil, errors.New("no luck with " + token)
	})
	return server
}

// initial returns the owner of a token such as "ann-token-1".
func initial(token string) string {
	name, _, _ := strings.Cut(token, "-")
	return name
}

// as returns the context of a run: of a user, unless that is "-", with a token, unless
// that is empty.
func as(ctx context.Context, user, token string) context.Context {
	if user != "-" {
		ctx = access.WithUser(ctx, access.User{ID: user})
	}
	header := http.Header{"X-Tenant": {"acme"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return agent.WithForwardedHeaders(ctx, header)
}

// whoami runs a whole run: it lists the tools, and asks who the server thinks it is.
func whoami(ctx context.Context, server *mcp.Server) (string, error) {
	tools, err := server.Tools(ctx)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(tools, func(tool agent.ServerTool) bool { return tool.Name == "whoami" })
	result, err := tools[at].Call(ctx, json.RawMessage(`{}`))
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(string(result), "you are ")
	name, _, _ = strings.Cut(name, `"`)
	return name, nil
}

// startWait calls the tool wait for a user, and returns when it is under way.
func startWait(t *testing.T, g *guarded, server *mcp.Server, ctx context.Context) <-chan error {
	t.Helper()
	tools, err := server.Tools(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		result, err := find(t, tools, "wait").Call(ctx, json.RawMessage(`{}`))
		if err == nil && !strings.Contains(string(result), "waited") {
			err = fmt.Errorf("got %s", result)
		}
		done <- err
	}()
	<-g.entered
	return done
}
