// Package openai is the built-in agent: a model behind an OpenAI-compatible
// endpoint, with tools that run here, tools that run in the front end, and the
// state that both share.
//
//	assistant, err := openai.New(openai.Config{
//		Model:    "openai/gpt-4o",
//		Prompt:   "You help with the weather.",
//		MaxSteps: 5,
//		Tools:    []agent.ServerTool{agent.Tool("weather", "The weather in a city", weather)},
//	})
//
// A run is a row of steps. A step is one call of the model: its deltas become
// AG-UI events as they come in, then the tools that it called run side by side.
// The next step gives the model their results. The run ends when the model
// calls no tool, when it calls one that the front end or a person must answer,
// or after MaxSteps.
//
// [NewFactory] is for those who make the model call themselves.
package openai
