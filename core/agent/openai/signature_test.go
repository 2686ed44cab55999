package openai_test

import (
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
)

// signed is an answer with a call that carries a signature, as Gemini sends it.
const signed = `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function",` +
	`"extra_content":{"google":{"thought_signature":"c2ln"}},"function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},"finish_reason":"tool_calls"}]}`

func TestASignedToolCallGoesBackSigned(t *testing.T) {
	const extra = `{"google":{"thought_signature":"c2ln"}}`
	for model, test := range map[string]struct{ nextStep, nextRun, unsigned string }{
		"google/gemini-3-pro": {extra, extra, `{"google":{"thought_signature":"skip_thought_signature_validator"}}`},
		"groq/llama":          {extra, `null`, `null`}, // who sends the field takes it; who doesn't isn't given it
	} {
		t.Run(model, func(t *testing.T) {
			d := &doer{}
			d.answer = func(*http.Request) *http.Response {
				if d.count == 1 {
					return stream(signed)
				}
				return stream(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
			}
			a, err := openai.New(openai.Config{Model: model, APIKey: "k", Env: noEnvironment, HTTPClient: d, MaxSteps: 2, Tools: []agent.ServerTool{weatherTool()}})
			if err != nil {
				t.Fatal(err)
			}
			sent := func() string {
				message := d.body["messages"].([]any)[1].(map[string]any)
				return compact(t, message["tool_calls"].([]any)[0].(map[string]any)["extra_content"])
			}
			value := ""
			for _, event := range run(t, a, saying("Hi")) {
				if event, ok := event.(agui.ReasoningEncryptedValueEvent); ok && event.Subtype == "tool-call" && event.EntityID == "call_1" {
					value = event.EncryptedValue
				}
			}
			if value != extra || sent() != test.nextStep {
				t.Errorf("the client got %s, the next step %s", value, sent())
			}
			input := paused()
			input.Messages[1].ToolCalls[0].EncryptedValue = value
			run(t, a, input)
			if sent() != test.nextRun {
				t.Errorf("the next run got %s", sent())
			}
			input.Messages[1].ToolCalls[0].EncryptedValue = "no JSON"
			run(t, a, input)
			if sent() != test.unsigned {
				t.Errorf("a call without signature got %s", sent())
			}
		})
	}
}
