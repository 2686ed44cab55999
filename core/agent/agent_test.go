package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// named is an agent with a description.
type named struct {
	agent.Func
	description string
}

func (n named) Description() string { return n.description }

// saying is an agent that says one thing.
func saying(text string) agent.Func {
	return func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.CustomEvent{Name: text}, nil)
		}
	}
}

// marking is a middleware that says its mark before the agent inside.
func marking(mark string) agent.Middleware {
	return func(inner agent.Agent) agent.Agent {
		return agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				if !yield(agui.CustomEvent{Name: mark}, nil) {
					return
				}
				inner.Run(ctx, input)(yield)
			}
		})
	}
}

func said(t *testing.T, a agent.Agent) []string {
	t.Helper()
	var all []string
	for event, err := range a.Run(t.Context(), &agui.RunAgentInput{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event.(agui.CustomEvent).Name)
	}
	return all
}

func TestMiddlewareKeepsWhatTheAgentSaysOfItself(t *testing.T) {
	inner := named{saying("agent"), "helps"}
	outer := agent.Use(inner, marking("first"), marking("second"))
	if got := said(t, outer); !slices.Equal(got, []string{"first", "second", "agent"}) {
		t.Errorf("the run said %v", got)
	}
	if found, ok := agent.As[agent.Describer](outer); !ok || found.Description() != "helps" {
		t.Errorf("the description is lost: %v %v", found, ok)
	}
	if _, ok := agent.As[agent.Connector](outer); ok {
		t.Error("found a connector where there is none")
	}
	if found, ok := agent.As[named](outer); !ok || found.description != "helps" {
		t.Error("the agent itself is not found")
	}
}

func TestAMiddlewareMayDescribeTheAgentAnew(t *testing.T) {
	renaming := func(inner agent.Agent) agent.Agent { return named{inner.Run, "renamed"} }
	outer := agent.Use(named{saying("agent"), "helps"}, marking("mark"), renaming)
	if found, ok := agent.As[agent.Describer](outer); !ok || found.Description() != "renamed" {
		t.Errorf("got %v %v", found, ok)
	}
}

func TestAnAgentWithoutMiddlewareIsItself(t *testing.T) {
	inner := named{saying("agent"), "helps"}
	if got := said(t, agent.Use(inner)); !slices.Equal(got, []string{"agent"}) {
		t.Errorf("the run said %v", got)
	}
}

func TestAToolsSchemaComesFromItsTypes(t *testing.T) {
	type place struct {
		City string   `json:"city" jsonschema:"the name of the city"`
		Days int      `json:"days,omitempty"`
		Tags []string `json:"tags,omitempty"`
	}
	nothing := func(context.Context, place) (int, error) { return 0, nil }
	tool := agent.Tool("weather", "The weather", nothing)
	if err := tool.Check(); err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Type       string
		Required   []string
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(tool.Parameters, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Type != "object" || !slices.Equal(schema.Required, []string{"city"}) || len(schema.Properties) != 3 ||
		schema.Properties["city"].Description != "the name of the city" {
		t.Errorf("the schema is %s", tool.Parameters)
	}
}

func TestAToolOfAnythingTakesAnyObject(t *testing.T) {
	tool := agent.Tool("echo", "", func(_ context.Context, in any) (any, error) { return in, nil })
	if err := tool.Check(); err != nil {
		t.Fatal(err)
	}
	if got, err := tool.Run(t.Context(), json.RawMessage(`{"a":[1]}`)); string(got) != `{"a":[1]}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := tool.Run(t.Context(), json.RawMessage(`[1]`)); err == nil {
		t.Errorf("a list came through as %s", got)
	}
}

func TestAToolThatCannotWorkSaysSo(t *testing.T) {
	type none struct{}
	number := agent.Tool("a", "", func(context.Context, int) (int, error) { return 0, nil })
	function := agent.InterruptTool[struct{ F func() }]("b", "", agent.Question{})
	interrupt := agent.InterruptTool[none]("c", "", agent.Question{})
	interrupt.Call = func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, nil }
	for name, tool := range map[string]agent.ServerTool{
		"arguments that are no object":    number,
		"arguments that have no schema":   function,
		"an interrupt that runs, too":     interrupt,
		"nothing to call":                 {Name: "d"},
		"no name":                         {Call: interrupt.Call},
		"arguments that are an interface": agent.Tool("e", "", func(context.Context, chan int) (int, error) { return 0, nil }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := tool.Check(); err == nil {
				t.Error("no error")
			} else if tool.Name != "" && !strings.Contains(err.Error(), "tool "+tool.Name) {
				t.Errorf("the error names no tool: %v", err)
			}
		})
	}
}

func TestAPanicIsAnErrorWithoutItsValue(t *testing.T) {
	tool := agent.Tool("fail", "", func(context.Context, struct{}) (int, error) { panic("secret") })
	_, err := tool.Run(t.Context(), nil)
	var panicked *agent.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "secret" || len(panicked.Stack) == 0 || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestAResultThatIsNoJSONIsAnError(t *testing.T) {
	tool := agent.Tool("fail", "", func(context.Context, struct{}) (func(), error) { return func() {}, nil })
	if _, err := tool.Run(t.Context(), nil); err == nil {
		t.Error("no error")
	}
}
