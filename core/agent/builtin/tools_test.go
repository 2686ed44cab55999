package builtin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestWhatBecomesOfAToolIsToldToTheModel(t *testing.T) {
	type none struct{}
	failing := agent.Tool("fail", "", func(context.Context, none) (string, error) { return "", errors.New("no such city") })
	panicking := agent.Tool("panic", "", func(context.Context, none) (string, error) { panic("secret") })
	speaking := agent.Tool("say", "", func(context.Context, none) (string, error) { return "plain text", nil })
	for name, test := range map[string]struct {
		tool, arguments string
		result, toModel string
	}{
		"a result":                  {"weather", `{"city":"Oslo"}`, `{"celsius":21}`, `{"celsius":21}`},
		"a result that is a string": {"say", `{}`, `"plain text"`, `plain text`},
		"an error":                  {"fail", `{}`, `{"error":"no such city"}`, `{"error":"no such city"}`},
		"a panic":                   {"panic", `{}`, `{"error":"the tool failed unexpectedly"}`, `{"error":"the tool failed unexpectedly"}`},
		"no such tool":              {"nothing", `{}`, `{"error":"there is no tool named nothing"}`, `{"error":"there is no tool named nothing"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, agenttest.Calling(test.tool, test.arguments), scriptedmodel.Answer{Text: "ok"})
			a := p.agent(t, builtin.Config{MaxSteps: 2, Tools: []agent.ServerTool{agenttest.WeatherTool(), failing, panicking, speaking}})
			events := agenttest.Run(t, a, agenttest.Saying("Hi"))
			if got := agenttest.Results(events)["call_1"]; got != test.result {
				t.Errorf("the client got %s", got)
			}
			messages := p.Messages(t, 1)
			want := agenttest.Compact(t, map[string]any{"role": "tool", "tool_call_id": "call_1", "content": test.toModel})
			if got := messages[len(messages)-1]; got != want {
				t.Errorf("the model got %s, want %s", got, want)
			}
			if agenttest.Text(events) != "ok" {
				t.Errorf("the run said %q", agenttest.Text(events))
			}
		})
	}
}

func TestArgumentsThatDoNotFitNeverReachTheTool(t *testing.T) {
	for name, arguments := range map[string]string{
		"not JSON":            `{"city":`,
		"not an object":       `["Oslo"]`,
		"a field is missing":  `{}`,
		"a field is no text":  `{"city":7}`,
		"a field too many":    `{"city":"Oslo","country":"no"}`,
		"nothing but a space": ` `,
	} {
		t.Run(name, func(t *testing.T) {
			called := false
			tool := agent.Tool("weather", "", func(context.Context, agenttest.City) (agenttest.Weather, error) {
				called = true
				return agenttest.Weather{}, nil
			})
			p := scripted(t, agenttest.Calling("weather", arguments), scriptedmodel.Answer{Text: "ok"})
			events := agenttest.Run(t, p.agent(t, builtin.Config{MaxSteps: 2, Tools: []agent.ServerTool{tool}}), agenttest.Saying("Hi"))
			if got := agenttest.Results(events)["call_1"]; called || !strings.Contains(got, `{"error":"the arguments`) {
				t.Errorf("called: %v, result %s", called, got)
			}
			// A provider refuses a thread whose arguments are no object.
			messages := p.Messages(t, 1)
			if sent := messages[len(messages)-2]; name == "not JSON" && !strings.Contains(sent, `"arguments":"{}"`) {
				t.Errorf("the model got %s", sent)
			}
		})
	}
}

