// Package builtin implements the agent that a deployment has by default. It
// answers runs with a model, tools that run in this process, tools that run in the
// front end, and the state that it shares with the front end.
//
//	m, err := openai.New(model.Config{Model: "openai/gpt-4o"})
//	if err != nil {
//		return err
//	}
//	assistant, err := builtin.New(builtin.Config{
//		Model:  m,
//		Prompt: "You help with the weather.",
//		Tools:  []agent.ServerTool{agent.Tool("weather", "The weather in a city", weather)},
//	})
//
// A run is a sequence of steps. A step asks the model once: its deltas become
// AG-UI events as they arrive, then the tools that it called run concurrently. The
// next step sends their results to the model. The run ends when the model calls no
// tool, when it calls one that the front end or a person must answer, or after
// MaxSteps.
package builtin
