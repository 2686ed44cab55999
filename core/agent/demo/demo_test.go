package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agent/demo"
	"github.com/copilotkit-go/runtime/core/agui"
)

// answer is what a run of the demo agent came to.
type answer struct {
	text, reasoning string
	calls           map[string]string // arguments by tool name
	state           []agui.EventType
	finished        bool
}

func ask(t *testing.T, config builtin.Config, input *agui.RunAgentInput) answer {
	t.Helper()
	if config.Model == nil {
		config.Model = &demo.Model{}
	}
	a, err := demo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	result, names := answer{calls: map[string]string{}}, map[string]string{}
	for event, err := range a.Run(t.Context(), input) {
		if err != nil {
			t.Fatal(err)
		}
		switch event := event.(type) {
		case agui.TextMessageContentEvent:
			result.text += event.Delta
		case agui.ReasoningMessageContentEvent:
			result.reasoning += event.Delta
		case agui.ToolCallStartEvent:
			names[event.ToolCallID] = event.ToolCallName
		case agui.ToolCallArgsEvent:
			result.calls[names[event.ToolCallID]] += event.Delta
		case agui.StateSnapshotEvent, agui.StateDeltaEvent:
			result.state = append(result.state, event.EventType())
		case agui.RunFinishedEvent:
			result.finished = true
		}
	}
	if !result.finished {
		t.Error("the run did not finish")
	}
	return result
}

func saying(text string, tools ...agui.Tool) *agui.RunAgentInput {
	return &agui.RunAgentInput{
		ThreadID: "thread", RunID: "run", Tools: tools,
		Messages: []agui.Message{{ID: "m1", Role: agui.RoleUser, Content: agui.TextContent(text)}},
	}
}

func TestTheDemoSaysWhatItIsAndWhatToSet(t *testing.T) {
	got := ask(t, builtin.Config{}, saying("Hello"))
	for _, want := range []string{"demo model", "COPILOTKIT_MODEL", "OPENAI_API_KEY", "no key"} {
		if !strings.Contains(got.text, want) {
			t.Errorf("the answer does not mention %q: %s", want, got.text)
		}
	}
	if again := ask(t, builtin.Config{}, saying("Hello")); again.text != got.text {
		t.Error("the same question got another answer")
	}
}

