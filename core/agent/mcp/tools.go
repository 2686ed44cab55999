package mcp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Session returns the tools of a session that the caller has opened and will
// close. The list of tools is asked for in every run.
func Session(client *mcp.ClientSession) agent.ToolSource {
	return clientSession{client}
}

type clientSession struct{ client *mcp.ClientSession }

func (s clientSession) Tools(ctx context.Context) ([]agent.ServerTool, error) {
	call := caller{call: s.client.CallTool}
	tools, err := listTools(ctx, s.client, call)
	return tools, call.secrets.Redact(err)
}

// caller calls tools, and keeps secrets out of what fails.
type caller struct {
	call    func(context.Context, *mcp.CallToolParams) (*mcp.CallToolResult, error)
	secrets outbound.Secrets
}

// listTools asks for all pages of the list.
func listTools(ctx context.Context, client *mcp.ClientSession, caller caller) ([]agent.ServerTool, error) {
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
			Call:        caller.tool(tool.Name),
		})
	}
	return tools, nil
}

// tool returns the function that calls one tool. Its result is MCP's own, whole:
// {"content":[…],"structuredContent":…,"isError":…}.
func (c caller) tool(name string) func(context.Context, json.RawMessage) (json.RawMessage, error) {
	return func(ctx context.Context, arguments json.RawMessage) (json.RawMessage, error) {
		result, err := c.call(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
		switch {
		case err == nil:
			return json.Marshal(result)
		case isAnswer(err):
			return nil, c.secrets.Redact(err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		// The model has no use for what net/http says.
		return nil, &unreachableError{tool: name, err: c.secrets.Redact(err)}
	}
}

// unreachableError tells the model that a call got no answer. What it wraps is for
// the log.
type unreachableError struct {
	tool string
	err  error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("the server of tool %s did not answer", e.tool)
}

func (e *unreachableError) Unwrap() error { return e.err }
