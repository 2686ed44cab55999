// Package demo is an agent that needs no key: the built-in agent, with a model
// that is embedded here instead of one behind the network. It answers the same way
// every time, which is enough to see a front end work: text, tool calls, shared
// state, reasoning and suggestions.
package demo

import (
	"time"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/model"
)

// Pace is how long the model of [New] takes for a word.
const Pace = 20 * time.Millisecond

// maxSteps lets the model speak after the tools of the shared state, too.
const maxSteps = 10

// New returns the built-in agent with the embedded model, whichever one a run asks
// for. The configuration's own Model, if there is one, such as a [*Model] of
// another pace, is used in its place. MaxSteps defaults to 10.
func New(config builtin.Config) (*builtin.Agent, error) {
	if config.Model == nil {
		config.Model = &Model{Pace: Pace}
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
