// Package builtin is the agent that a deployment has by default: a model, with
// tools that run here, tools that run in the front end, and the state that both
// share.
//
//	m, err := openai.New(openai.Config{Model: "openai/gpt-4o"})
//	if err != nil {
//		return err
//	}
//	assistant, err := builtin.New(builtin.Config{
//		Model:  m,
//		Prompt: "You help with the weather.",
//		Tools:  []agent.ServerTool{agent.Tool("weather", "The weather in a city", weather)},
//	})
//
// A run is a row of steps. A step is one call of the model: its deltas become
// AG-UI events as they come in, then the tools that it called run side by side.
// The next step gives the model their results. The run ends when the model
// calls no tool, when it calls one that the front end or a person must answer,
// or after MaxSteps.
package builtin
