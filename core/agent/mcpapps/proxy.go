package mcpapps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/agent/internal/toolcalls"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// property is the forwarded property that has the request of a page.
const property = "__proxiedMCPRequest"

// proxied returns the request of a page that an input carries. What JavaScript takes for
// false carries none.
func proxied(input *agui.RunAgentInput) (json.RawMessage, bool) {
	props := input.ForwardedProps
	if len(props) == 0 || jsonscan.Kind(props) != "object" {
		return nil, false
	}
	request, ok := jsonscan.Lookup(props, property)
	if !ok {
		return nil, false
	}
	switch string(request) {
	case "null", "false", "0", "-0", `""`:
		return nil, false
	}
	return request, true
}

// pageRequest is what a page asks for. A field of another kind than it should be is as
// good as absent.
type pageRequest struct {
	serverID, serverHash, method string
	params                       json.RawMessage
}

func parseRequest(request json.RawMessage) pageRequest {
	if jsonscan.Kind(request) != "object" {
		return pageRequest{}
	}
	params, _ := jsonscan.Lookup(request, "params")
	return pageRequest{textIn(request, "serverId"), textIn(request, "serverHash"), textIn(request, "method"), params}
}

// textIn returns a field of an object that is a string, "" for any other.
func textIn(object json.RawMessage, name string) string {
	value, ok := jsonscan.Lookup(object, name)
	if !ok || jsonscan.Kind(value) != "string" {
		return ""
	}
	return string(jsonscan.Text(value))
}

// proxy answers the request of a page. The agent isn't asked.
func (e *extended) proxy(ctx context.Context, input *agui.RunAgentInput, raw json.RawMessage) iter.Seq2[agui.Event, error] {
	return func(yield func(agui.Event, error) bool) {
		var ending sync.WaitGroup
		defer ending.Wait()
		if !yield(agui.RunStartedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil) {
			return
		}
		result, err := e.forward(ctx, &ending, parseRequest(raw))
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		if err != nil {
			result = append(jsonscan.AppendString([]byte(`{"error":`), err.Error()), '}')
		}
		yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID, Result: result}, nil)
	}
}

// refusal is what a page is told, in the reference's words where it has some.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	failed          refusal = "Error: MCP request failed"
	tooLarge        refusal = "Error: MCP request too large"
	resourceRefused refusal = "Error: MCP resource not available to apps"
)

// forward passes a request on to its server. Its errors are for the page.
func (e *extended) forward(ctx context.Context, ending *sync.WaitGroup, request pageRequest) (json.RawMessage, error) {
	s := e.find(request)
	switch {
	case s == nil:
		return nil, refusal("Unknown server: " + shown(cmp.Or(request.serverID, request.serverHash)))
	case len(request.params) > toolcalls.MaxArguments:
		return nil, tooLarge
	}
	var result json.RawMessage
	var err error
	switch request.method {
	case "tools/call":
		result, err = s.callFor(ctx, ending, request.params)
	case "resources/read":
		result, err = s.read(ctx, ending, request.params)
	case "ping":
		result, err = s.ping(ctx, ending)
	case "notifications/message":
		// It is for the host of the page. No server of the protocol takes it.
		s.logger.DebugContext(ctx, "a page says something", "params", shown(string(request.params)))
		result = json.RawMessage(`{"success":true}`)
	default:
		err = refusal("Error: MCP method not allowed for UI proxy: " + shown(request.method))
	}
	if refused := refusal(""); err != nil && !errors.As(err, &refused) {
		s.logger.WarnContext(ctx, "a page's request failed", "method", request.method, "error", err)
		err = failed
	}
	return result, err
}

// find returns the server that is meant, nil for none: the one with the id, or else the
// one with the hash, if it is only one.
func (e *extended) find(request pageRequest) *server {
	var same []*server
	for _, s := range e.servers {
		if request.serverID != "" && s.id == request.serverID {
			return s
		}
		if s.hash == request.serverHash {
			same = append(same, s)
		}
	}
	if len(same) != 1 {
		return nil
	}
	return same[0]
}

// shown returns a bounded text of a client's, as JavaScript has it if it is absent.
func shown(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return cmp.Or(text, "undefined")
}

// callFor calls a tool for a page, if it is among those that pages may call.
func (s *server) callFor(ctx context.Context, ending *sync.WaitGroup, params json.RawMessage) (json.RawMessage, error) {
	if len(params) == 0 || jsonscan.Kind(params) != "object" {
		return nil, errors.New("params aren't an object")
	}
	name := textIn(params, "name")
	raw, _ := jsonscan.Lookup(params, "arguments")
	if string(raw) == "null" {
		raw = nil
	}
	arguments, err := toolcalls.Object(raw)
	if err != nil {
		return nil, err
	}
	allowed, err := s.allows(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case !allowed:
		return nil, refusal("Error: MCP tool not available to apps: " + shown(name))
	}
	return s.callTool(ctx, ending, name, arguments)
}

// allows reports whether pages may call a tool. For one that isn't known the list is
// asked for again, but no more often than a server that failed.
func (s *server) allows(ctx context.Context, name string) (bool, error) {
	for _, age := range []time.Duration{s.lists.maxAge, min(s.lists.maxAge, s.lists.retryAfter)} {
		tools, err := s.lists.begin(s.caller(ctx), age).wait(ctx)
		if err != nil {
			return false, err
		}
		if at := slices.IndexFunc(tools, func(tool mcpclient.Tool) bool { return tool.Name == name }); at >= 0 {
			return tools[at].ForApp, nil
		}
	}
	return false, nil
}

// read reads a page, or what belongs to one. Other resources of the server aren't for
// pages: they may be whatever the runtime's own credentials open.
func (s *server) read(ctx context.Context, ending *sync.WaitGroup, params json.RawMessage) (json.RawMessage, error) {
	uri := ""
	if len(params) > 0 && jsonscan.Kind(params) == "object" {
		uri = textIn(params, "uri")
	}
	if !strings.HasPrefix(uri, "ui://") {
		return nil, resourceRefused
	}
	return s.do(ctx, ending, func(ctx context.Context, session *mcpclient.Session) (any, error) {
		got, err := session.ReadResource(ctx, &sdk.ReadResourceParams{URI: uri})
		if err != nil {
			return nil, err
		}
		return resourceResult{mcpclient.ShownMeta(got.Meta), got.Contents}, nil
	})
}

// resourceResult is to MCP's result of a reading what [mcpclient.Result] is to that of a call.
type resourceResult struct {
	Meta     sdk.Meta                `json:"_meta,omitempty"`
	Contents []*sdk.ResourceContents `json:"contents"`
}

func (s *server) ping(ctx context.Context, ending *sync.WaitGroup) (json.RawMessage, error) {
	return s.do(ctx, ending, func(ctx context.Context, session *mcpclient.Session) (any, error) {
		return struct{}{}, session.Ping(ctx, nil)
	})
}
