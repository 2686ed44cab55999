package builtin_test

import (
	"errors"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/builtin"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/agenttest"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func pointer[T any](value T) *T { return &value }

// body is the body of the only request of a run, without messages and tools.
func body(t *testing.T, config builtin.Config, forwarded string) string {
	t.Helper()
	p := scripted(t, scriptedmodel.Answer{Text: "ok"})
	input := agenttest.Saying("Hi")
	input.ForwardedProps = agenttest.Raw(forwarded)
	input.Tools = []agui.Tool{agenttest.PaintTool()}
	agenttest.Run(t, p.agent(t, config), input)
	request := p.Request(t, 0)
	for _, key := range []string{"messages", "tools", "stream", "stream_options"} {
		delete(request, key)
	}
	return agenttest.Compact(t, request)
}

func TestSettingsReachTheModel(t *testing.T) {
	for name, test := range map[string]struct {
		settings model.Settings
		want     string
	}{
		"none": {model.Settings{}, `{"model":"gpt-4o"}`},
		"zeros are settings": {
			model.Settings{Temperature: pointer(0.0), TopP: pointer(0.0), Seed: pointer(0), PresencePenalty: pointer(0.0), FrequencyPenalty: pointer(0.0)},
			`{"frequency_penalty":0,"model":"gpt-4o","presence_penalty":0,"seed":0,"temperature":0,"top_p":0}`,
		},
		"all of them": {
			model.Settings{Temperature: pointer(0.7), TopP: pointer(0.9), TopK: pointer(40), MaxOutputTokens: pointer(100), Stop: []string{"END"}, Seed: pointer(7)},
			`{"max_tokens":100,"model":"gpt-4o","seed":7,"stop":["END"],"temperature":0.7,"top_k":40,"top_p":0.9}`,
		},
		"a provider's own, and no other's": {
			model.Settings{ProviderOptions: map[string]map[string]any{
				"openai": {"reasoningEffort": "high", "parallel_tool_calls": false, "messages": "no", "model": "no"},
				"google": {"thinking": true},
			}},
			`{"model":"gpt-4o","parallel_tool_calls":false,"reasoning_effort":"high"}`,
		},
		"no tool":        {model.Settings{ToolChoice: model.ToolChoice{Mode: model.ToolChoiceNone}}, `{"model":"gpt-4o","tool_choice":"none"}`},
		"any tool":       {model.Settings{ToolChoice: model.ToolChoice{Mode: model.ToolChoiceRequired}}, `{"model":"gpt-4o","tool_choice":"required"}`},
		"the model does": {model.Settings{ToolChoice: model.ToolChoice{Mode: model.ToolChoiceAuto}}, `{"model":"gpt-4o"}`},
		"one tool":       {model.Settings{ToolChoice: model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "paint"}}, `{"model":"gpt-4o","tool_choice":{"function":{"name":"paint"},"type":"function"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := body(t, builtin.Config{Settings: test.settings}, ``); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestForwardedPropertiesOverrideWhatTheDeployerListed(t *testing.T) {
	all := []builtin.Property{
		builtin.PropertyModel, builtin.PropertyToolChoice, builtin.PropertyMaxOutputTokens, builtin.PropertyTemperature,
		builtin.PropertyTopP, builtin.PropertyTopK, builtin.PropertyPresencePenalty, builtin.PropertyFrequencyPenalty,
		builtin.PropertyStopSequences, builtin.PropertySeed, builtin.PropertyMaxRetries, builtin.PropertyPrompt, builtin.PropertyProviderOptions,
	}
	everything := `{"model":"openai/gpt-4.1","toolChoice":"required","maxOutputTokens":9,"temperature":0.9,"topP":0.8,"topK":3,` +
		`"presencePenalty":0.1,"frequencyPenalty":0.2,"stopSequences":["a"],"seed":4,"maxRetries":1,"providerOptions":{"openai":{"user":"u"}}}`
	for name, test := range map[string]struct {
		overridable []builtin.Property
		forwarded   string
		want        string
	}{
		"none by default": {nil, everything, `{"model":"gpt-4o","temperature":0.1}`},
		"the listed ones": {[]builtin.Property{builtin.PropertyTemperature}, everything, `{"model":"gpt-4o","temperature":0.9}`},
		"all": {all, everything,
			`{"frequency_penalty":0.2,"max_tokens":9,"model":"gpt-4.1","presence_penalty":0.1,"seed":4,"stop":["a"],"temperature":0.9,"tool_choice":"required","top_k":3,"top_p":0.8,"user":"u"}`},
		"of the wrong type": {all, `{"model":7,"toolChoice":{"type":"tool"},"temperature":"hot","stopSequences":[1],"seed":null}`, `{"model":"gpt-4o","temperature":0.1}`},
		"no object":         {all, `[1]`, `{"model":"gpt-4o","temperature":0.1}`},
		"the front end's form of a tool choice": {all, `{"toolChoice":{"type":"function","function":{"name":"copilotkitSuggest"}}}`,
			`{"model":"gpt-4o","temperature":0.1,"tool_choice":{"function":{"name":"copilotkitSuggest"},"type":"function"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			config := builtin.Config{Overridable: test.overridable, Settings: model.Settings{Temperature: pointer(0.1)}}
			if got := body(t, config, test.forwarded); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("the prompt", func(t *testing.T) {
		p := scripted(t, scriptedmodel.Answer{Text: "ok"})
		input := agenttest.Saying("Hi")
		input.ForwardedProps = agenttest.Raw(`{"prompt":"Be kind."}`)
		agenttest.Run(t, p.agent(t, builtin.Config{Prompt: "Be brief.", Overridable: all}), input)
		if got := p.Messages(t, 0)[0]; got != `{"content":"Be kind.","role":"system"}` {
			t.Errorf("got %s", got)
		}
	})
	t.Run("another provider doesn't get this one's key", func(t *testing.T) {
		p := scripted(t)
		input := agenttest.Saying("Hi")
		input.ForwardedProps = agenttest.Raw(`{"model":"groq/llama"}`)
		_, err := agenttest.Collect(p.agent(t, builtin.Config{Overridable: all}).Run(t.Context(), input))
		var failed *agent.Error
		if !errors.As(err, &failed) || failed.Code != "invalid_model" || len(p.Requests()) != 0 {
			t.Errorf("the run ended with %v", err)
		}
	})
	t.Run("a property that doesn't exist is an error at construction", func(t *testing.T) {
		_, err := builtin.New(builtin.Config{Model: scripted(t).model(t), Overridable: []builtin.Property{"apiKey"}})
		if err == nil {
			t.Error("no error")
		}
	})
}