func TestTheDemoCallsAToolWithArgumentsThatFitItsSchema(t *testing.T) {
	for name, schema := range map[string]string{
		"scalars":      `{"type":"object","properties":{"city":{"type":"string","maxLength":6},"days":{"type":"integer","minimum":3,"maximum":9},"metric":{"type":"boolean"}},"required":["city","days","metric"]}`,
		"choices":      `{"type":"object","properties":{"unit":{"enum":["c","f"]},"kind":{"const":"now"},"level":{"type":"number","exclusiveMinimum":4}},"required":["unit","kind","level"]}`,
		"lists":        `{"type":"object","properties":{"todos":{"type":"array","minItems":2,"items":{"type":"object","properties":{"title":{"type":"string"}},"required":["title"]}}},"required":["todos"]}`,
		"alternatives": `{"type":"object","properties":{"shape":{"oneOf":[{"type":"object","properties":{"radius":{"type":"number"}},"required":["radius"]},{"type":"string"}]}},"required":["shape"]}`,
		"references":   `{"type":"object","$defs":{"node":{"type":"object","properties":{"name":{"type":"string"},"next":{"$ref":"#/$defs/node"}},"required":["name"]}},"properties":{"root":{"$ref":"#/$defs/node"}},"required":["root"]}`,
		"nothing":      `{"type":"object","properties":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, builtin.Config{}, saying("Please call paint", agui.Tool{Name: "paint", Parameters: json.RawMessage(schema)}))
			var parsed jsonschema.Schema
			if err := json.Unmarshal([]byte(schema), &parsed); err != nil {
				t.Fatal(err)
			}
			resolved, err := parsed.Resolve(nil)
			if err != nil {
				t.Fatal(err)
			}
			var arguments map[string]any
			if err := json.Unmarshal([]byte(got.calls["paint"]), &arguments); err != nil {
				t.Fatalf("arguments %q: %v", got.calls["paint"], err)
			}
			if err := resolved.Validate(arguments); err != nil {
				t.Errorf("arguments %s: %v", got.calls["paint"], err)
			}
		})
	}
}

func TestTheDemoTakesGivenArguments(t *testing.T) {
	got := ask(t, builtin.Config{}, saying(`call paint with {"color":"red"}`, agui.Tool{Name: "paint"}))
	if got.calls["paint"] != `{"color":"red"}` {
		t.Errorf("arguments are %s", got.calls["paint"])
	}
}

func TestTheDemoNamesTheToolsThereAreWhenAskedForAnother(t *testing.T) {
	got := ask(t, builtin.Config{}, saying("call nothing", agui.Tool{Name: "paint"}))
	if len(got.calls) != 0 || !strings.Contains(got.text, "no tool named `nothing`") || !strings.Contains(got.text, "call paint") {
		t.Errorf("calls %v, text %q", got.calls, got.text)
	}
}

func TestTheDemoSpeaksOfAToolsResult(t *testing.T) {
	input := saying("call paint", agui.Tool{Name: "paint"})
	input.Messages = append(input.Messages,
		agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "c1", Name: "paint", Arguments: "{}"}}},
		agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "c1", Content: agui.TextContent("painted it red")})
	got := ask(t, builtin.Config{}, input)
	if !strings.Contains(got.text, "`paint` returned") || !strings.Contains(got.text, "painted it red") || len(got.calls) != 0 {
		t.Errorf("text %q, calls %v", got.text, got.calls)
	}
}

func TestTheDemoRunsAServerToolAndThenSpeaks(t *testing.T) {
	type noArguments struct{}
	tool := agent.Tool("clock", "The time", func(context.Context, noArguments) (string, error) { return "noon", nil })
	got := ask(t, builtin.Config{Tools: []agent.ServerTool{tool}}, saying("call clock"))
	if got.calls["clock"] != "{}" || !strings.Contains(got.text, "noon") {
		t.Errorf("calls %v, text %q", got.calls, got.text)
	}
}

func TestTheDemoSuggestsWhenTheFrontEndAsks(t *testing.T) {
	suggest := agui.Tool{Name: "copilotkitSuggest", Parameters: json.RawMessage(`{"type":"object","properties":{"suggestions":{"type":"array"}}}`)}
	asked := saying("Suggest what the user could say next by calling the `copilotkitSuggest` tool.", suggest)
	forced := saying("Whatever", suggest, agui.Tool{Name: "paint"})
	forced.ForwardedProps = json.RawMessage(`{"toolChoice":{"type":"function","function":{"name":"copilotkitSuggest"}}}`)
	for name, input := range map[string]*agui.RunAgentInput{"by its words": asked, "by its tool choice": forced} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, builtin.Config{Overridable: []builtin.Property{builtin.PropertyToolChoice}}, input)
			var arguments struct {
				Suggestions []struct{ Title, Message string }
			}
			if err := json.Unmarshal([]byte(got.calls["copilotkitSuggest"]), &arguments); err != nil {
				t.Fatal(err)
			}
			if len(arguments.Suggestions) == 0 {
				t.Error("no suggestions")
			}
			for _, s := range arguments.Suggestions {
				if s.Title == "" || s.Message == "" {
					t.Errorf("suggestion %+v", s)
				}
			}
		})
	}
}

func TestTheDemoChangesAndShowsTheSharedState(t *testing.T) {
	input := saying(`set color to "teal"`)
	input.State = json.RawMessage(`{"size":3}`)
	got := ask(t, builtin.Config{}, input)
	if len(got.state) != 2 || !strings.Contains(got.text, "Done") {
		t.Errorf("state events %v, text %q", got.state, got.text)
	}
	input = saying("show the state")
	input.State = json.RawMessage(`{"color":"teal"}`)
	if got := ask(t, builtin.Config{}, input); !strings.Contains(got.text, `"color": "teal"`) {
		t.Errorf("text %q", got.text)
	}
}

func TestTheDemoThinks(t *testing.T) {
	got := ask(t, builtin.Config{}, saying("think about tea"))
	if !strings.Contains(got.reasoning, "tea") || got.text == "" {
		t.Errorf("reasoning %q, text %q", got.reasoning, got.text)
	}
}

func TestTheDemoKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ask(t, builtin.Config{Model: &demo.Model{Pace: time.Second}}, saying("think about tea"))
		if took := time.Since(began); took < 30*time.Second || took > 60*time.Second {
			t.Errorf("an answer of some 40 deltas, one a second, took %v", took)
		}
	})
}

func TestTheDemoStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := demo.New(builtin.Config{Model: &demo.Model{Pace: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		var last error
		for _, err := range a.Run(ctx, saying("Hello")) {
			last = err
		}
		if !errors.Is(last, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), last)
		}
	})
}
