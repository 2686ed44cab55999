package openai_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

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
		"anthropic":          {"anthropic-chat/claude-sonnet-4-6", map[string]string{"ANTHROPIC_API_KEY": "k"}, "https://api.anthropic.com/v1/chat/completions", "Bearer k", "claude-sonnet-4-6", "max_tokens"},
		"anthropic, a proxy": {"anthropic-chat/claude", map[string]string{"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://proxy.example/anthropic/"}, "https://proxy.example/anthropic/v1/chat/completions", "Bearer k", "claude", "max_tokens"},
		"the same with /v1":  {"anthropic-chat/claude", map[string]string{"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://proxy.example/v1"}, "https://proxy.example/v1/chat/completions", "Bearer k", "claude", "max_tokens"},
		"google":             {"google-chat/gemini-2.5-pro", map[string]string{"GOOGLE_API_KEY": "k"}, "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "Bearer k", "gemini-2.5-pro", "max_tokens"},
		"minimax":            {"minimax/MiniMax-M3", map[string]string{"MINIMAX_API_KEY": "k"}, "https://api.minimax.io/v1/chat/completions", "Bearer k", "MiniMax-M3", "max_tokens"},
		"openrouter":         {"openrouter/anthropic/claude", map[string]string{"OPENROUTER_API_KEY": "k"}, "https://openrouter.ai/api/v1/chat/completions", "Bearer k", "anthropic/claude", "max_tokens"},
		"groq":               {"groq/llama", map[string]string{"GROQ_API_KEY": "k"}, "https://api.groq.com/openai/v1/chat/completions", "Bearer k", "llama", "max_tokens"},
		"mistral":            {"mistral/large", map[string]string{"MISTRAL_API_KEY": "k"}, "https://api.mistral.ai/v1/chat/completions", "Bearer k", "large", "max_tokens"},
		"deepseek":           {"deepseek/deepseek-chat", map[string]string{"DEEPSEEK_API_KEY": "k"}, "https://api.deepseek.com/v1/chat/completions", "Bearer k", "deepseek-chat", "max_tokens"},
		"ollama, keyless":    {"ollama/llama3:8b", nil, "http://127.0.0.1:11434/v1/chat/completions", "", "llama3:8b", "max_tokens"},
		"azure":              {"azure/my-gpt.4", map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}, "https://me.openai.azure.com/openai/deployments/my-gpt.4/chat/completions?api-version=2024-10-21", "", "my-gpt.4", "max_completion_tokens"},
		"azure, a version":   {"azure/gpt", map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com", "AZURE_OPENAI_API_VERSION": "2025-01-01"}, "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2025-01-01", "", "gpt", "max_completion_tokens"},
		"azure's newer API":  {"azure/gpt", map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/openai/v1/"}, "https://me.openai.azure.com/openai/v1/chat/completions", "", "gpt", "max_completion_tokens"},
		"models of tomorrow": {"openai/gpt-6-sol", map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/chat/completions", "Bearer k", "gpt-6-sol", "max_completion_tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			m := newModel(t, model.Config{Model: test.model, LookupEnv: environment(test.env), HTTPClient: n.client()})
			request := saying("Hi")
			request.Settings.MaxOutputTokens, request.Settings.Temperature = pointer(5), pointer(0.5)
			if got := mustAsk(t, m, request).text; got != "ok" {
				t.Errorf("the model said %q", got)
			}
			if got := n.request.URL.String(); got != test.url {
				t.Errorf("asked at %s, want %s", got, test.url)
			}
			if got := n.request.Header.Get("Authorization"); got != test.authorization {
				t.Errorf("authorized with %q", got)
			}
			if strings.HasPrefix(test.model, "azure") && n.request.Header.Get("api-key") != "k" {
				t.Error("Azure got no api-key")
			}
			if n.body["model"] != test.sent || n.body[test.tokens] != 5.0 {
				t.Errorf("sent %v", n.body)
			}
		})
	}
}

