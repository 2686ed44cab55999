package responses_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/responses"
)

func TestAConversationWithEverythingIsSentInTheProvidersForm(t *testing.T) {
	n := &network{events: completed}
	long := strings.Repeat("x", 65)
	media := func(kind, mimeType, value string) agui.InputContent {
		return agui.InputContent{Type: kind, Source: &agui.InputContentSource{Type: "data", Value: value, MimeType: mimeType}}
	}
	request := &model.Request{
		System: []string{"Be brief."},
		Messages: []agui.Message{
			{Role: agui.RoleUser, Content: agui.PartsContent(
				agui.InputContent{Type: "text", Text: "See"}, media("image", "image/png", "aW1n"),
				agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "url", Value: "https://example.com/a.png"}},
				media("document", "application/pdf", "cGRm"), media("document", "text/plain", "dGV4dA=="),
				agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "url", Value: "https://example.com/a.pdf"}})},
			{Role: agui.RoleReasoning, Content: agui.TextContent("Look."), EncryptedValue: `{"openai":{"encrypted":"E1"}}`},
			{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: `{"anthropic":{"signature":"s"}}`},
			{Role: agui.RoleReasoning, EncryptedValue: `{"openai":{"encrypted":"E2"}}`},
			{Role: agui.RoleAssistant, Content: agui.TextContent("I look."), EncryptedValue: `{"openai":{"phase":"commentary"}}`,
				ToolCalls: []agui.ToolCall{{ID: "call_1", Name: "look.up", Arguments: `{"a":1}`}, {ID: long, Name: "wait", Arguments: "{}"}}},
			{Role: agui.RoleTool, ToolCallID: "call_1", Content: agui.TextContent("one")},
			{Role: agui.RoleTool, ToolCallID: long},
			{Role: agui.RoleReasoning, EncryptedValue: `{"openai":{"encrypted":"led to nothing"}}`},
			{Role: agui.RoleUser, Content: agui.TextContent("Go on")},
		},
		Tools: []model.Tool{{Name: "look.up", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}},
		Settings: model.Settings{
			Temperature: pointer(0.5), MaxOutputTokens: pointer(100), ReasoningEffort: "high", Seed: pointer(1), Stop: []string{"x"}, TopK: pointer(1),
			ToolChoice: model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "look.up"},
		},
	}
	for _, err := range n.of(t, "openai-responses/gpt-5").Stream(t.Context(), request) {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := `{"include":["reasoning.encrypted_content"],"input":[` +
		`{"content":"Be brief.","role":"developer"},` +
		`{"content":[{"text":"See","type":"input_text"},{"image_url":"data:image/png;base64,aW1n","type":"input_image"},{"image_url":"https://example.com/a.png","type":"input_image"},` +
		`{"file_data":"data:application/pdf;base64,cGRm","filename":"document.pdf","type":"input_file"},{"text":"text","type":"input_text"},{"file_url":"https://example.com/a.pdf","type":"input_file"}],"role":"user"},` +
		`{"encrypted_content":"E1","summary":[],"type":"reasoning"},{"encrypted_content":"E2","summary":[],"type":"reasoning"},` +
		`{"content":"I look.","phase":"commentary","role":"assistant"},` +
		`{"arguments":"{\"a\":1}","call_id":"call_1","name":"look_up","type":"function_call"},{"arguments":"{}","call_id":"call_9537c5fdf120482f7d58d25e9ed583f5","name":"wait","type":"function_call"},` +
		`{"call_id":"call_1","output":"one","type":"function_call_output"},{"call_id":"call_9537c5fdf120482f7d58d25e9ed583f5","output":"","type":"function_call_output"},` +
		`{"content":"Go on","role":"user"}],` +
		`"max_output_tokens":100,"model":"gpt-5","reasoning":{"effort":"high","summary":"auto"},"store":false,"stream":true,` +
		`"tool_choice":{"name":"look_up","type":"function"},"tools":[{"description":"d","name":"look_up","parameters":{"properties":{},"type":"object"},"strict":false,"type":"function"}]}`
	if got := n.sent(t); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := n.requests[0].URL.String(); got != "https://api.openai.com/v1/responses" {
		t.Errorf("asked at %s", got)
	}
}

