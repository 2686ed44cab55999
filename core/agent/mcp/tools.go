package mcp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
)

// Session makes a source of tools of a session that the caller has opened and
// will close. The list of tools is asked for in every run.
func Session(client *mcp.ClientSession) agent.ToolSource {
	return managed{client}
}

type managed struct{ client *mcp.ClientSession }

func (m managed) Tools(ctx context.Context) ([]agent.ServerTool, error) {
	return listTools(ctx, m.client, m.client.CallTool)
}

type caller func(ctx context.Context, params *mcp.CallToolParams) (*mcp.CallToolResult, error)

// listTools asks for all pages of the list.
func listTools(ctx context.Context, client *mcp.ClientSession, call caller) ([]agent.ServerTool, error) {
	var tools []agent.ServerTool
	for tool, err := range client.Tools(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("list tools: %w", err)
		}
		parameters, err := json.Marshal(tool.InputSchema)
		if err != nil {
			return nil, fmt.Errorf("encode the schema of tool %s: %w", tool.Name, err)
		}
		tools = append(tools, agent.ServerTool{
			Name:        tool.Name,
			Description: tool.Description,
			Parameters:  parameters,
			Call:        call.tool(tool.Name),
		})
	}
	return tools, nil
}

// tool gives the function that calls one tool. Its result is MCP's own, whole:
// {"content":[…],"structuredContent":…,"isError":…}.
func (call caller) tool(name string) func(context.Context, json.RawMessage) (json.RawMessage, error) {
	return func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error) {
		result, err := call(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
		switch {
		case err == nil:
			return json.Marshal(result)
		case isAnswer(err):
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		// What net/http says names addresses, which the model has no use for.
		return nil, &unreachableError{tool: name, err: err}
	}
}

// unreachableError tells the model that a call got no answer; the log can have
// the cause.
type unreachableError struct {
	tool string
	err  error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("the server of tool %s did not answer", e.tool)
}

func (e *unreachableError) Unwrap() error { return e.err }
