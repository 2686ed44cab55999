package a2ui_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const (
	schemaDescription = "A2UI Component Schema — available components for generating UI surfaces. Use these component names and properties when creating A2UI operations."
	guideDescription  = "A2UI render tool usage guide — how to call render_a2ui with valid arguments."
	textSchema        = `{"catalogId": "server", "components": {"Text": {"required": ["text"]}}}`
)

// given returns the input that the agent gets of one with those forwarded properties.
func given(t *testing.T, config a2ui.Config, input *agui.RunAgentInput) *agui.RunAgentInput {
	t.Helper()
	before := agenttest.Compact(t, input)
	var got *agui.RunAgentInput
	agenttest.Run(t, newExtension(t, config).Extend("default", answering([]agui.Event{finished}, &got)), input)
	if after := agenttest.Compact(t, input); after != before {
		t.Errorf("the input became %s, and was %s", after, before)
	}
	return got
}

// names returns the names of tools and the descriptions of a context.
func names(input *agui.RunAgentInput) (tools, context []string) {
	for _, tool := range input.Tools {
		tools = append(tools, tool.Name)
	}
	for _, entry := range input.Context {
		context = append(context, strings.Split(entry.Description, " — ")[0])
	}
	return tools, context
}

func TestWhatTheAgentGets(t *testing.T) {
	const schema, guide = "A2UI Component Schema", "A2UI render tool usage guide"
	tool := func(name string) agui.Tool { return agui.Tool{Name: name, Description: "mine"} }
	entry := func(description string) agui.Context { return agui.Context{Description: description, Value: "mine"} }
	for name, test := range map[string]struct {
		config         a2ui.Config
		input          agui.RunAgentInput
		tools, context []string
		props          string
	}{
		"nothing more, if the front end has no catalog": {props: ``},
		"the tool and its guide, if it has": {
			input: agui.RunAgentInput{ForwardedProps: json.RawMessage(`{"a":{"b" : 1},"a2uiCatalogAvailable":true}`)},
			tools: []string{"render_a2ui"}, context: []string{guide},
			props: `{"a":{"b" : 1},"a2uiCatalogAvailable":true,"injectA2UITool":true}`},
		"nothing, if the catalog isn't quite there": {
			input: agui.RunAgentInput{ForwardedProps: json.RawMessage(`{"a2uiCatalogAvailable":1}`)}, props: `{"a2uiCatalogAvailable":1}`},
		"nothing, if agents have tools of their own": {
			config: own, input: agui.RunAgentInput{ForwardedProps: json.RawMessage(`{"a2uiCatalogAvailable":true}`)},
			props: `{"a2uiCatalogAvailable":true}`},
		"the tool by another name": {
			config: a2ui.Config{Tool: a2ui.ToolAlways, ToolName: "draw"}, tools: []string{"draw"}, context: []string{guide},
			props: `{"injectA2UITool":"draw"}`},
		"one tool of the name, after the others": {
			config: a2ui.Config{Tool: a2ui.ToolAlways},
			input: agui.RunAgentInput{
				Tools:   []agui.Tool{tool("render_a2ui"), tool("b"), tool("render_a2ui")},
				Context: []agui.Context{entry(guideDescription), entry("c")}},
			tools: []string{"b", "render_a2ui"}, context: []string{"c", guide}, props: `{"injectA2UITool":true}`},
		"the word for the agent in place of what the front end says": {
			config: a2ui.Config{Tool: a2ui.ToolAlways},
			input:  agui.RunAgentInput{ForwardedProps: json.RawMessage(`{"injectA2UITool":"evil","x":1}`)},
			tools:  []string{"render_a2ui"}, context: []string{guide}, props: `{"x":1,"injectA2UITool":true}`},
		"the word also where properties are no object": {
			config: a2ui.Config{Tool: a2ui.ToolAlways}, input: agui.RunAgentInput{ForwardedProps: json.RawMessage(`[1]`)},
			tools: []string{"render_a2ui"}, context: []string{guide}, props: `{"injectA2UITool":true}`},
		"the schema in place of the front end's, before the guide": {
			config: a2ui.Config{Tool: a2ui.ToolAlways, Schema: []byte(textSchema)},
			input:  agui.RunAgentInput{Context: []agui.Context{entry(schemaDescription), entry("c")}},
			tools:  []string{"render_a2ui"}, context: []string{"c", schema, guide}, props: `{"injectA2UITool":true}`},
		"the front end's schema, if the server's is empty": {
			config: a2ui.Config{Tool: a2ui.ToolNever, Schema: []byte(`{"components":{}}`)},
			input:  agui.RunAgentInput{Context: []agui.Context{entry(schemaDescription)}}, context: []string{schema}},
		"descriptions in place of schemas": {
			config:  a2ui.Config{Tool: a2ui.ToolNever, Schema: []byte(`[{"name":"Text"}]`)},
			context: []string{schema}},
	} {
		t.Run(name, func(t *testing.T) {
			got := given(t, test.config, &test.input)
			tools, context := names(got)
			if strings.Join(tools, " ") != strings.Join(test.tools, " ") || strings.Join(context, ", ") != strings.Join(test.context, ", ") {
				t.Errorf("tools %v, context %v", tools, context)
			}
			if string(got.ForwardedProps) != test.props {
				t.Errorf("properties %s, want %s", got.ForwardedProps, test.props)
			}
		})
	}
}

