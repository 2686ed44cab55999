package openai_test

import (
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// called is a request in which a tool was called and has answered.
func called(arguments, data string) *model.Request {
	request := saying("Hi")
	request.Messages = append(request.Messages,
		agui.Message{ID: "m2", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "call_1", Name: "weather", Arguments: arguments, EncryptedValue: data}}},
		agui.Message{ID: "m3", Role: agui.RoleTool, ToolCallID: "call_1", Content: agui.TextContent("21")})
	request.History = len(request.Messages)
	return request
}

func TestASignedToolCallGoesBackSigned(t *testing.T) {
	const signed = `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function",` +
		`"extra_content":{ "google":{"thought_signature":"c2ln"}},"function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},"finish_reason":"tool_calls"}]}`
	const extra = `{"google":{"thought_signature":"c2ln"}}`
	for name, test := range map[string]struct{ nextStep, nextRun, unsigned string }{
		"google-chat/gemini-3-pro": {extra, extra, `{"google":{"thought_signature":"skip_thought_signature_validator"}}`},
		"groq/llama":               {`null`, `null`, `null`}, // who may not know the field isn't given it
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			m := newModel(t, model.Config{Model: name, APIKey: "k", HTTPClient: n.client()})
			sent := func(request *model.Request) string {
				mustAsk(t, m, request)
				message := n.body["messages"].([]any)[1].(map[string]any)
				return compact(t, message["tool_calls"].([]any)[0].(map[string]any)["extra_content"])
			}
			reply, err := ask(t, newModel(t, model.Config{Model: name, APIKey: "k", HTTPClient: answering(stream(signed)).client()}), saying("Hi"))
			if err != nil || len(reply.calls) != 1 || reply.calls[0].data != extra {
				t.Fatalf("got %+v, %v", reply, err)
			}
			sameRun := called("{}", extra)
			sameRun.History = 1
			if got := sent(sameRun); got != test.nextStep {
				t.Errorf("the next step got %s", got)
			}
			if got := sent(called("{}", extra)); got != test.nextRun {
				t.Errorf("the next run got %s", got)
			}
			for _, other := range []string{"", "no JSON", "{}", "[1]", `{"anthropic":{"signature":"s"}}`} {
				if got := sent(called("{}", other)); got != test.unsigned {
					t.Errorf("a call with the data %q got %s", other, got)
				}
			}
		})
	}
}