func TestSettingsAndOptionsAreSentAsTheModelTakesThem(t *testing.T) {
	for name, test := range map[string]struct {
		model    string
		settings model.Settings
		has, not []string
	}{
		"a model that doesn't reason": {"openai-responses/gpt-4o", model.Settings{Temperature: pointer(0.5), TopP: pointer(0.25)},
			[]string{`"temperature":0.5`, `"top_p":0.25`}, []string{"include", "reasoning"}},
		"a chat model of a later family": {"openai-responses/gpt-5-chat-latest", model.Settings{Temperature: pointer(0.5)}, []string{`"temperature":0.5`}, []string{"include"}},
		"a model that reasons":           {"openai-responses/o4-mini", model.Settings{Temperature: pointer(0.5)}, []string{`"include":["reasoning.encrypted_content"]`}, []string{"temperature", `"reasoning":`}},
		"one that is told not to":        {"openai-responses/gpt-5.1", model.Settings{Temperature: pointer(0.5), ReasoningEffort: "none"}, []string{`"temperature":0.5`, `"reasoning":{"effort":"none"}`}, nil},
		"an unknown one that is told to": {"azure-responses/mine", model.Settings{ReasoningEffort: "low"}, []string{`"include":`, `"effort":"low"`}, nil},
		"a fine-tuned one":               {"openai-responses/ft:o4-mini:acme", model.Settings{}, []string{`"include":`}, nil},
		"options": {"openai-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{
			"openai":           {"serviceTier": "flex", "reasoningEffort": "low", "reasoningSummary": "detailed", "textVerbosity": "low", "promptCacheKey": "k", "include": []any{"x"}},
			"openai-responses": {"serviceTier": "priority"}, "azure": {"user": "u"},
		}}, []string{`"service_tier":"priority"`, `"reasoning":{"effort":"low","summary":"detailed"}`, `"text":{"verbosity":"low"}`, `"prompt_cache_key":"k"`, `"include":["reasoning.encrypted_content","x"]`}, []string{`"user":"u"`}},
		"options for Azure":   {"azure-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{"openai": {"user": "o"}, "azure": {"user": "a"}}}, []string{`"user":"a"`}, nil},
		"options that remove": {"openai-responses/gpt-5", model.Settings{ReasoningEffort: "low", ProviderOptions: map[string]map[string]any{"openai": {"reasoningSummary": nil, "store": nil}}}, []string{`"reasoning":{"effort":"low"}`}, []string{"store", "summary"}},
		"options that are this package's": {"openai-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{"openai": {
			"model": "other", "input": "other", "stream": false, "tools": "other", "toolChoice": "other", "previousResponseId": "other", "conversation": "other", "background": "other",
		}}}, nil, []string{"other"}},
		"a search of the web":              {"openai-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{"openai": {"webSearch": true}}}, []string{`"tools":[{"type":"web_search"}]`}, []string{`"web_search":`}},
		"a search of the web with options": {"openai-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{"openai": {"webSearch": map[string]any{"searchContextSize": "low"}}}}, []string{`"tools":[{"search_context_size":"low","type":"web_search"}]`}, nil},
		"no search of the web":             {"openai-responses/gpt-5", model.Settings{ProviderOptions: map[string]map[string]any{"openai": {"webSearch": false}}}, nil, []string{"web_search"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{events: completed}
			request := saying("Hi")
			request.Settings = test.settings
			m := newModel(t, model.Config{Model: test.model, APIKey: "k", HTTPClient: n.client(), BaseURL: "https://me.openai.azure.com"})
			for _, err := range m.Stream(t.Context(), request) {
				if err != nil {
					t.Fatal(err)
				}
			}
			got := n.sent(t)
			for _, part := range test.has {
				if !strings.Contains(got, part) {
					t.Errorf("%s is missing in %s", part, got)
				}
			}
			for _, part := range test.not {
				if strings.Contains(got, part) {
					t.Errorf("%s is in %s", part, got)
				}
			}
		})
	}
}

func TestContentThatCannotBeSentIsAnError(t *testing.T) {
	for _, kind := range []string{"audio", "video"} {
		n := &network{events: completed}
		request := saying("")
		request.Messages[0].Content = agui.PartsContent(agui.InputContent{Type: kind, Source: &agui.InputContentSource{Type: "data", Value: "eA==", MimeType: kind + "/x"}})
		for _, err := range n.of(t, "openai-responses/gpt-5").Stream(t.Context(), request) {
			if code(err) != model.CodeUnsupportedContent || len(n.requests) > 0 {
				t.Errorf("%s ended with %v", kind, err)
			}
		}
	}
}

