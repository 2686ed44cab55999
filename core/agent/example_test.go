package agent_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// An agent is a function that yields AG-UI events; no model is needed.
func ExampleNewCustom() {
	echo, err := agent.NewCustom(agent.CustomConfig{
		Description: "Says what you say",
		Events: func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				last := input.Messages[len(input.Messages)-1]
				yield(agui.TextMessageChunkEvent{
					MessageID: "echo-" + last.ID, Role: agui.RoleAssistant, Delta: last.Content.Text(), HasDelta: true,
				}, nil)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	input := &agui.RunAgentInput{
		ThreadID: "thread", RunID: "run",
		Messages: []agui.Message{{ID: "1", Role: agui.RoleUser, Content: agui.TextContent("Hello")}},
	}
	for event, err := range echo.Run(context.Background(), input) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.EventType())
	}
	// Output:
	// TEXT_MESSAGE_CHUNK
	// RUN_FINISHED
}

// A middleware wraps every run of an agent.
func ExampleUse() {
	timed := func(inner agent.Agent) agent.Agent {
		return agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				began := time.Now()
				inner.Run(ctx, input)(yield)
				log.Printf("run %s took %v", input.RunID, time.Since(began))
			}
		})
	}
	assistant := agent.Use(named{saying("hi"), "helps"}, timed)
	describer, _ := agent.As[agent.Describer](assistant)
	fmt.Println(describer.Description())
	// Output: helps
}
