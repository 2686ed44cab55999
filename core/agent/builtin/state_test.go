package builtin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestTheModelChangesTheSharedState(t *testing.T) {
	for name, test := range map[string]struct {
		state  string
		answer scriptedmodel.Answer
		events []string // the state's
		result string   // of the last call, or a part of it
	}{
		"a snapshot replaces it": {
			`{"a":1}`, agenttest.Calling("AGUISendStateSnapshot", `{"snapshot":{"b":2}}`),
			[]string{`STATE_SNAPSHOT {"snapshot":{"b":2}}`}, `{"success":true,"snapshot":{"b":2}}`,
		},
		"a snapshot of null": {
			`{"a":1}`, agenttest.Calling("AGUISendStateSnapshot", `{"snapshot":null}`),
			[]string{`STATE_SNAPSHOT {"snapshot":null}`}, `{"success":true,"snapshot":null}`,
		},
		"the first delta comes after what it changes": {
			`{"a":1}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"replace","path":"/a","value":2}]}`),
			[]string{`STATE_SNAPSHOT {"snapshot":{"a":1}}`, `STATE_DELTA {"delta":[{"op":"replace","path":"/a","value":2}]}`},
			`{"success":true,"delta":[{"op":"replace","path":"/a","value":2}]}`,
		},
		"without a state in the run there is no snapshot": {
			``, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"add","path":"/a","value":2}]}`),
			[]string{`STATE_DELTA {"delta":[{"op":"add","path":"/a","value":2}]}`}, `"success":true`,
		},
		"a delta after a snapshot": {
			`{"a":1}`, agenttest.Calling("AGUISendStateSnapshot", `{"snapshot":{"b":[]}}`, "AGUISendStateDelta", `{"delta":[{"op":"add","path":"/b/-","value":2}]}`),
			[]string{`STATE_SNAPSHOT {"snapshot":{"b":[]}}`, `STATE_DELTA {"delta":[{"op":"add","path":"/b/-","value":2}]}`}, `"success":true`,
		},
		"an append makes the list that it needs": {
			``, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"add","path":"/todos/-","value":"tea"},{"op":"add","path":"/todos/-","value":"milk"}]}`),
			[]string{`STATE_DELTA {"delta":[{"op":"add","path":"/todos","value":[]},{"op":"add","path":"/todos/-","value":"tea"},{"op":"add","path":"/todos/-","value":"milk"}]}`}, `"success":true`,
		},
		"a delta written as a string": {
			``, agenttest.Calling("AGUISendStateDelta", `{"delta":"[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]"}`),
			[]string{`STATE_DELTA {"delta":[{"op":"add","path":"/a","value":1}]}`}, `"success":true`,
		},
		"a delta that doesn't apply changes nothing": {
			`{"a":1}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"replace","path":"/a","value":2},{"op":"remove","path":"/b"}]}`),
			nil, `{"error":"operation 1 does not apply to the state, which is unchanged`,
		},
		"a delta into what isn't there": {
			`{}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"add","path":"/a/b/-","value":2}]}`),
			nil, `{"error":"operation 0 does not apply`,
		},
		"a delta that counts from the end of a list, which clients can't": {
			`{"a":[1]}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[{"op":"replace","path":"/a/-1","value":2}]}`),
			nil, `{"error":"operation 0 does not apply`,
		},
		"a delta that doubles the state over and over": {
			`{"a":"12345678"}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[`+strings.Repeat(`{"op":"copy","from":"","path":"/b"},{"op":"copy","from":"","path":"/c"},`, 30)+`{"op":"test","path":"/a","value":1}]}`),
			nil, `makes the state too large, which is unchanged`,
		},
		"an operation that isn't one": {
			`{}`, agenttest.Calling("AGUISendStateDelta", `{"delta":[7]}`),
			nil, `{"error":"operation 0 does not apply`,
		},
		"a delta that is missing":    {`{}`, agenttest.Calling("AGUISendStateDelta", `{}`), nil, `{"error":"the argument delta is missing"}`},
		"a snapshot that is missing": {`{}`, agenttest.Calling("AGUISendStateSnapshot", `{}`), nil, `{"error":"the argument snapshot is missing"}`},
		"arguments that aren't JSON": {`{}`, agenttest.Calling("AGUISendStateSnapshot", `{`), nil, `{"error":"the arguments are not a JSON object`},
	} {
		t.Run(name, func(t *testing.T) {
			input := agenttest.Saying("Hi")
			input.State = agenttest.Raw(test.state)
			events := agenttest.Run(t, scripted(t, test.answer).agent(t, builtin.Config{}), input)
			var got []string
			last := ""
			for i, line := range agenttest.Lines(t, events) {
				if strings.HasPrefix(line, "STATE_") {
					got = append(got, line)
				}
				if result, ok := events[i].(agui.ToolCallResultEvent); ok {
					last = result.Content
				}
			}
			if !slices.Equal(got, test.events) {
				t.Errorf("got %v, want %v", got, test.events)
			}
			if !strings.Contains(last, test.result) {
				t.Errorf("the result is %s, want %s", last, test.result)
			}
		})
	}
}

