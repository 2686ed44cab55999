package anthropic_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

func TestHowMuchAModelThinks(t *testing.T) {
	adaptive := `{"display":"summarized","type":"adaptive"}`
	for name, test := range map[string]struct {
		model    string
		change   func(*model.Request)
		thinking string
		effort   string
		limit    string
		betas    string
	}{
		"not, by default":                  {"claude-sonnet-4-5", nil, ``, ``, `64000`, ``},
		"within a budget":                  {"claude-sonnet-4-5", effort("medium"), `{"budget_tokens":19200,"type":"enabled"}`, ``, `64000`, ``},
		"within a budget, and briefly":     {"claude-opus-4-1", func(r *model.Request) { effort("low")(r); r.Settings.MaxOutputTokens = pointer(100) }, `{"budget_tokens":3200,"type":"enabled"}`, ``, `3300`, ``},
		"between calls of tools":           {"claude-sonnet-4-5", func(r *model.Request) { effort("low")(r); withTool(r) }, `{"budget_tokens":6400,"type":"enabled"}`, ``, `64000`, `interleaved-thinking-2025-05-14`},
		"as much as it likes":              {"claude-opus-4-6", effort("xhigh"), adaptive, `{"effort":"max"}`, `128000`, ``},
		"as much as a later one likes":     {"claude-opus-4-8", effort("xhigh"), adaptive, `{"effort":"xhigh"}`, `128000`, ``},
		"by itself":                        {"claude-opus-5", nil, adaptive, ``, `128000`, ``},
		"by itself, a model of tomorrow":   {"claude-novel-7-2", nil, adaptive, ``, `128000`, ``},
		"not at all":                       {"claude-opus-5", effort("none"), `{"type":"disabled"}`, ``, `128000`, ``},
		"as little as it can":              {"claude-opus-5-5", effort("none"), adaptive, `{"effort":"low"}`, `128000`, ``},
		"not, since it can't":              {"claude-3-5-haiku-20241022", effort("high"), ``, ``, `8192`, ``},
		"not, since it is somebody else's": {"glm-5", effort("high"), ``, ``, `4096`, ``},
		"not, since it must call a tool":   {"claude-sonnet-4-5", func(r *model.Request) { effort("high")(r); withTool(r); force(r) }, ``, ``, `64000`, ``},
		"as the deployer says": {"claude-sonnet-4-5", func(r *model.Request) {
			r.Settings.ProviderOptions = map[string]map[string]any{"anthropic": {"thinking": map[string]any{"type": "enabled", "budgetTokens": 2000}}}
		}, `{"budget_tokens":2000,"type":"enabled"}`, ``, `64000`, ``},
		"with the deployer's effort": {"claude-opus-4-8", func(r *model.Request) {
			r.Settings.ProviderOptions = map[string]map[string]any{"anthropic": {"effort": "low", "outputConfig": map[string]any{"format": map[string]any{"schema": map[string]any{"userId": 1}}}}}
		}, ``, `{"effort":"low","format":{"schema":{"userId":1}}}`, `128000`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("Hi")
			request.Settings.Temperature = pointer(0.5)
			if test.change != nil {
				test.change(request)
			}
			n := &network{}
			if got := modeltest.Ask(t.Context(), t, n.model(t, test.model), request); got.Err != nil {
				t.Fatal(got.Err)
			}
			for field, want := range map[string]string{"thinking": test.thinking, "output_config": test.effort, "max_tokens": test.limit} {
				if got := n.sent(t, field); got != want {
					t.Errorf("%s is %s, want %s", field, got, want)
				}
			}
			if got := n.requests[0].Header.Get("Anthropic-Beta"); got != test.betas {
				t.Errorf("the beta features are %q", got)
			}
			thinks := strings.Contains(test.thinking, "adaptive") || strings.Contains(test.thinking, "enabled")
			if got := n.sent(t, "temperature"); got != "" && thinks {
				t.Errorf("the temperature is %s while it thinks", got)
			}
		})
	}
}

func effort(effort string) func(*model.Request) {
	return func(r *model.Request) { r.Settings.ReasoningEffort = effort }
}

func withTool(r *model.Request) {
	r.Tools = []model.Tool{{Name: "look", Parameters: json.RawMessage(`{"properties":{},"type":"object"}`)}}
}

func force(r *model.Request) {
	r.Settings.ToolChoice = model.ToolChoice{Mode: model.ToolChoiceRequired}
}