func TestAModelThatCannotWorkIsAnErrorThatSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		config model.Config
		says   []string
	}{
		"no model":         {model.Config{}, []string{"provider/model"}},
		"a bare model":     {model.Config{Model: "gpt-4o"}, []string{`"gpt-4o"`, "provider/model"}},
		"no model's name":  {model.Config{Model: "openai/ "}, []string{"provider/model"}},
		"no such provider": {model.Config{Model: "acme/one"}, []string{`"acme"`, "openai", "anthropic"}},
		"no key":           {model.Config{Model: "anthropic-chat/claude"}, []string{"anthropic", "ANTHROPIC_API_KEY"}},
		"no address":       {model.Config{Model: "azure/gpt", APIKey: "k"}, []string{"azure", "AZURE_OPENAI_ENDPOINT"}},
		"no URL":           {model.Config{Model: "openai/gpt", APIKey: "k", BaseURL: "here"}, []string{"OPENAI_BASE_URL", "not a URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.LookupEnv = environment(nil)
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
			n := &network{}
			request := called("", "")
			request.Messages = slices.Insert(request.Messages, 1, agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("hm")})
			request.History = 1
			mustAsk(t, newModel(t, model.Config{Model: provider + "/m", APIKey: "k", HTTPClient: n.client()}), request)
			if got := n.body["messages"].([]any)[1].(map[string]any)["reasoning_content"]; got != want {
				t.Errorf("the model got the reasoning %v", got)
			}
			request.History = len(request.Messages)
			mustAsk(t, newModel(t, model.Config{Model: provider + "/m", APIKey: "k", HTTPClient: n.client()}), request)
			if got := n.body["messages"].([]any)[1].(map[string]any)["reasoning_content"]; got != nil {
				t.Errorf("the model got the reasoning of an earlier run, %v", got)
			}
		})
	}
}

func TestAnotherModelHasTheKeyOfItsOwnProvider(t *testing.T) {
	for name, test := range map[string]struct {
		model, authorization string
		fails                bool
	}{
		"of the same provider":                 {"openai/gpt-5", "Bearer configured", false},
		"of another one":                       {"groq/llama", "Bearer groq's", false},
		"of another one that has no key":       {"xai/grok", "", true},
		"of one that doesn't exist":            {"acme/one", "", true},
		"of the same provider by another name": {"OpenAI:gpt-5", "Bearer configured", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			other, err := openai.Providers().Resolve(model.Config{
				Model: "openai/gpt-4o", APIKey: "configured", HTTPClient: n.client(),
				LookupEnv: environment(map[string]string{"GROQ_API_KEY": "groq's"}),
			}, test.model)
			if (err != nil) != test.fails {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			mustAsk(t, other, saying("Hi"))
			if got := n.request.Header.Get("Authorization"); got != test.authorization {
				t.Errorf("authorized with %q", got)
			}
		})
	}
}

func TestAzureIsAskedWithoutAKey(t *testing.T) {
	for name, test := range map[string]struct{ endpoint, url string }{
		"by deployment":        {"https://me.openai.azure.com", "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21"},
		"by OpenAI's own path": {"https://me.openai.azure.com/openai/v1", "https://me.openai.azure.com/openai/v1/chat/completions"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			config := model.Config{Model: "azure/gpt", BaseURL: test.endpoint, HTTPClient: n.client(), SignIn: func(request *http.Request, body []byte) error {
				if !strings.Contains(string(body), `"Hi"`) {
					t.Errorf("the body to sign is %s", body)
				}
				request.Header.Set("Authorization", "Bearer identity")
				return nil
			}}
			mustAsk(t, newModel(t, config), saying("Hi"))
			if got := n.request.URL.String(); got != test.url {
				t.Errorf("asked at %s", got)
			}
			if header := n.request.Header; header.Get("Authorization") != "Bearer identity" || header.Values("Api-Key") != nil {
				t.Errorf("sent %v", header)
			}
			config.APIKey = "k"
			mustAsk(t, newModel(t, config), saying("Hi"))
			if header := n.request.Header; header.Get("Api-Key") != "k" || header.Values("Authorization") != nil {
				t.Errorf("with a key: sent %v", header)
			}
			config.APIKey = ""
			config.SignIn = func(*http.Request, []byte) error { return model.NewError(model.CodeAuthFailed, nil) }
			if _, err := ask(t, newModel(t, config), saying("Hi")); code(err) != model.CodeAuthFailed {
				t.Errorf("without an identity: got %v", err)
			}
		})
	}
	if _, err := openai.New(model.Config{Model: "azure/gpt", BaseURL: "https://me.openai.azure.com", LookupEnv: environment(nil)}); err == nil || !strings.Contains(err.Error(), "AZURE_OPENAI_API_KEY") {
		t.Errorf("without either: got %v", err)
	}
}
