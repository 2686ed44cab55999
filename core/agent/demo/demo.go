// Package demo is an agent that needs no key: the built-in agent of package
// openai, with a model that is embedded here instead of one behind the network.
// It answers the same way every time, which is enough to see a front end work:
// text, tool calls, shared state, reasoning and suggestions.
package demo

import (
	"time"

	"github.com/copilotkit-go/runtime/core/agent/openai"
)

// Pace is how long the model of [New] takes for a word.
const Pace = 20 * time.Millisecond

// New makes the built-in agent with the embedded model. The configuration's
// model, key, address and overridable model are not used; an HTTPClient that is
// set, such as a [*Model] of another pace, is.
func New(config openai.Config) (*openai.Agent, error) {
	config.Model, config.APIKey, config.BaseURL = "openai/demo", "demo", "http://demo.invalid/v1"
	if config.HTTPClient == nil {
		config.HTTPClient = &Model{Pace: Pace}
	}
	if config.MaxSteps == 0 {
		config.MaxSteps = 4 // so that it can speak after a tool that runs here
	}
	overridable := make([]openai.Property, 0, len(config.Overridable))
	for _, property := range config.Overridable {
		if property != openai.PropertyModel {
			overridable = append(overridable, property)
		}
	}
	config.Overridable = overridable
	if config.Description == "" {
		config.Description = "The embedded demo model"
	}
	return openai.New(config)
}
