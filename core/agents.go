package core

import (
	"context"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
)

// agents are those that the request may use.
func (x *exchange) agents() (map[string]agent.Agent, error) {
	if x.runtime.AgentsFor == nil {
		return x.runtime.Agents, nil
	}
	return x.runtime.AgentsFor(x.r)
}

// agent finds the route's agent.
func (x *exchange) agent() (agent.Agent, error) {
	agents, err := x.agents()
	if err != nil {
		return nil, err
	}
	if a := agents[x.route.AgentID]; a != nil {
		return a, nil
	}
	return nil, agentNotFound(x.route.AgentID)
}

// agentContext carries the headers that an agent may pass on.
func (x *exchange) agentContext() context.Context {
	return agent.WithForwardedHeaders(x.r.Context(), x.headers.forwardable(x.r.Header))
}

// owner is whose threads the request may see.
func (x *exchange) owner() (string, error) {
	if x.runtime.Owner == nil {
		return "", nil
	}
	return x.runtime.Owner(x.r)
}

// storeTimeout is how long a call of the store may take before the client is
// told to come back later.
const storeTimeout = 5 * time.Second

// storeContext is the request's context for one call of the store.
func (x *exchange) storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(x.r.Context(), storeTimeout)
}