func TestTheSchemaReachesTheAgentAsItIs(t *testing.T) {
	got := given(t, a2ui.Config{Schema: []byte(textSchema)}, &agui.RunAgentInput{})
	if want := `{"catalogId":"server","components":{"Text":{"required":["text"]}}}`; got.Context[0].Value != want {
		t.Errorf("got %s", got.Context[0].Value)
	}
}

func TestTheToolIsTheOneThatAgentsKnow(t *testing.T) {
	tool := given(t, a2ui.Config{Tool: a2ui.ToolAlways}, &agui.RunAgentInput{}).Tools[0]
	var parameters struct {
		Properties map[string]struct{ Type string }
		Required   []string
	}
	if err := json.Unmarshal(tool.Parameters, &parameters); err != nil {
		t.Fatal(err)
	}
	if len(parameters.Properties) != 3 || strings.Join(parameters.Required, " ") != "surfaceId components" {
		t.Errorf("parameters %s", tool.Parameters)
	}
	if !strings.HasPrefix(tool.Description, "Render a dynamic A2UI v0.9 surface") {
		t.Errorf("description %q", tool.Description)
	}
}

// The example that the guide shows is drawn as it is.
func TestTheGuideKeepsItsOwnRules(t *testing.T) {
	guide := given(t, a2ui.Config{Tool: a2ui.ToolAlways, ToolName: "draw"}, &agui.RunAgentInput{}).Context[0].Value
	for _, word := range []string{"draw", "surfaceId", "components", `"root"`, `{"path":`, "componentId", `{"event":{"name":`, "catalogId"} {
		if !strings.Contains(guide, word) {
			t.Errorf("the guide doesn't mention %s", word)
		}
	}
	example := regexp.MustCompile(`(?s)\{"surfaceId.*?\}\}\n`).FindString(guide)
	lines := drawn(t, own, nil, run(call("c", "render_a2ui", example))...)
	wantLines(t, lines[len(lines)-4:], "  c: create order of basic, 4 components",
		`  c: create order of basic, 4 components, data {"total":"24.50"}`, "args c", "end c")
}

