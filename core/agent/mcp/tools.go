package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/mcpclient"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Session returns the tools of a session that the caller has opened and will
// close. The list of tools is asked for in every run.
func Session(client *mcp.ClientSession) agent.ToolSource {
	return clientSession{client}
}

type clientSession struct{ client *mcp.ClientSession }

func (s clientSession) Tools(ctx context.Context) ([]agent.ServerTool, error) {
	unknown := func() outbound.Secrets { return nil } // only its opener knows what is sent
	call := caller{s.client.CallTool, unknown, unknown}
	tools, err := listTools(ctx, s.client, call)
	return tools, call.secrets().Redact(err)
}

// caller calls tools, and keeps secrets out of what fails, and credentials also out of
// what succeeds: a result is stored, and sent to a model.
type caller struct {
	call                 func(context.Context, *mcp.CallToolParams) (*mcp.CallToolResult, error)
	secrets, credentials func() outbound.Secrets
}

// listTools asks for all pages of the list, and leaves out what isn't for models.
func listTools(ctx context.Context, client *mcp.ClientSession, caller caller) ([]agent.ServerTool, error) {
	listed, err := mcpclient.ListTools(ctx, client)
	if err != nil {
		return nil, err
	}
	credentials := caller.credentials()
	tools := make([]agent.ServerTool, 0, len(listed))
	for _, tool := range listed {
		if credentials.Mask(tool.Name) != tool.Name {
			continue // of a server that plays with its caller's credentials
		}
		if !tool.ForModel {
			continue // for the server's own pages
		}
		tools = append(tools, agent.ServerTool{
			Name:        tool.Name,
			Description: credentials.Mask(tool.Description),
			Parameters:  mcpclient.Mask(credentials, tool.Parameters),
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
			encoded, err := json.Marshal(result)
			return mcpclient.Mask(c.credentials(), encoded), err
		case errors.Is(err, mcpclient.ErrDenied):
			return nil, &deniedError{name}
		case mcpclient.IsAnswer(err):
			return nil, c.secrets().Redact(err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		// The model has no use for what net/http says.
		return nil, &unreachableError{tool: name, err: c.secrets().Redact(err)}
	}
}

// deniedError tells the model that the user has to sign in again.
type deniedError struct{ tool string }

func (e *deniedError) Error() string {
	return fmt.Sprintf("the server of tool %s no longer accepts the user's authorization", e.tool)
}

func (e *deniedError) Unwrap() error { return mcpclient.ErrDenied }

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