func TestReasoningThatTheProviderCannotReadIsLeftOut(t *testing.T) {
	refusal := answer(400, "application/json", `{"error":{"message":"The encrypted content could not be verified.","type":"invalid_request_error","code":"invalid_encrypted_content"}}`)
	n := &network{events: completed, answers: []*http.Response{refusal}}
	request := saying("Hi")
	request.Messages = append(request.Messages,
		agui.Message{Role: agui.RoleReasoning, EncryptedValue: `{"openai":{"encrypted":"of another account"}}`},
		agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("Hello")},
		agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Go on")})
	for _, err := range n.of(t, "openai-responses/gpt-5").Stream(t.Context(), request) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(n.bodies) != 2 || !strings.Contains(n.bodies[0], "of another account") || strings.Contains(n.bodies[1], "of another account") {
		t.Errorf("sent %s", n.bodies)
	}
}

func TestAModelsNameSelectsItsProvider(t *testing.T) {
	for name, test := range map[string]struct {
		config model.Config
		env    map[string]string
		url    string
		header http.Header
	}{
		"openai":           {model.Config{Model: "openai-responses/gpt-5"}, map[string]string{"OPENAI_API_KEY": "k"}, "https://api.openai.com/v1/responses", http.Header{"Authorization": {"Bearer k"}}},
		"another endpoint": {model.Config{Model: "openai-responses/gpt-oss"}, map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1/v1/responses", http.Header{}},
		"azure by key":     {model.Config{Model: "azure-responses/mine"}, map[string]string{"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"}, "https://me.openai.azure.com/openai/v1/responses", http.Header{"Api-Key": {"k"}}},
		"azure without a key": {model.Config{Model: "azure-responses/mine", SignIn: func(r *http.Request, body []byte) error {
			r.Header.Set("Authorization", "Bearer token")
			return nil
		}}, map[string]string{"AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com"}, "https://me.openai.azure.com/openai/v1/responses", http.Header{"Authorization": {"Bearer token"}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{events: completed}
			test.config.LookupEnv, test.config.HTTPClient = environment(test.env), n.client()
			for _, err := range newModel(t, test.config).Stream(t.Context(), saying("Hi")) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := n.requests[0]; got.URL.String() != test.url || got.Header.Get("Authorization") != test.header.Get("Authorization") || got.Header.Get("Api-Key") != test.header.Get("Api-Key") {
				t.Errorf("asked at %s with %v", got.URL, got.Header)
			}
		})
	}
}

func TestAModelThatCannotWorkIsAnErrorThatSaysWhy(t *testing.T) {
	for name, test := range map[string]struct{ model, url, says string }{
		"no model":          {"", "", "provider/model"},
		"no such provider":  {"acme/one", "", "acme"},
		"no key":            {"openai-responses/gpt-5", "", "OPENAI_API_KEY"},
		"no address":        {"azure-responses/gpt-5", "", "AZURE_OPENAI_ENDPOINT"},
		"no key on Azure":   {"azure-responses/gpt-5", "https://me.openai.azure.com", "AZURE_OPENAI_API_KEY"},
		"no URL":            {"openai-responses/gpt-5", "here", "OPENAI_BASE_URL"},
		"through the table": {"openai-responses/gpt-5", "", "OPENAI_API_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := responses.Providers().New(model.Config{Model: test.model, BaseURL: test.url, LookupEnv: environment(nil)})
			if name != "through the table" {
				_, err = responses.New(model.Config{Model: test.model, BaseURL: test.url, LookupEnv: environment(nil)})
			}
			if err == nil || !strings.Contains(err.Error(), test.says) || m != nil {
				t.Errorf("got %v, %v", m, err)
			}
		})
	}
}

func TestAzuresAddressMayHaveItsPath(t *testing.T) {
	for _, address := range []string{"https://me.openai.azure.com", "https://me.openai.azure.com/openai/v1/"} {
		n := &network{events: completed}
		m := newModel(t, model.Config{Model: "azure-responses/gpt", APIKey: "k", HTTPClient: n.client(), BaseURL: address})
		for _, err := range m.Stream(t.Context(), saying("Hi")) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := n.requests[0].URL.String(); got != "https://me.openai.azure.com/openai/v1/responses" {
			t.Errorf("asked at %s", got)
		}
	}
}