func TestWhatTheUserHasDoneBecomesMessages(t *testing.T) {
	for name, test := range map[string]struct{ props, want, arguments string }{
		"nothing":                    {`{}`, "", ""},
		"nothing, by null":           {`{"a2uiAction":null}`, "", ""},
		"nothing, without an action": {`{"a2uiAction":{}}`, "", ""},
		"nothing, by an empty text":  {`{"a2uiAction":{"userAction":""}}`, "", ""},
		"a whole action": {`{"a2uiAction":{"userAction":{"name":"go","surfaceId":"s","sourceComponentId":"b","context":{"a" : 1}}}}`,
			`User performed action "go" on surface "s" (component: b). Context: {"a":1}`,
			`{"name":"go","surfaceId":"s","sourceComponentId":"b","context":{"a":1}}`},
		"an action of nothing": {`{"a2uiAction":{"userAction":{}}}`,
			`User performed action "unknown_action" on surface "unknown_surface". Context: {}`, `{}`},
		"an action of nulls": {`{"a2uiAction":{"userAction":{"name":null,"surfaceId":null,"sourceComponentId":null,"context":null}}}`,
			`User performed action "unknown_action" on surface "unknown_surface". Context: {}`,
			`{"name":null,"surfaceId":null,"sourceComponentId":null,"context":null}`},
		"an action of other kinds": {`{"a2uiAction":{"userAction":{"name":5,"sourceComponentId":0,"context":"x"}}}`,
			`User performed action "5" on surface "unknown_surface". Context: "x"`, `{"name":5,"sourceComponentId":0,"context":"x"}`},
		"a text": {`{"a2uiAction":{"userAction":"x"}}`,
			`User performed action "unknown_action" on surface "unknown_surface". Context: {}`, `"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			said := agui.Message{ID: "u", Role: agui.RoleUser, Content: agui.TextContent("hi")}
			input := &agui.RunAgentInput{Messages: []agui.Message{said}, ForwardedProps: json.RawMessage(test.props)}
			got := given(t, own, input)
			if string(got.ForwardedProps) != test.props {
				t.Errorf("properties %s", got.ForwardedProps)
			}
			if test.want == "" {
				if len(got.Messages) != 1 {
					t.Errorf("%d messages", len(got.Messages))
				}
				return
			}
			if len(got.Messages) != 3 {
				t.Fatalf("%d messages", len(got.Messages))
			}
			asked, told := got.Messages[1], got.Messages[2]
			made := asked.ToolCalls[0]
			if asked.Role != agui.RoleAssistant || asked.Content.Text() != "" || made.Name != "log_a2ui_event" || made.Arguments != test.arguments {
				t.Errorf("the call is %+v", asked)
			}
			if told.Role != agui.RoleTool || told.ToolCallID != made.ID || told.Content.Text() != test.want {
				t.Errorf("the result is %+v, want %s", told, test.want)
			}
			if asked.ID == told.ID || made.ID == "" || asked.ID == "" {
				t.Error("ids aren't of their own")
			}
		})
	}
}

func TestWhoDrawsAndWhoIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		config a2ui.Config
		agent  string
		props  string
		draws  bool
		told   agent.Features
	}{
		"every agent":                       {own, "default", `{}`, true, agent.Features{A2UI: true}},
		"an agent of those named":           {a2ui.Config{Agents: []string{"default"}}, "default", `{}`, true, agent.Features{A2UI: true, A2UIAgents: []string{"default"}}},
		"no other agent":                    {a2ui.Config{Agents: []string{"a"}}, "default", `{}`, false, agent.Features{A2UI: true, A2UIAgents: []string{"a"}}},
		"none of none":                      {a2ui.Config{Agents: []string{}}, "default", `{}`, false, agent.Features{A2UI: true, A2UIAgents: []string{}}},
		"on demand, if there is a catalog":  {a2ui.Config{OnDemand: true}, "default", `{"a2uiCatalogAvailable":true}`, true, agent.Features{}},
		"on demand, nobody without catalog": {a2ui.Config{OnDemand: true}, "default", `{}`, false, agent.Features{}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExtension(t, test.config)
			inner := answering(run(call("c", "render_a2ui", `{"surfaceId":"s","components":[`+root+`]}`)), nil)
			events := agenttest.Run(t, x.Extend(test.agent, inner), &agui.RunAgentInput{ForwardedProps: json.RawMessage(test.props)})
			if got := len(events) > 3; got != test.draws {
				t.Errorf("drawn: %t", got)
			}
			var told agent.Features
			x.Announce(&told)
			if agenttest.Compact(t, told) != agenttest.Compact(t, test.told) {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// describedAgent is an agent with an optional interface.
type describedAgent struct{ agent.Agent }

func (describedAgent) Description() string { return "draws" }

func TestAnAgentStaysWhatItIs(t *testing.T) {
	extended := newExtension(t, own).Extend("a", describedAgent{answering(nil, nil)})
	if describer, ok := agent.As[agent.Describer](extended); !ok || describer.Description() != "draws" {
		t.Error("the description is lost")
	}
}

func TestConfigurationsThatCannotBeAreErrors(t *testing.T) {
	for want, config := range map[string]a2ui.Config{
		"schema: invalid JSON":                  {Schema: []byte(`{`)},
		"neither an object nor an array":        {Schema: []byte(`5`)},
		`needs "components"`:                    {Schema: []byte(`{}`)},
		"catalogId is not a string":             {Schema: []byte(`{"catalogId":1,"components":{"A":{}}}`)},
		`component "A" is not an object`:        {Schema: []byte(`{"components":{"A":[]}}`)},
		"empty name":                            {Agents: []string{""}},
		"a tool has an empty name":              {ToolNames: []string{""}},
		"neither hidden, collapsed nor verbose": {Recovery: a2ui.Recovery{DebugExposure: "all"}},
		"number of attempts is negative":        {Recovery: a2ui.Recovery{MaxAttempts: -1}},
		"no such tool mode: 7":                  {Tool: 7},
	} {
		if _, err := a2ui.New(config); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "a2ui: ") {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
