package mcpapps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// What the thread has of a call that failed. What the server said is logged.
const (
	invalidArguments = `{"error":"Invalid MCP tool arguments"}`
	executionFailed  = `{"error":"MCP tool execution failed"}`
)

// call makes one call, and returns its result and, unless it failed, its card.
func (e *extended) call(ctx context.Context, ending *sync.WaitGroup, call *openCall) []agui.Event {
	arguments, err := call.object()
	if err != nil {
		call.server.logger.InfoContext(ctx, "a call has arguments that can't be sent", "tool", call.name, "error", err)
		return call.answer(invalidArguments)
	}
	result, err := call.server.callTool(ctx, ending, call.name, arguments)
	if err != nil {
		call.server.logger.WarnContext(ctx, "a tool failed", "tool", call.name, "error", err)
		return call.answer(executionFailed)
	}
	return append(call.answer(textOf(result)), agui.ActivitySnapshotEvent{
		BaseEvent: agui.BaseEvent{Extra: replace}, MessageID: agui.NewID(), ActivityType: ActivityType, Content: call.card(result, arguments),
	})
}

// toolResult is MCP's result of a call, without what versions of the protocol have added
// for the two sides of a session alone.
type toolResult struct {
	Meta              sdk.Meta      `json:"_meta,omitempty"`
	Content           []sdk.Content `json:"content"`
	StructuredContent any           `json:"structuredContent,omitempty"`
	IsError           bool          `json:"isError,omitempty"`
}

// replace says what is the default, as the reference does.
var replace = agui.Extra{"replace": json.RawMessage("true")}

// callTool calls a tool, and returns MCP's own result.
func (s *server) callTool(ctx context.Context, ending *sync.WaitGroup, name string, arguments json.RawMessage) (json.RawMessage, error) {
	return s.do(ctx, ending, func(ctx context.Context, session *sdk.ClientSession) (any, error) {
		got, err := session.CallTool(ctx, &sdk.CallToolParams{Name: name, Arguments: arguments})
		switch {
		case err != nil:
			return nil, err
		case got.NeedsInput():
			return nil, errors.New("the tool asks for input, which nobody can give")
		case got.Content == nil:
			got.Content = []sdk.Content{}
		}
		return toolResult{shownMeta(got.Meta), got.Content, got.StructuredContent, got.IsError}, nil
	})
}

// shownMeta returns metadata without the server's name and version.
func shownMeta(meta sdk.Meta) sdk.Meta {
	delete(meta, sdk.MetaKeyServerInfo)
	return meta
}

// object returns the arguments on one line; none are an empty object.
func (c *openCall) object() (json.RawMessage, error) {
	if c.excessive {
		return nil, fmt.Errorf("more than %d bytes", maxArguments)
	}
	return objectOf(c.arguments)
}

func objectOf(text []byte) (json.RawMessage, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return json.RawMessage(`{}`), nil
	}
	if text[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, errors.New("not JSON") // the error may quote them
	}
	return compact.Bytes(), nil
}

func (c *openCall) answer(content string) []agui.Event {
	return []agui.Event{agui.ToolCallResultEvent{MessageID: agui.NewID(), ToolCallID: c.id, Content: content}}
}

// card returns the content of the activity that the front end draws.
func (c *openCall) card(result, arguments json.RawMessage) json.RawMessage {
	card := append([]byte(`{"result":`), result...)
	card = jsonscan.AppendString(append(card, `,"resourceUri":`...), c.resourceURI)
	card = jsonscan.AppendString(append(card, `,"serverHash":`...), c.server.hash)
	if c.server.id != "" {
		card = jsonscan.AppendString(append(card, `,"serverId":`...), c.server.id)
	}
	card = append(append(card, `,"toolInput":`...), arguments...)
	return append(card, '}')
}

// textOf returns the texts of a result, or its content as JSON if it has none.
func textOf(result json.RawMessage) string {
	var parts struct {
		Content []struct{ Type, Text string }
	}
	var whole struct{ Content json.RawMessage }
	if json.Unmarshal(result, &parts) != nil || json.Unmarshal(result, &whole) != nil {
		return "[]" // unreachable: it is the SDK's
	}
	var texts []string
	for _, part := range parts.Content {
		if part.Type == "text" {
			texts = append(texts, part.Text)
		}
	}
	if text := strings.Join(texts, "\n"); text != "" {
		return text
	}
	return string(whole.Content)
}