func TestToolsOfOneStepRunSideBySide(t *testing.T) {
	type none struct{}
	first, second := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context, none) (string, error) {
		return func(ctx context.Context, _ none) (string, error) {
			close(mine)
			select {
			case <-other:
				return "met", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	}
	p := scripted(t, agenttest.Calling("one", "{}", "two", "{}"), scriptedmodel.Answer{Text: "ok"})
	a := p.agent(t, builtin.Config{MaxSteps: 2, Tools: []agent.ServerTool{
		agent.Tool("one", "", meet(first, second)), agent.Tool("two", "", meet(second, first)),
	}})
	events := agenttest.Run(t, a, agenttest.Saying("Hi"))
	if got := agenttest.Results(events); got["call_1"] != `"met"` || got["call_2"] != `"met"` {
		t.Errorf("results %v", got)
	}
	// Whoever is done first, the model reads the results in the order of its calls.
	messages := p.Messages(t, 1)
	if !strings.Contains(messages[2], "call_1") || !strings.Contains(messages[3], "call_2") {
		t.Errorf("the model got %v", messages)
	}
}

func TestAToolKnowsItsRun(t *testing.T) {
	tool := agent.Tool("where", "", func(ctx context.Context, _ struct{}) (string, error) {
		return agent.Input(ctx).ThreadID + " " + agent.ForwardedHeaders(ctx).Get("X-Tenant"), nil
	})
	p := scripted(t, agenttest.Calling("where", "{}"))
	ctx := agent.WithForwardedHeaders(t.Context(), http.Header{"X-Tenant": {"acme"}})
	events, err := agenttest.Collect(p.agent(t, builtin.Config{Tools: []agent.ServerTool{tool}}).Run(ctx, agenttest.Saying("Hi")))
	if got := agenttest.Results(events)["call_1"]; err != nil || got != `"thread-1 acme"` {
		t.Errorf("got %s, %v", got, err)
	}
	if agent.Input(t.Context()) != nil {
		t.Error("there is an input outside of a run")
	}
}

func TestTheStateToolsNamesAreTaken(t *testing.T) {
	tool := agent.Tool("AGUISendStateSnapshot", "", func(context.Context, any) (string, error) { return "mine", nil })
	p := scripted(t, agenttest.Calling("AGUISendStateSnapshot", `{"snapshot":1}`))
	events := agenttest.Run(t, p.agent(t, builtin.Config{Tools: []agent.ServerTool{tool}}), agenttest.Saying("Hi"))
	if got := agenttest.Results(events)["call_1"]; got != `{"success":true,"snapshot":1}` {
		t.Errorf("got %s", got)
	}
}

func TestARunThatIsStoppedWaitsForItsTools(t *testing.T) {
	type none struct{}
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tool := agent.Tool("wait", "", func(ctx context.Context, _ none) (string, error) {
		defer close(ended)
		cancel()
		<-ctx.Done()
		return "", ctx.Err()
	})
	p := scripted(t, agenttest.Calling("wait", "{}"))
	_, err := agenttest.Collect(p.agent(t, builtin.Config{MaxSteps: 2, Tools: []agent.ServerTool{tool}}).Run(ctx, agenttest.Saying("Hi")))
	select {
	case <-ended:
	default:
		t.Error("the tool still runs after the run")
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the run ended with %v", err)
	}
}

func TestARunEndsAfterMaxSteps(t *testing.T) {
	tools := []agent.ServerTool{agenttest.WeatherTool()}
	for name, test := range map[string]struct {
		config builtin.Config
		calls  int
	}{
		"after 10 by default, with a tool that runs here": {builtin.Config{Tools: tools}, 10},
		"after 10 by default, with a source of tools":     {builtin.Config{ToolSources: []agent.ToolSource{source{tools: tools}}}, 10},
		"after one, with the front end's tools alone":     {builtin.Config{}, 1},
		"after one, with a tool that asks a person":       {builtin.Config{Tools: []agent.ServerTool{agenttest.ApproveTool()}}, 1},
		"after one, if it is set so":                      {builtin.Config{MaxSteps: 1, Tools: tools}, 1},
		"after three, if it is set so":                    {builtin.Config{MaxSteps: 3, Tools: tools}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			// The state's tool runs here, too, but it alone is no reason to go on.
			p := scripted(t, agenttest.Calling("weather", `{"city":"Oslo"}`, "AGUISendStateSnapshot", `{"snapshot":1}`))
			agenttest.Run(t, p.agent(t, test.config), agenttest.Saying("Hi"))
			if got := len(p.Requests()); got != test.calls {
				t.Errorf("the model was called %d times, want %d", got, test.calls)
			}
		})
	}
}

func TestEveryStepIsAMessageOfItsOwn(t *testing.T) {
	p := scripted(t, agenttest.Calling("weather", `{"city":"Oslo"}`), agenttest.Calling("weather", `{"city":"Rome"}`), scriptedmodel.Answer{Text: "ok"})
	parents := map[string]bool{}
	for _, event := range agenttest.Run(t, p.agent(t, builtin.Config{MaxSteps: 3, Tools: []agent.ServerTool{agenttest.WeatherTool()}}), agenttest.Saying("Hi")) {
		if start, ok := event.(agui.ToolCallStartEvent); ok {
			parents[start.ParentMessageID] = true
		}
	}
	if len(parents) != 2 {
		t.Errorf("two steps have %d parent messages", len(parents))
	}
}

func TestAForcedToolIsForcedOnce(t *testing.T) {
	p := scripted(t, agenttest.Calling("weather", `{"city":"Oslo"}`), scriptedmodel.Answer{Text: "ok"})
	agenttest.Run(t, p.agent(t, builtin.Config{
		MaxSteps: 5, Tools: []agent.ServerTool{agenttest.WeatherTool()},
		Settings: model.Settings{ToolChoice: model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "weather"}},
	}), agenttest.Saying("Hi"))
	if got := agenttest.Compact(t, p.Request(t, 0)["tool_choice"]); got != `{"function":{"name":"weather"},"type":"function"}` {
		t.Errorf("the first step has the choice %s", got)
	}
	if got, ok := p.Request(t, 1)["tool_choice"]; ok {
		t.Errorf("the second step has the choice %v", got)
	}
}

