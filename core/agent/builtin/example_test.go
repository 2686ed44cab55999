package builtin_test

import (
	"context"
	"fmt"
	"iter"
	"log"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// Place is what the model has to say to call the tool of this example. The tags
// become the JSON Schema that the model sees.
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
		return Forecast{}, fmt.Errorf("no station in %s", in.City) // sent to the model
	}
	return Forecast{Celsius: 21, Sky: "clear"}, nil
}

// An agent with a tool that runs in the server, beside the one that the
// environment describes. "approve" ends the run with a question for a person.
func Example() {
	type Plan struct {
		Summary string `json:"summary"`
	}
	gpt, err := openai.New(model.Config{
		Model:  "openai/gpt-4o",
		APIKey: "sk-…", // or OPENAI_API_KEY
	})
	if err != nil {
		log.Fatal(err)
	}
	assistant, err := builtin.New(builtin.Config{
		Model:  gpt,
		Prompt: "You help with the weather.",
		Tools: []agent.ServerTool{
			agent.Tool("forecast", "The weather in a city today", forecast),
			agent.InterruptTool[Plan]("approve", "Asks the user to approve a plan", agent.Question{Message: "Shall I?"}),
		},
		Overridable: []builtin.Property{builtin.PropertyToolChoice},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(assistant.Capabilities()["humanInTheLoop"] != nil)
	// Output: true
}

// A model of your own is a function that yields the deltas of one answer.
func ExampleNew_model() {
	echo := model.Func(func(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
		return func(yield func(model.Delta, error) bool) {
			last := request.Messages[len(request.Messages)-1].Content.Text()
			_ = yield(model.Delta{Kind: model.KindText, Text: last}, nil) &&
				yield(model.Delta{Kind: model.KindFinish, Finish: &model.Finish{Reason: model.FinishStop}}, nil)
		}
	})
	assistant, err := builtin.New(builtin.Config{Model: echo})
	if err != nil {
		log.Fatal(err)
	}
	input := &agui.RunAgentInput{Messages: []agui.Message{{ID: "1", Role: agui.RoleUser, Content: agui.TextContent("Hello")}}}
	for event, err := range assistant.Run(context.Background(), input) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.EventType())
	}
	// Output:
	// TEXT_MESSAGE_START
	// TEXT_MESSAGE_CONTENT
	// TEXT_MESSAGE_END
	// RUN_FINISHED
}
