package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// calling is an answer that calls tools, each with its arguments.
func calling(namesAndArguments ...string) scriptedmodel.Answer {
	var answer scriptedmodel.Answer
	for i := 0; i < len(namesAndArguments); i += 2 {
		id := "call_" + string(rune('1'+i/2))
		answer.Deltas = append(answer.Deltas, scriptedmodel.ToolCall(i/2, id, namesAndArguments[i], namesAndArguments[i+1])...)
	}
	return answer
}

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
			p := scripted(t, calling(test.tool, test.arguments), scriptedmodel.Answer{Text: "ok"})
			a := p.agent(t, openai.Config{MaxSteps: 2, Tools: []agent.ServerTool{weatherTool(), failing, panicking, speaking}})
			events := run(t, a, saying("Hi"))
			if got := results(events)["call_1"]; got != test.result {
				t.Errorf("the client got %s", got)
			}
			messages := p.messages(t, 1)
			want := compact(t, map[string]any{"role": "tool", "tool_call_id": "call_1", "content": test.toModel})
			if got := messages[len(messages)-1]; got != want {
				t.Errorf("the model got %s, want %s", got, want)
			}
			if text(events) != "ok" {
				t.Errorf("the run said %q", text(events))
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
			tool := agent.Tool("weather", "", func(context.Context, city) (weather, error) {
				called = true
				return weather{}, nil
			})
			p := scripted(t, calling("weather", arguments), scriptedmodel.Answer{Text: "ok"})
			events := run(t, p.agent(t, openai.Config{MaxSteps: 2, Tools: []agent.ServerTool{tool}}), saying("Hi"))
			if got := results(events)["call_1"]; called || !strings.Contains(got, `{"error":"the arguments`) {
				t.Errorf("called: %v, result %s", called, got)
			}
			// A provider refuses a thread whose arguments are no object.
			messages := p.messages(t, 1)
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
	p := scripted(t, calling("one", "{}", "two", "{}"), scriptedmodel.Answer{Text: "ok"})
	a := p.agent(t, openai.Config{MaxSteps: 2, Tools: []agent.ServerTool{
		agent.Tool("one", "", meet(first, second)), agent.Tool("two", "", meet(second, first)),
	}})
	events := run(t, a, saying("Hi"))
	if got := results(events); got["call_1"] != `"met"` || got["call_2"] != `"met"` {
		t.Errorf("results %v", got)
	}
	// Whoever is done first, the model reads the results in the order of its calls.
	messages := p.messages(t, 1)
	if !strings.Contains(messages[2], "call_1") || !strings.Contains(messages[3], "call_2") {
		t.Errorf("the model got %v", messages)
	}
}

func TestAToolKnowsItsRun(t *testing.T) {
	tool := agent.Tool("where", "", func(ctx context.Context, _ struct{}) (string, error) {
		return agent.Input(ctx).ThreadID + " " + agent.ForwardedHeaders(ctx).Get("X-Tenant"), nil
	})
	p := scripted(t, calling("where", "{}"))
	ctx := agent.WithForwardedHeaders(t.Context(), http.Header{"X-Tenant": {"acme"}})
	events, err := collect(p.agent(t, openai.Config{Tools: []agent.ServerTool{tool}}).Run(ctx, saying("Hi")))
	if got := results(events)["call_1"]; err != nil || got != `"thread-1 acme"` {
		t.Errorf("got %s, %v", got, err)
	}
	if agent.Input(t.Context()) != nil {
		t.Error("there is an input outside of a run")
	}
}

func TestTheStateToolsNamesAreTaken(t *testing.T) {
	tool := agent.Tool("AGUISendStateSnapshot", "", func(context.Context, any) (string, error) { return "mine", nil })
	p := scripted(t, calling("AGUISendStateSnapshot", `{"snapshot":1}`))
	events := run(t, p.agent(t, openai.Config{Tools: []agent.ServerTool{tool}}), saying("Hi"))
	if got := results(events)["call_1"]; got != `{"success":true,"snapshot":1}` {
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
	p := scripted(t, calling("wait", "{}"))
	_, err := collect(p.agent(t, openai.Config{MaxSteps: 2, Tools: []agent.ServerTool{tool}}).Run(ctx, saying("Hi")))
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
	for name, test := range map[string]struct{ maxSteps, calls int }{
		"once by default": {0, 1},
		"three times":     {3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, calling("weather", `{"city":"Oslo"}`))
			run(t, p.agent(t, openai.Config{MaxSteps: test.maxSteps, Tools: []agent.ServerTool{weatherTool()}}), saying("Hi"))
			if got := len(p.Requests()); got != test.calls {
				t.Errorf("the model was called %d times", got)
			}
		})
	}
}