// source is a ToolSource that gives tools or fails.
type source struct {
	tools []agent.ServerTool
	err   error
}

func (s source) Tools(context.Context) ([]agent.ServerTool, error) { return s.tools, s.err }

// panicking is a ToolSource that panics.
type panicking struct{}

func (panicking) Tools(context.Context) ([]agent.ServerTool, error) { panic("a bad source") }

func TestToolsReplaceThoseOfTheFrontEndAndThoseOfSourcesNone(t *testing.T) {
	called := func(by string) func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return agenttest.Raw(`"` + by + `"`), nil
		}
	}
	p := scripted(t, agenttest.Calling("paint", "{}", "weather", "{}", "weather_2", "{}", "weather_3", "{}"))
	logger, log := logged()
	shared := []agent.ServerTool{{Name: "weather", Call: called("source")}, {Name: "broken"}}
	a := p.agent(t, builtin.Config{
		Logger: logger,
		Tools:  []agent.ServerTool{{Name: "paint", Call: called("server")}, {Name: "weather", Call: called("server")}},
		ToolSources: []agent.ToolSource{
			source{err: errors.New("the tool server is down")},
			source{tools: shared},
			panicking{},
			source{tools: []agent.ServerTool{{Name: "weather", Call: called("other source")}}},
		},
	})
	input := agenttest.Saying("Hi")
	input.Tools = []agui.Tool{agenttest.PaintTool(), {Name: "mine"}}
	got := agenttest.Results(agenttest.Run(t, a, input))
	if got["call_1"] != `"server"` || got["call_2"] != `"server"` || got["call_3"] != `"source"` || got["call_4"] != `"other source"` {
		t.Errorf("results %v", got)
	}
	if shared[0].Name != "weather" {
		t.Errorf("the source's own list has %s", shared[0].Name)
	}
	names := p.ToolNames(t, 0)
	if want := []string{"paint", "mine", "weather", "AGUISendStateSnapshot", "AGUISendStateDelta", "weather_2", "weather_3"}; !slices.Equal(names, want) {
		t.Errorf("the model got the tools %v", names)
	}
	if out := log.String(); !strings.Contains(out, "the tool server is down") || !strings.Contains(out, "a bad source") || !strings.Contains(out, "tool broken") {
		t.Errorf("the log has %s", out)
	}
}

func TestSchemasAreCleanedForStrictProviders(t *testing.T) {
	for name, test := range map[string]struct{ given, want string }{
		"none":                            {``, `{"properties":{},"type":"object"}`},
		"null":                            {`null`, `{"properties":{},"type":"object"}`},
		"an empty list, as PHP writes it": {`[]`, `{"properties":{},"type":"object"}`},
		"empty":                           {`{}`, `{"properties":{},"type":"object"}`},
		"a dialect":                       {`{"$schema":"x","type":"object","properties":{}}`, `{"properties":{},"type":"object"}`},
		"open objects":                    {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{}},"b":{"type":"array","items":{"type":"object","additionalProperties":true}},"c":{"anyOf":[{"type":"object","additionalProperties":{}}]}},"additionalProperties":true}`, `{"properties":{"a":{"type":"object"},"b":{"items":{"type":"object"},"type":"array"},"c":{"anyOf":[{"type":"object"}]}},"type":"object"}`},
		"closed and typed ones stay":      {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}`, `{"additionalProperties":false,"properties":{"a":{"additionalProperties":{"type":"string"},"type":"object"}},"type":"object"}`},
		"a property with such a name":     {`{"type":"object","properties":{"additionalProperties":{"type":"string"}}}`, `{"properties":{"additionalProperties":{"type":"string"}},"type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			input := agenttest.Saying("Hi")
			input.Tools = []agui.Tool{{Name: "paint", Parameters: agenttest.Raw(test.given)}}
			agenttest.Run(t, p.agent(t, builtin.Config{WithoutStateTools: true}), input)
			tool := p.Request(t, 0)["tools"].([]any)[0].(map[string]any)["function"].(map[string]any)
			if got := agenttest.Compact(t, tool["parameters"]); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("what is no object is an error", func(t *testing.T) {
		input := agenttest.Saying("Hi")
		input.Tools = []agui.Tool{{Name: "paint", Parameters: agenttest.Raw(`{"type":"string"}`)}}
		_, err := agenttest.Collect(scripted(t).agent(t, builtin.Config{}).Run(t.Context(), input))
		var failed *agent.Error
		if !errors.As(err, &failed) || failed.Code != "invalid_tool" || !strings.Contains(failed.Message, "paint") {
			t.Errorf("the run ended with %v", err)
		}
	})
}
