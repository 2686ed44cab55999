package mcpapps

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/agent/internal/toolcalls"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// What the thread has of a call that failed. What the server said is logged.
const (
	invalidArguments = `{"error":"Invalid MCP tool arguments"}`
	executionFailed  = `{"error":"MCP tool execution failed"}`
)

// call makes one call, and returns its result and, unless it failed, its card.
func (e *extended) call(ctx context.Context, ending *sync.WaitGroup, call *toolcalls.Call[tool]) []agui.Event {
	arguments, err := call.Object()
	if err != nil {
		call.Tool.server.logger.InfoContext(ctx, "a call has arguments that can't be sent", "tool", call.Name, "error", err)
		return []agui.Event{call.Answer(invalidArguments)}
	}
	result, err := call.Tool.server.callTool(ctx, ending, call.Name, arguments)
	if err != nil {
		call.Tool.server.logger.WarnContext(ctx, "a tool failed", "tool", call.Name, "error", err)
		return []agui.Event{call.Answer(executionFailed)}
	}
	return []agui.Event{call.Answer(mcpclient.TextOf(result)), agui.ActivitySnapshotEvent{
		BaseEvent: agui.BaseEvent{Extra: replace}, MessageID: agui.NewID(), ActivityType: ActivityType, Content: call.Tool.card(result, arguments),
	}}
}

// replace says what is the default, as the reference does.
var replace = agui.Extra{"replace": json.RawMessage("true")}

// callTool calls a tool, and returns MCP's own result.
func (s *server) callTool(ctx context.Context, ending *sync.WaitGroup, name string, arguments json.RawMessage) (json.RawMessage, error) {
	return s.do(ctx, ending, func(ctx context.Context, session *mcpclient.Session) (any, error) {
		return mcpclient.CallTool(ctx, session, name, arguments)
	})
}

// card returns the content of the activity that the front end draws.
func (t tool) card(result, arguments json.RawMessage) json.RawMessage {
	card := append([]byte(`{"result":`), result...)
	card = jsonscan.AppendString(append(card, `,"resourceUri":`...), t.resourceURI)
	card = jsonscan.AppendString(append(card, `,"serverHash":`...), t.server.hash)
	if t.server.id != "" {
		card = jsonscan.AppendString(append(card, `,"serverId":`...), t.server.id)
	}
	card = append(append(card, `,"toolInput":`...), arguments...)
	return append(card, '}')
}
