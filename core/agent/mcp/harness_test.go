package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcp"
)

// TestMain lets the test binary be the MCP server of a test: a process of its
// own that can be killed.
func TestMain(m *testing.M) {
	if address := os.Getenv("MCP_TEST_SERVER"); address != "" {
		serveMCP(address)
		return
	}
	goleak.VerifyTestMain(m)
}

// serveMCP serves both transports on address until it is killed, and says on
// standard output when it listens.
func serveMCP(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := newSDKServer()
	mux := http.NewServeMux()
	get := func(*http.Request) *sdk.Server { return server }
	mux.Handle("/mcp", sdk.NewStreamableHTTPHandler(get, nil))
	mux.Handle("/sse", sdk.NewSSEHandler(get, nil))
	fmt.Println("listening on", listener.Addr())
	http.Serve(listener, mux)
}

type addInput struct {
	A int `json:"a" jsonschema:"the first number"`
	B int `json:"b"`
}

func newSDKServer() *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	sdk.AddTool(server, &sdk.Tool{Name: "add", Description: "adds two numbers"},
		func(_ context.Context, _ *sdk.CallToolRequest, in addInput) (*sdk.CallToolResult, map[string]int, error) {
			return nil, map[string]int{"sum": in.A + in.B}, nil
		})
	sdk.AddTool(server, &sdk.Tool{Name: "fail"},
		func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
			return nil, nil, errors.New("no luck")
		})
	sdk.AddTool(server, &sdk.Tool{Name: "hang"},
		func(ctx context.Context, _ *sdk.CallToolRequest, _ struct{}) (*sdk.CallToolResult, any, error) {
			<-ctx.Done()
			return nil, nil, ctx.Err()
		})
	sdk.AddTool(server, &sdk.Tool{Name: "grow"},
		func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
			sdk.AddTool(server, &sdk.Tool{Name: "grown"},
				func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
					return nil, nil, nil
				})
			return nil, nil, nil
		})
	return server
}

// process is a real MCP server in a process of its own.
type process struct {
	command *exec.Cmd
	address string
}

func startProcess(t *testing.T, address string) *process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "MCP_TEST_SERVER="+address)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command: command}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the MCP server said nothing: %v", err)
	}
	p.address = strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	return p
}

func (p *process) kill() {
	p.command.Process.Kill()
	p.command.Wait()
}

func (p *process) url(transport mcp.Transport) string {
	if transport == mcp.SSE {
		return "http://" + p.address + "/sse"
	}
	return "http://" + p.address + "/mcp"
}

func forBothTransports(t *testing.T, test func(t *testing.T, transport mcp.Transport)) {
	for _, transport := range []mcp.Transport{mcp.StreamableHTTP, mcp.SSE} {
		t.Run(string(transport), func(t *testing.T) { test(t, transport) })
	}
}

func newServer(t *testing.T, config mcp.Config) *mcp.Server {
	t.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	server, err := mcp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func list(t *testing.T, server *mcp.Server) []agent.ServerTool {
	t.Helper()
	tools, err := server.Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tools
}

func names(tools []agent.ServerTool) string {
	var all []string
	for _, tool := range tools {
		all = append(all, tool.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func find(t *testing.T, tools []agent.ServerTool, name string) agent.ServerTool {
	t.Helper()
	for _, tool := range tools {
		if tool.Name == name {
			return tool
		}
	}
	t.Fatalf("no tool %s in %s", name, names(tools))
	return agent.ServerTool{}
}

func call(t *testing.T, tool agent.ServerTool, arguments string) string {
	t.Helper()
	result, err := tool.Call(t.Context(), json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s: %v", tool.Name, err)
	}
	return string(result)
}

// eventually asks again until the answer is yes: what it waits for happens in
// another process.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ask(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(time.Millisecond)
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

func newLogger(out io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
