package openai_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/openai"
	"github.com/copilotkit-go/runtime/core/agui"
)

// doer answers requests without a network and keeps the last one.
type doer struct {
	answer  func(*http.Request) *http.Response
	request *http.Request
	body    map[string]any
	count   int
}

func (d *doer) Do(request *http.Request) (*http.Response, error) {
	d.request, d.count = request, d.count+1
	d.body = nil
	if err := json.NewDecoder(request.Body).Decode(&d.body); err != nil {
		return nil, err
	}
	if d.answer != nil {
		return d.answer(request), nil
	}
	return stream(`{"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}`), nil
}

func stream(chunk string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Body: io.NopCloser(strings.NewReader("data: " + chunk + "\n\ndata: [DONE]\n\n")),
	}
}

func environment(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func TestAModelsNameSelectsItsProvider(t *testing.T) {
	for name, test := range map[string]struct {
		model         string
		env           map[string]string
		url           string
		authorization string
		sent          string // the model as the provider gets it
		tokens        string // the name of the limit
	}{
		"openai":             {"openai/gpt-4o", map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions", "Bearer k", "gpt-4o", "max_completion_tokens"},
		"with a colon":       {"OpenAI:gpt-4o", map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions", "Bearer k", "gpt-4o", "max_completion_tokens"},
		"reasoning models":   {"openai/o3-mini", map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions", "Bearer k", "o3-mini", "max_completion_tokens"},
		"another endpoint":   {"openai/llama", map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1/v1/chat/completions", "", "llama", "max_tokens"},
		"anthropic":          {"anthropic/claude-sonnet-4-6", map[string]string{"ANTHROPIC_API_KEY": "k"}, "https://api.anthropic.com/v1/chat/completions", "Bearer k", "claude-sonnet-4-6", "max_tokens"},
		"google":             {"google/gemini-2.5-pro", map[string]string{"GOOGLE_API_KEY": "k"}, "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "Bearer k", "gemini-2.5-pro", "max_tokens"},
		"gemini":             {"gemini/gemini-2.5-pro", map[string]string{"GOOGLE_API_KEY": "k"}, "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "Bearer k", "gemini-2.5-pro", "max_tokens"},
		"minimax":            {"minimax/MiniMax-M3", map[string]string{"MINIMAX_API_KEY": "k"}, "https://api.minimax.io/v1/chat/completions", "Bearer k", "MiniMax-M3", "max_tokens"},
		"openrouter":         {"openrouter/anthropic/claude", map[string]string{"OPENROUTER_API_KEY": "k"}, "https://openrouter.ai/api/v1/chat/completions", "Bearer k", "anthropic/claude", "max_tokens"},
		"groq":               {"groq/llama", map[string]string{"GROQ_API_KEY": "k"}, "https://api.groq.com/openai/v1/chat/completions", "Bearer k", "llama", "max_tokens"},
		"mistral":            {"mistral/large", map[string]string{"MISTRAL_API_KEY": "k"}, "https://api.mistral.ai/v1/chat/completions", "Bearer k", "large", "max_tokens"},
		"deepseek":           {"deepseek/deepseek-chat", map[string]string{"DEEPSEEK_API_KEY": "k"}, "https://api.deepseek.com/v1/chat/completions", "Bearer k", "deepseek-chat", "max_tokens"},
		"ollama, keyless":    {"ollama/llama3:8b", nil, "http://127.0.0.1:11434/v1/chat/completions", "", "llama3:8b", "max_tokens"},
		"azure":              {"azure/my-gpt.4", map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}, "https://me.openai.azure.com/openai/deployments/my-gpt.4/chat/completions?api-version=2024-10-21", "", "my-gpt.4", "max_completion_tokens"},
		"azure, a version":   {"azure/gpt", map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com", "AZURE_OPENAI_API_VERSION": "2025-01-01"}, "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2025-01-01", "", "gpt", "max_completion_tokens"},
		"models of tomorrow": {"openai/gpt-6-sol", map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions", "Bearer k", "gpt-6-sol", "max_completion_tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &doer{}
			a, err := openai.New(openai.Config{Model: test.model, Env: environment(test.env), HTTPClient: d,
				Tools: []agent.ServerTool{weatherTool()}, Settings: openai.Settings{MaxOutputTokens: pointer(5), Temperature: pointer(0.5)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := text(run(t, a, saying("Hi"))); got != "ok" {
				t.Errorf("the model said %q", got)
			}
			if got := d.request.URL.String(); got != test.url {
				t.Errorf("asked at %s, want %s", got, test.url)
			}
			if got := d.request.Header.Get("Authorization"); got != test.authorization {
				t.Errorf("authorized with %q", got)
			}
			if strings.HasPrefix(test.model, "azure") && d.request.Header.Get("api-key") != "k" {
				t.Error("Azure got no api-key")
			}
			if d.body["model"] != test.sent || d.body[test.tokens] != 5.0 {
				t.Errorf("sent %v", d.body)
			}
		})
	}
}

func TestAModelThatCannotWorkIsAnErrorThatSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		config openai.Config
		says   []string
	}{
		"no model":           {openai.Config{}, []string{"provider/model"}},
		"a bare model":       {openai.Config{Model: "gpt-4o"}, []string{`"gpt-4o"`, "provider/model"}},
		"no model's name":    {openai.Config{Model: "openai/ "}, []string{"provider/model"}},
		"no such provider":   {openai.Config{Model: "acme/one"}, []string{`"acme"`, "openai", "anthropic"}},
		"no key":             {openai.Config{Model: "anthropic/claude"}, []string{"anthropic", "ANTHROPIC_API_KEY"}},
		"no address":         {openai.Config{Model: "azure/gpt", APIKey: "k"}, []string{"azure", "AZURE_OPENAI_ENDPOINT"}},
		"no URL":             {openai.Config{Model: "openai/gpt", APIKey: "k", BaseURL: "here"}, []string{"OPENAI_BASE_URL", "not a URL"}},
		"no steps":           {openai.Config{Model: "ollama/x", MaxSteps: -1}, []string{"MaxSteps"}},
		"a tool of nothing":  {openai.Config{Model: "ollama/x", Tools: []agent.ServerTool{{Name: "one"}}}, []string{"tool one"}},
		"a tool of channels": {openai.Config{Model: "ollama/x", Tools: []agent.ServerTool{agent.Tool("two", "", func(context.Context, struct{ C chan int }) (int, error) { return 0, nil })}}, []string{"tool two", "schema"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Env = noEnvironment
			_, err := openai.New(test.config)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error has no %s: %v", part, err)
				}
			}
		})
	}
}

func TestReasoningGoesBackToDeepSeekAlone(t *testing.T) {
	for provider, want := range map[string]any{"deepseek": "hm", "groq": nil} {
		t.Run(provider, func(t *testing.T) {
			d := &doer{}
			d.answer = func(*http.Request) *http.Response {
				if d.count == 1 {
					return stream(`{"choices":[{"index":0,"delta":{"reasoning_content":"hm","tool_calls":[{"index":0,"id":"c","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},"finish_reason":"tool_calls"}]}`)
				}
				return stream(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
			}
			a, err := openai.New(openai.Config{Model: provider + "/m", APIKey: "k", Env: noEnvironment, HTTPClient: d, MaxSteps: 2, Tools: []agent.ServerTool{weatherTool()}})
			if err != nil {
				t.Fatal(err)
			}
			run(t, a, saying("Hi"))
			if got := d.body["messages"].([]any)[1].(map[string]any)["reasoning_content"]; got != want {
				t.Errorf("the model got the reasoning %v", got)
			}
		})
	}
}

func TestCapabilitiesAreMergedByCategory(t *testing.T) {
	a := scripted(t).agent(t, openai.Config{Description: "helps", Capabilities: agui.Capabilities{
		"tools": raw(`{"supported":true}`), "identity": raw(`{"name":"Ada"}`),
	}})
	got := compact(t, a.Capabilities())
	want := `{"humanInTheLoop":{"interrupts":true},"identity":{"name":"Ada"},"tools":{"supported":true},"transport":{"streaming":true}}`
	if got != want || a.Description() != "helps" {
		t.Errorf("got %s, %s", got, a.Description())
	}
}
