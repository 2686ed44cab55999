// Package agenttest provides what the tests of agents with a loop share: a scripted
// provider, inputs of runs, and functions that inspect events.
package agenttest

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Raw returns JSON.
func Raw(text string) json.RawMessage { return json.RawMessage(text) }

// Raws returns several pieces of JSON.
func Raws(texts ...string) []json.RawMessage {
	var all []json.RawMessage
	for _, text := range texts {
		all = append(all, Raw(text))
	}
	return all
}

// Compact encodes a value as JSON.
func Compact(t testing.TB, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// Saying returns the input of a run in which the user says something.
func Saying(text string) *agui.RunAgentInput {
	return &agui.RunAgentInput{
		ThreadID: "thread-1", RunID: "run-1",
		Messages: []agui.Message{{ID: "m1", Role: agui.RoleUser, Content: agui.TextContent(text)}},
	}
}

// Paused returns the input of a run on a thread with two open interrupts.
func Paused() *agui.RunAgentInput {
	input := Saying("Do it")
	input.Messages = append(input.Messages, agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{
		{ID: "call_1", Name: "approve", Arguments: `{"what":"one"}`}, {ID: "call_2", Name: "approve", Arguments: `{"what":"two"}`},
	}})
	return input
}

// Collect returns the events of a run, and the error that ended it.
func Collect(events iter.Seq2[agui.Event, error]) (all []agui.Event, err error) {
	for event, e := range events {
		if e != nil {
			return all, e
		}
		all = append(all, event)
	}
	return all, nil
}

// Run returns the events of a run. It fails the test if the run fails.
func Run(t testing.TB, a agent.Agent, input *agui.RunAgentInput) []agui.Event {
	t.Helper()
	events, err := Collect(a.Run(t.Context(), input))
	if err != nil {
		t.Fatalf("the run failed: %v", err)
	}
	return events
}

// Text returns the text of the events.
func Text(events []agui.Event) string {
	var b strings.Builder
	for _, event := range events {
		if content, ok := event.(agui.TextMessageContentEvent); ok {
			b.WriteString(content.Delta)
		}
	}
	return b.String()
}

// Results returns the tool results in the events, by tool call.
func Results(events []agui.Event) map[string]string {
	found := map[string]string{}
	for _, event := range events {
		if result, ok := event.(agui.ToolCallResultEvent); ok {
			found[result.ToolCallID] = result.Content
		}
	}
	return found
}

// City is the arguments of [WeatherTool].
type City struct {
	City string `json:"city" jsonschema:"the name of the city"`
}

// Weather is the result of [WeatherTool].
type Weather struct {
	Celsius int `json:"celsius"`
}

// WeatherTool returns a tool that runs on the server.
func WeatherTool() agent.ServerTool {
	return agent.Tool("weather", "The weather in a city", func(_ context.Context, in City) (Weather, error) {
		return Weather{Celsius: 20 + len(in.City) - 3}, nil
	})
}

// ApproveTool returns a tool that asks a person.
func ApproveTool() agent.ServerTool {
	type plan struct {
		What string `json:"what"`
	}
	return agent.InterruptTool[plan]("approve", "Ask a person", agent.Question{Message: "Is this fine?"})
}

// PaintTool returns a tool of the front end.
func PaintTool() agui.Tool {
	return agui.Tool{Name: "paint", Description: "Paint the page", Parameters: json.RawMessage(
		`{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}`)}
}
