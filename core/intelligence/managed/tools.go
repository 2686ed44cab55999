package managed

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcptools"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
)

// newTools returns the platform's MCP server, which has the memory tools.
func (p *Platform) newTools() (*mcptools.Server, error) {
	return mcptools.New(mcptools.Config{
		Name: "intelligence", URL: p.api + "/mcp", Headers: map[string]string{"Authorization": "Bearer " + p.options.APIKey},
		HTTPClient: &p.client, Logger: p.logger,
	})
}

// MemoryTools implements [intelligence.Platform]. Each run has a session of its own with the
// platform, which knows in it who the user is, and what is granted.
func (p *Platform) MemoryTools(access intelligence.MemoryAccess) agent.Extension {
	if access.User == "" {
		return nobody{}
	}
	headers := http.Header{userHeader: {userID(access.User)}}
	for name, values := range grantHeader(access.Grant) {
		headers[name] = values
	}
	return p.tools.Extension(headers)
}

// nobody refuses runs with memory tools that are in nobody's name.
type nobody struct{}

func (nobody) Extend(string, agent.Agent) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(nil, &intelligence.Error{Call: "offer memory tools", Err: errNobody})
		}
	})
}

// userHeader tells the platform the user where nothing else of a request does.
const userHeader = "X-Cpki-User-Id"

// errNobody is why a call in a user's name isn't made without one: the platform might take
// nobody for everybody.
var errNobody = errors.New("there is no user")
