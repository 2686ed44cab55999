package demo_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
)

var (
	surfaces = agui.Tool{Name: "render_a2ui", Description: "Render a dynamic A2UI v0.9 surface with structured parameters."}
	renamed  = agui.Tool{Name: "paint", Description: surfaces.Description}
	pages    = agui.Tool{Name: "generateSandboxedUi", Description: "Write a page."}
	budget   = agui.Tool{Name: "get-budget-data", Description: "Returns numbers on a map.\n[UI Resource: ui://budget]"}
	globe    = agui.Tool{
		Name: "show-map", Description: "Shows the world.\n[UI Resource: ui://map]",
		Parameters: json.RawMessage(`{"type":"object","properties":{"west":{"type":"number","default":-0.5}}}`),
	}
)

func TestTheDemoDrawsWithTheToolsThereAre(t *testing.T) {
	for name, test := range map[string]struct {
		says  string
		tools []agui.Tool
		tool  string // empty if none is called
		text  string
	}{
		"a card":                             {"Draw a card", []agui.Tool{pages, surfaces}, "render_a2ui", "come back to me"},
		"a card with a tool of another name": {"draw me a form, please", []agui.Tool{renamed}, "paint", "come back to me"},
		"a card by the tool's name":          {"call render_a2ui", []agui.Tool{surfaces}, "render_a2ui", ""},
		"no card without the tool":           {"draw a card", []agui.Tool{pages}, "", "COPILOTKIT_A2UI="},
		"a page":                             {"Build a page", []agui.Tool{surfaces, pages}, "generateSandboxedUi", "grows"},
		"a page by the tool's name":          {"call generateSandboxedUi", []agui.Tool{pages}, "generateSandboxedUi", ""},
		"no page without the tool":           {"please build a page", nil, "", "COPILOTKIT_OPEN_GENERATIVE_UI=on"},
		"an app by its name, and not by another's description": {"open the map", []agui.Tool{budget, globe}, "show-map", "an MCP App"},
		"an app by its description":                            {"show me the world", []agui.Tool{budget, globe}, "show-map", "an MCP App"},
		"an app without a verb":                                {"The budget", []agui.Tool{globe, budget}, "get-budget-data", "an MCP App"},
		"the apps there are, for another":                      {"open the clock", []agui.Tool{budget, globe}, "", "There are `get-budget-data`, `show-map`"},
		"no app without a server":                              {"open the map", []agui.Tool{surfaces}, "", "COPILOTKIT_MCP_APPS="},
		"no app to who asks for none":                          {"the weather is fine", []agui.Tool{budget}, "", "embedded demo model"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, builtin.Config{}, saying(test.says, test.tools...))
			if !strings.Contains(got.text, test.text) {
				t.Errorf("it says %q", got.text)
			}
			arguments, called := got.calls[test.tool]
			if called != (test.tool != "") || called && !json.Valid([]byte(arguments)) {
				t.Errorf("calls %v", got.calls)
			}
		})
	}
}

func TestTheDemosAppsGetTheirDefaults(t *testing.T) {
	if got := ask(t, builtin.Config{}, saying("open the map", globe)).calls["show-map"]; got != `{"west":-0.5}` {
		t.Errorf("arguments are %s", got)
	}
}

// A component that is referred to must be there, and every one must be reached.
func TestTheDemosCardIsWhole(t *testing.T) {
	var card struct {
		SurfaceID  string
		Components []struct {
			ID, Component, Child string
			Children             json.RawMessage
		}
		Data map[string]any
	}
	if err := json.Unmarshal([]byte(ask(t, builtin.Config{}, saying("draw a card", surfaces)).calls["render_a2ui"]), &card); err != nil {
		t.Fatal(err)
	}
	referred := map[string]int{"root": 1}
	for _, component := range card.Components {
		var list []string
		var template struct{ ComponentID, Path string }
		if json.Unmarshal(component.Children, &list) != nil && json.Unmarshal(component.Children, &template) == nil {
			list = []string{template.ComponentID}
			if items, ok := card.Data[strings.TrimPrefix(template.Path, "/")].([]any); !ok || len(items) == 0 {
				t.Errorf("there is nothing at %s", template.Path)
			}
		}
		for _, id := range append(list, component.Child) {
			referred[id]++
		}
	}
	for _, component := range card.Components {
		if component.Component == "" || referred[component.ID] != 1 {
			t.Errorf("component %q is referred to %d times", component.ID, referred[component.ID])
		}
		delete(referred, component.ID)
	}
	delete(referred, "")
	if len(referred) != 0 {
		t.Errorf("there is no %v", referred)
	}
}

func TestTheDemoAnswersWhatItsDrawingsComeBackWith(t *testing.T) {
	for name, test := range map[string]struct{ tool, arguments, result, want string }{
		"a booking":             {"log_a2ui_event", `{"name":"book","surfaceId":"dinner","context":{"place":"Sult","name":"Bo","guests":"3"}}`, "User performed action", "a table for **3** at **Sult**, in the name of **Bo**"},
		"another surface":       {"log_a2ui_event", `{"name":"go","surfaceId":"s","context":{"a":1}}`, "User performed action", "`go` of the surface `s`"},
		"an action that is odd": {"log_a2ui_event", `{"name":1}`, "User performed action", "can't read"},
		"a page":                {"generateSandboxedUi", `{}`, "UI generated", "The page is there"},
	} {
		t.Run(name, func(t *testing.T) {
			input := saying("draw a card")
			input.Messages = append(input.Messages,
				agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "c1", Name: test.tool, Arguments: test.arguments}}},
				agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "c1", Content: agui.TextContent(test.result)})
			if got := ask(t, builtin.Config{}, input); !strings.Contains(got.text, test.want) || len(got.calls) != 0 {
				t.Errorf("text %q, calls %v", got.text, got.calls)
			}
		})
	}
}

func TestTheDemosHelpNamesWhatItDraws(t *testing.T) {
	got := ask(t, builtin.Config{}, saying("Hello", surfaces, pages, budget)).text
	for _, want := range []string{"draw a card", "build a page", "open the budget", "call <tool>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the help does not mention %q: %s", want, got)
		}
	}
}
