package bundle

import (
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
)

// openGenerativeUI is the variable that lets models draw pages of their own.
const openGenerativeUI = "COPILOTKIT_OPEN_GENERATIVE_UI"

func setOpenGenerativeUI(s *Settings, value string) error {
	if value == "off" {
		return nil
	}
	if value != "on" {
		var options struct {
			Agents []string `json:"agents"`
		}
		if err := parseObject(value, &options); err != nil {
			return withExample(err, "neither on, off nor", `{"agents":["default"]}`)
		}
		if options.Agents != nil && len(options.Agents) == 0 {
			return errors.New("agents is empty: leave it out if all may, or say off")
		}
		s.OpenGenerativeUIAgents = options.Agents
	}
	s.OpenGenerativeUI = true
	return nil
}

// buildOpenGenerativeUI returns the extension that shows the pages of agents. It fails
// for the name of an agent that there isn't, unless a function may still add it.
func buildOpenGenerativeUI(settings *Settings, parts parts, agents map[string]agent.Agent) (agent.Extension, error) {
	for _, name := range settings.OpenGenerativeUIAgents {
		if agents[name] == nil && len(parts.changes) == 0 {
			return nil, &EnvError{Name: openGenerativeUI, Err: fmt.Errorf("there is no agent %q", name)}
		}
	}
	return opengenui.New(opengenui.Config{Agents: settings.OpenGenerativeUIAgents, Logger: parts.logger}), nil
}