func TestTheSystemPromptTellsContextAndState(t *testing.T) {
	for name, test := range map[string]struct {
		config builtin.Config
		input  func(*agui.RunAgentInput)
		has    []string
		hasNot []string
	}{
		"the prompt alone": {
			builtin.Config{Prompt: "Be brief."}, func(*agui.RunAgentInput) {},
			[]string{"Be brief."}, []string{"##"},
		},
		"all of it": {
			builtin.Config{Prompt: "Be brief."}, func(in *agui.RunAgentInput) {
				in.Context = []agui.Context{{Description: "The user", Value: "Ada"}, {Description: "The page", Value: "Home"}}
				in.State = agenttest.Raw(`{"color":"red"}`)
			},
			[]string{"Be brief.\n## Context", "The user:\nAda\n", "The page:\nHome\n", "## State", "\"color\": \"red\"", "AGUISendStateDelta"}, nil,
		},
		"a state of strings with brackets": {
			builtin.Config{}, func(in *agui.RunAgentInput) { in.State = agenttest.Raw(`{"a":"\"` + strings.Repeat("[{", 100) + `"}`) },
			[]string{"{\n  \"a\": \"\\\"[{"}, nil,
		},
		"a state whose lines would be very long": {
			builtin.Config{}, func(in *agui.RunAgentInput) {
				in.State = agenttest.Raw(strings.Repeat(`{"a":`, 9000) + `1` + strings.Repeat(`}`, 9000))
			},
			[]string{`{"a":{"a":{"a":`}, []string{"  "},
		},
		"a state that can't be changed": {
			builtin.Config{WithoutStateTools: true}, func(in *agui.RunAgentInput) { in.State = agenttest.Raw(`[1]`) },
			[]string{"## State"}, []string{"AGUISendStateDelta"},
		},
		"nothing": {
			builtin.Config{}, func(in *agui.RunAgentInput) { in.State = agenttest.Raw(`{ }`) }, nil, []string{"system"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Text: "ok"})
			input := agenttest.Saying("Hi")
			test.input(input)
			agenttest.Run(t, p.agent(t, test.config), input)
			first := p.Request(t, 0)["messages"].([]any)[0].(map[string]any)
			prompt, _ := first["content"].(string)
			if test.has != nil && first["role"] != "system" {
				t.Fatalf("the first message is %v", first)
			}
			for _, part := range test.has {
				if !strings.Contains(prompt, part) {
					t.Errorf("the prompt has no %q: %s", part, prompt)
				}
			}
			for _, part := range test.hasNot {
				if strings.Contains(prompt, part) || first["role"] == part {
					t.Errorf("the prompt has %q: %s", part, prompt)
				}
			}
		})
	}
}
