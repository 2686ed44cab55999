package agent

import "github.com/copilotkit-go/runtime/core/agui"

// Extension is something that a runtime adds to its agents: a middleware that knows for
// which of them it is. It must be safe for concurrent use.
type Extension interface {
	// Extend returns the agent of that id with what is added to it, or the agent itself.
	// It is called for each run, and does no I/O.
	Extend(agentID string, a Agent) Agent
}

// Announcer is implemented by extensions that front ends are told about.
type Announcer interface {
	// Announce sets what the extension brings.
	Announce(features *Features)
}

// Detacher is implemented by extensions that answer some runs without the agent and its
// thread.
type Detacher interface {
	// Detaches reports whether a run neither needs its thread nor adds to it, such as a
	// request of a page that the thread shows. It runs beside the thread's other runs,
	// nothing of it is kept, and it ends with its client. It must be quick.
	Detaches(agentID string, input *agui.RunAgentInput) bool
}

// Features are what /info tells front ends that the runtime's extensions bring.
type Features struct {
	// A2UI is set if agents may draw A2UI surfaces. A2UIAgents are those that may, nil for
	// all.
	A2UI       bool
	A2UIAgents []string
	// OpenGenerativeUI is set if agents may draw pages of their own.
	OpenGenerativeUI bool
}

// Extend wraps an agent in extensions, the first outermost.
func Extend(agentID string, a Agent, extensions ...Extension) Agent {
	for i := len(extensions) - 1; i >= 0; i-- {
		a = extensions[i].Extend(agentID, a)
	}
	return a
}
