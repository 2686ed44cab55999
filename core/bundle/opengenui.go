package bundle

import (
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
)

// openGenerativeUI is the variable that lets models draw pages of their own.
const openGenerativeUI = "COPILOTKIT_OPEN_GENERATIVE_UI"

var errNoAgents = errors.New("agents is empty: leave it out if all may, or say off")

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
			return errNoAgents
		}
		s.OpenGenerativeUIAgents = options.Agents
	}
	s.OpenGenerativeUI = true
	return nil
}

// buildOpenGenerativeUI returns the extension that shows the pages of agents.
func buildOpenGenerativeUI(settings *Settings, parts parts, agents map[string]agent.Agent) (agent.Extension, error) {
	if err := checkAgents(openGenerativeUI, settings.OpenGenerativeUIAgents, parts, agents); err != nil {
		return nil, err
	}
	return opengenui.New(opengenui.Config{Agents: settings.OpenGenerativeUIAgents, Logger: parts.logger}), nil
}

// checkAgents fails for the name of an agent that there isn't, unless a function may still
// add it.
func checkAgents(variable string, names []string, parts parts, agents map[string]agent.Agent) error {
	for _, name := range names {
		if agents[name] == nil && len(parts.changes) == 0 {
			return &EnvError{Name: variable, Err: fmt.Errorf("there is no agent %q", name)}
		}
	}
	return nil
}
