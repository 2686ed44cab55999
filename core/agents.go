package core

import "github.com/copilotkit-go/runtime/core/agent"

// agents returns the agents that the request may use.
func (rt *Runtime) agents(ex *exchange) (map[string]agent.Agent, error) {
	if rt.config.AgentsFor == nil {
		return rt.config.Agents, nil
	}
	return rt.config.AgentsFor(ex.r)
}

// agent returns the route's agent.
func (rt *Runtime) agent(ex *exchange) (agent.Agent, error) {
	agents, err := rt.agents(ex)
	if err != nil {
		return nil, err
	}
	if a := agents[ex.route.AgentID]; a != nil {
		return a, nil
	}
	return nil, agentNotFound(ex.route.AgentID)
}
