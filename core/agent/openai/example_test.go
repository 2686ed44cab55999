package openai_test

import (
	"context"
	"fmt"
	"log"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Place is what the model has to say to call the tool of this example. The tags
// become the JSON Schema that the model is told.
type Place struct {
	City string `json:"city" jsonschema:"the name of the city"`
}

// Forecast is the tool's result.
type Forecast struct {
	Celsius int    `json:"celsius"`
	Sky     string `json:"sky"`
}

func forecast(ctx context.Context, in Place) (Forecast, error) {
	if in.City != "Oslo" {
		return Forecast{}, fmt.Errorf("no station in %s", in.City) // the model is told
	}
	return Forecast{Celsius: 21, Sky: "clear"}, nil
}

// An agent with a tool that runs in the server, beside the one that the
// environment describes. "approve" ends the run with a question for a person.
func Example() {
	type Plan struct {
		Summary string `json:"summary"`
	}
	assistant, err := openai.New(openai.Config{
		Model:    "openai/gpt-4o",
		APIKey:   "sk-…", // or OPENAI_API_KEY
		Prompt:   "You help with the weather.",
		MaxSteps: 5,
		Tools: []agent.ServerTool{
			agent.Tool("forecast", "The weather in a city today", forecast),
			agent.InterruptTool[Plan]("approve", "Asks the user to approve a plan", agent.Interrupt{Message: "Shall I?"}),
		},
		Overridable: []openai.Property{openai.PropertyToolChoice},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(assistant.Capabilities()["humanInTheLoop"] != nil)
	// Output: true
}

// A factory makes the model call itself, with any settings of the client library,
// and leaves tools, events and the run's lifecycle to the runtime.
func ExampleNewFactory() {
	client := goopenai.NewClient("sk-…")
	tools := []agent.ServerTool{agent.Tool("forecast", "The weather in a city today", forecast)}
	own, err := openai.Definitions(tools)
	if err != nil {
		log.Fatal(err)
	}
	assistant, err := openai.NewFactory(openai.FactoryConfig{
		Tools:    tools,
		MaxSteps: 5,
		Stream: func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
			conversation, err := openai.ConvertInput(input)
			if err != nil {
				return nil, err
			}
			return client.CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{
				Model:    goopenai.GPT4o,
				Messages: conversation.Request("You help with the weather."),
				Tools:    append(conversation.Tools, own...),
				LogitBias: map[string]int{
					"1639": 6,
				},
			})
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(assistant.Capabilities()["tools"] != nil)
	// Output: true
}