func TestEveryStepIsAMessageOfItsOwn(t *testing.T) {
	p := scripted(t, calling("weather", `{"city":"Oslo"}`), calling("weather", `{"city":"Rome"}`), scriptedmodel.Answer{Text: "ok"})
	parents := map[string]bool{}
	for _, event := range run(t, p.agent(t, openai.Config{MaxSteps: 3, Tools: []agent.ServerTool{weatherTool()}}), saying("Hi")) {
		if start, ok := event.(agui.ToolCallStartEvent); ok {
			parents[start.ParentMessageID] = true
		}
	}
	if len(parents) != 2 {
		t.Errorf("two steps have %d parent messages", len(parents))
	}
}

func TestAForcedToolIsForcedOnce(t *testing.T) {
	p := scripted(t, calling("weather", `{"city":"Oslo"}`), scriptedmodel.Answer{Text: "ok"})
	run(t, p.agent(t, openai.Config{
		MaxSteps: 5, Tools: []agent.ServerTool{weatherTool()},
		Settings: openai.Settings{ToolChoice: raw(`{"type":"tool","toolName":"weather"}`)},
	}), saying("Hi"))
	if got := compact(t, p.request(t, 0)["tool_choice"]); got != `{"function":{"name":"weather"},"type":"function"}` {
		t.Errorf("the first step has the choice %s", got)
	}
	if got, ok := p.request(t, 1)["tool_choice"]; ok {
		t.Errorf("the second step has the choice %v", got)
	}
}

// source is a ToolSource that gives tools or fails.
type source struct {
	tools []agent.ServerTool
	err   error
}

func (s source) Tools(context.Context) ([]agent.ServerTool, error) { return s.tools, s.err }

func TestToolsOfTheSameNameReplaceOneAnother(t *testing.T) {
	called := func(by string) func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return func(context.Context, json.RawMessage) (json.RawMessage, error) { return raw(`"` + by + `"`), nil }
	}
	p := scripted(t, calling("paint", "{}", "weather", "{}"))
	logger, log := logged()
	a := p.agent(t, openai.Config{
		Logger: logger,
		Tools:  []agent.ServerTool{{Name: "paint", Call: called("server")}, {Name: "weather", Call: called("server")}},
		ToolSources: []agent.ToolSource{
			source{err: errors.New("the tool server is down")},
			source{tools: []agent.ServerTool{{Name: "weather", Call: called("source")}, {Name: "broken"}}},
		},
	})
	input := saying("Hi")
	input.Tools = []agui.Tool{paintTool(), {Name: "mine"}}
	got := results(run(t, a, input))
	if got["call_1"] != `"server"` || got["call_2"] != `"source"` {
		t.Errorf("results %v", got)
	}
	names := p.toolNames(t, 0)
	if want := []string{"paint", "mine", "weather", "AGUISendStateSnapshot", "AGUISendStateDelta"}; !slices.Equal(names, want) {
		t.Errorf("the model got the tools %v", names)
	}
	if out := log.String(); !strings.Contains(out, "the tool server is down") || !strings.Contains(out, "tool broken") {
		t.Errorf("the log has %s", out)
	}
}

func TestSchemasAreCleanedForStrictProviders(t *testing.T) {
	for name, test := range map[string]struct{ given, want string }{
		"none":                        {``, `{"properties":{},"type":"object"}`},
		"null":                        {`null`, `{"properties":{},"type":"object"}`},
		"empty":                       {`{}`, `{"properties":{},"type":"object"}`},
		"a dialect":                   {`{"$schema":"x","type":"object","properties":{}}`, `{"properties":{},"type":"object"}`},
		"open objects":                {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{}},"b":{"type":"array","items":{"type":"object","additionalProperties":true}},"c":{"anyOf":[{"type":"object","additionalProperties":{}}]}},"additionalProperties":true}`, `{"properties":{"a":{"type":"object"},"b":{"items":{"type":"object"},"type":"array"},"c":{"anyOf":[{"type":"object"}]}},"type":"object"}`},
		"closed and typed ones stay":  {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}`, `{"additionalProperties":false,"properties":{"a":{"additionalProperties":{"type":"string"},"type":"object"}},"type":"object"}`},
		"a property with such a name": {`{"type":"object","properties":{"additionalProperties":{"type":"string"}}}`, `{"properties":{"additionalProperties":{"type":"string"}},"type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			input := saying("Hi")
			input.Tools = []agui.Tool{{Name: "paint", Parameters: raw(test.given)}}
			run(t, p.agent(t, openai.Config{WithoutStateTools: true}), input)
			tool := p.request(t, 0)["tools"].([]any)[0].(map[string]any)["function"].(map[string]any)
			if got := compact(t, tool["parameters"]); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("what is no object is an error", func(t *testing.T) {
		input := saying("Hi")
		input.Tools = []agui.Tool{{Name: "paint", Parameters: raw(`{"type":"string"}`)}}
		_, err := collect(scripted(t).agent(t, openai.Config{}).Run(t.Context(), input))
		var told *agent.Error
		if !errors.As(err, &told) || told.Code != "invalid_tool" || !strings.Contains(told.Message, "paint") {
			t.Errorf("the run ended with %v", err)
		}
	})
}