// called returns a request whose last messages are a call, with what led to it, and its
// result.
func called(reasoning ...string) *model.Request {
	r := saying("Hi")
	for _, data := range reasoning {
		r.Messages = append(r.Messages, agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: data})
	}
	r.Messages = append(r.Messages,
		agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("I look."), ToolCalls: []agui.ToolCall{{ID: "toolu_1", Name: "look", Arguments: "{}"}}},
		agui.Message{Role: agui.RoleTool, ToolCallID: "toolu_1", Content: agui.TextContent("a cat")})
	withTool(r)
	return r
}

func TestThoughtsGoBackInTheirPlaces(t *testing.T) {
	const first, second = `{"anthropic":{"signature":"one"}}`, `{"anthropic":{"signature":"two","after":1}}`
	const want = `[{"type":"thinking","thinking":"Hm.","signature":"one"},{"type":"text","text":"I look."},` +
		`{"type":"thinking","thinking":"Hm.","signature":"two"},{"type":"tool_use","id":"toolu_1","name":"look","input":{}}]`
	fromTheClient := called(first)
	fromTheClient.Messages = slices.Insert(fromTheClient.Messages, 3, agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: second})
	fromTheClient.History = len(fromTheClient.Messages)
	for name, request := range map[string]*model.Request{"in the next step": called(first, second), "in the next run": fromTheClient} {
		n := &network{}
		modeltest.Ask(t.Context(), t, n.model(t, "claude-opus-4-8"), request)
		var messages []struct{ Content json.RawMessage }
		if err := json.Unmarshal([]byte(n.sent(t, "messages")), &messages); err != nil {
			t.Fatal(err)
		}
		if got := string(messages[1].Content); got != want {
			t.Errorf("%s: sent %s", name, got)
		}
	}
}

func TestAModelWithABudgetDoesNotThinkOnBehindCallsOfAnother(t *testing.T) {
	for name, test := range map[string]struct {
		request *model.Request
		thinks  bool
	}{
		"its own call":      {called(`{"anthropic":{"signature":"one"}}`), true},
		"another's call":    {called(`{"openai":{"id":"rs_1"}}`), false},
		"an unthought call": {called(), false},
		"no call":           {saying("Hi"), true},
	} {
		effort("low")(test.request)
		n := &network{}
		modeltest.Ask(t.Context(), t, n.model(t, "claude-sonnet-4-5"), test.request)
		if got := n.sent(t, "thinking"); (got != "") != test.thinks {
			t.Errorf("%s: thinking is %s", name, got)
		}
	}
}

func TestThoughtsThatAreNotValidAnyMoreAreLeftOut(t *testing.T) {
	const thought = `{"anthropic":{"signature":"one"}}`
	t.Run("by the API, where it can", func(t *testing.T) {
		n := &network{}
		modeltest.Ask(t.Context(), t, n.model(t, "claude-opus-5-5"), called(thought))
		if got := n.sent(t, "thinking"); got != `{"block_binding":{"prefix_mismatch_behavior":"drop_block"},"display":"summarized","type":"adaptive"}` {
			t.Errorf("thinking is %s", got)
		}
		if got := n.requests[0].Header.Get("Anthropic-Beta"); got != "thinking-binding-controls-2026-08-01" {
			t.Errorf("the beta features are %q", got)
		}
	})
	t.Run("in a second request, if it refuses them", func(t *testing.T) {
		for message, again := range map[string]bool{
			"messages.1.content.0: Invalid `signature` in `thinking` block":                                           true,
			"messages.1.content.0.type: Expected `thinking` or `redacted_thinking` block, but found `tool_use`":       true,
			"messages.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified": true,
			"max_tokens: too large": false,
		} {
			n := &network{answers: []*http.Response{refusal(400, `{"type":"error","error":{"type":"invalid_request_error","message":"`+message+`"}}`)}}
			got := modeltest.Ask(t.Context(), t, n.model(t, "claude-sonnet-4-5"), called(thought))
			if again && (got.Err != nil || len(n.bodies) != 2 || strings.Contains(n.bodies[1], "one") || !strings.Contains(n.bodies[1], "toolu_1")) {
				t.Errorf("after %s: got %v, sent %q", message, got.Err, n.bodies)
			}
			if !again && (code(got.Err) != model.CodeInvalidRequest || len(n.bodies) != 1) {
				t.Errorf("after %s: got %v, sent %d requests", message, got.Err, len(n.bodies))
			}
		}
	})
}
