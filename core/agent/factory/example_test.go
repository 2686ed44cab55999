package factory_test

import (
	"context"
	"fmt"
	"log"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/factory"
	"github.com/copilotkit-go/runtime/core/agui"
)

// City is what the model has to say to call the tool of this example.
type City struct {
	Name string `json:"name" jsonschema:"the name of the city"`
}

func celsius(ctx context.Context, in City) (int, error) {
	return 21, nil
}

// The function makes the model call, with any settings of the client library, and
// leaves tools, events and the run's lifecycle to the runtime.
func Example() {
	client := goopenai.NewClient("sk-…")
	tools := []agent.ServerTool{agent.Tool("celsius", "How warm it is in a city", celsius)}
	definitions, err := factory.Definitions(tools)
	if err != nil {
		log.Fatal(err)
	}
	assistant, err := factory.New(factory.Config{
		Tools: tools,
		Stream: func(ctx context.Context, input *agui.RunAgentInput) (*goopenai.ChatCompletionStream, error) {
			conversation, err := factory.ConvertInput(input)
			if err != nil {
				return nil, err
			}
			return client.CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{
				Model:     goopenai.GPT4o,
				Messages:  conversation.Request("You help with the weather."),
				Tools:     append(conversation.Tools, definitions...),
				LogitBias: map[string]int{"1639": 6},
			})
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(assistant.Capabilities()["tools"] != nil)
	// Output: true
}
