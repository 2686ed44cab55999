package agenttest

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// Provider is a scripted provider on a real port.
type Provider struct {
	*scriptedmodel.Model
	// URL is its base URL.
	URL string
}

// NewProvider starts a provider that sends the answers in order.
func NewProvider(t testing.TB, answers ...scriptedmodel.Answer) *Provider {
	t.Helper()
	model := scriptedmodel.New(scriptedmodel.Script{Answers: answers})
	server := httptest.NewServer(model)
	t.Cleanup(server.Close)
	return &Provider{Model: model, URL: server.URL + "/v1"}
}

// Calling returns an answer that calls tools. Each name is followed by arguments.
func Calling(namesAndArguments ...string) scriptedmodel.Answer {
	var answer scriptedmodel.Answer
	for i := 0; i < len(namesAndArguments); i += 2 {
		id := "call_" + string(rune('1'+i/2))
		answer.Deltas = append(answer.Deltas, scriptedmodel.ToolCall(i/2, id, namesAndArguments[i], namesAndArguments[i+1])...)
	}
	return answer
}

// Request returns the body of the request with an index.
func (p *Provider) Request(t testing.TB, i int) map[string]any {
	t.Helper()
	requests := p.Requests()
	if i >= len(requests) {
		t.Fatalf("the provider got %d requests, not %d", len(requests), i+1)
	}
	var body map[string]any
	if err := json.Unmarshal(requests[i].Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// Messages returns the messages of a request, each as compact JSON.
func (p *Provider) Messages(t testing.TB, i int) []string {
	t.Helper()
	var messages []string
	for _, message := range p.Request(t, i)["messages"].([]any) {
		messages = append(messages, Compact(t, message))
	}
	return messages
}

// ToolNames returns the names of the tools in a request.
func (p *Provider) ToolNames(t testing.TB, i int) []string {
	t.Helper()
	var names []string
	tools, _ := p.Request(t, i)["tools"].([]any)
	for _, tool := range tools {
		names = append(names, tool.(map[string]any)["function"].(map[string]any)["name"].(string))
	}
	return names
}
