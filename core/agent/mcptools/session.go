package mcptools

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/agent/internal/toolcalls"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// session is a run's session with the server.
type session struct {
	*mcpclient.Session
	server               *Server
	secrets, credentials outbound.Secrets
	// tools are those that the agent was offered, by the names that it knows.
	tools map[string]tool
}

// tool is a tool that was offered.
type tool struct {
	name string // that the server knows
}

// open opens a session and offers the server's tools to the agent, after those that it
// has. It returns nil if there are none, or the server can't be had.
func (s *Server) open(ctx context.Context, headers http.Header, input *agui.RunAgentInput) *session {
	secrets := s.remote.Secrets("").With(headers)
	connected, err := s.remote.ConnectWith(ctx, headers, nil)
	if err != nil {
		s.leftOut(ctx, secrets.Redact(err))
		return nil
	}
	opened := &session{
		Session: connected, server: s, tools: make(map[string]tool),
		secrets: secrets, credentials: s.remote.Credentials(headers.Get("Authorization")),
	}
	listing, cancel := context.WithTimeout(ctx, s.config.ConnectTimeout)
	defer cancel()
	listed, err := mcpclient.ListTools(listing, connected.ClientSession)
	if err == nil {
		opened.offer(ctx, listed, input)
	} else {
		s.leftOut(ctx, secrets.Redact(err))
	}
	if len(opened.tools) == 0 {
		connected.Close()
		return nil
	}
	return opened
}

// leftOut logs why the server's tools aren't offered, unless the run is over.
func (s *Server) leftOut(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.config.Logger.WarnContext(ctx, "an MCP server is left out of this run", "error", err)
	}
}

// offer adds tools to the input.
func (s *session) offer(ctx context.Context, listed []mcpclient.Tool, input *agui.RunAgentInput) {
	taken := make(map[string]bool, len(input.Tools)+len(listed))
	for i := range input.Tools {
		taken[input.Tools[i].Name] = true
	}
	input.Tools = input.Tools[:len(input.Tools):len(input.Tools)]
	for _, t := range listed {
		if !t.ForModel || !t.DescribesObject() || s.credentials.Mask(t.Name) != t.Name {
			s.server.config.Logger.DebugContext(ctx, "a tool is left out: it isn't for models, or its schema isn't one of an object")
			continue
		}
		name := uniqueName(s.server.config.Name, t.Name, taken)
		taken[name] = true
		s.tools[name] = tool{t.Name}
		input.Tools = append(input.Tools, agui.Tool{
			Name: name, Description: s.credentials.Mask(t.Description), Parameters: mcpclient.Mask(s.credentials, t.Parameters),
		})
	}
}

// maxName is how long providers let the name of a tool be.
const maxName = 64

// uniqueName returns what a tool is called, as the reference calls it.
func uniqueName(server, tool string, taken map[string]bool) string {
	whole := "mcp__" + wordOf(server) + "__" + wordOf(tool)
	name := whole[:min(len(whole), maxName)]
	for i := 1; taken[name]; i++ {
		suffix := fmt.Sprintf("_%d", i)
		name = whole[:min(len(whole), maxName-len(suffix))] + suffix
	}
	return name
}

// wordOf returns a name with "_" for what providers refuse in it.
func wordOf(name string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

// call makes a call, and returns its result. What fails is the result, for the model to do
// something else; what of it the server didn't say itself is only logged.
func (s *session) call(ctx context.Context, _ *sync.WaitGroup, call *toolcalls.Call[tool]) []agui.Event {
	arguments, err := call.Object()
	if err != nil {
		return []agui.Event{call.Answer(fmt.Sprintf("Error executing tool %s: the arguments aren't a JSON object", call.Tool.name))}
	}
	told := telemetry.ToolCall{Name: call.Name, ID: call.ID, Server: s.server.config.Name}
	content := telemetry.Content(ctx)
	if content {
		told.Arguments = string(arguments)
	}
	ctx, ended := telemetry.StartTool(ctx, told)
	result, err := s.result(ctx, call.Tool.name, arguments)
	text := ""
	switch {
	case err == nil:
		text = mcpclient.TextOf(result)
	case mcpclient.IsAnswer(err):
		text = fmt.Sprintf("Error executing tool %s: %v", call.Tool.name, s.secrets.Redact(err))
	default:
		text = fmt.Sprintf("Error executing tool %s: the server did not answer", call.Tool.name)
	}
	came := telemetry.ToolResult{Err: s.secrets.Redact(err)}
	if content {
		came.Result = text
	}
	ended(came)
	if err != nil && ctx.Err() == nil {
		s.server.config.Logger.WarnContext(ctx, "a tool failed", "tool", call.Name, "error", s.secrets.Redact(err))
	}
	return []agui.Event{call.Answer(text)}
}

func (s *session) result(ctx context.Context, name string, arguments json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, s.server.config.CallTimeout)
	defer cancel()
	got, err := mcpclient.CallTool(ctx, s.Session, name, arguments)
	if err != nil {
		return nil, err
	}
	return mcpclient.Encode(got, s.credentials)
}
