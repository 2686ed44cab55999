// Package demo provides an agent that needs no key: the built-in agent with an
// embedded model. The model is deterministic. It has what is needed to try a front
// end: text, tool calls, shared state, reasoning and suggestions.
package demo

import (
	"time"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/model"
)

// defaultPace is the time between two words of the model of [New].
const defaultPace = 20 * time.Millisecond

// maxSteps is more than 1 so that the model answers after changing the shared state.
const maxSteps = 10

// New returns the built-in agent with the embedded model, which also answers runs
// that ask for another one. If the configuration has a Model, such as a [*Model] with
// another pace, New uses that instead. If zero, MaxSteps defaults to 10.
func New(config builtin.Config) (*builtin.Agent, error) {
	if config.Model == nil {
		config.Model = &Model{Pace: defaultPace}
	}
	config.Models = func(string) (model.Model, error) { return config.Model, nil }
	if config.MaxSteps == 0 {
		config.MaxSteps = maxSteps
	}
	if config.Description == "" {
		config.Description = "The embedded demo model"
	}
	return builtin.New(config)
}
