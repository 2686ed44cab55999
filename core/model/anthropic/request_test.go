package anthropic_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/anthropic"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

func TestAConversationWithEverythingIsSentAsTheAPIWantsIt(t *testing.T) {
	request := &model.Request{
		System: []string{"Be brief.", "  "},
		Messages: []agui.Message{
			{Role: agui.RoleSystem, Content: agui.TextContent("Never swear.")},
			{Role: agui.RoleUser, Content: agui.PartsContent(
				agui.InputContent{Type: "text", Text: "What is this?"},
				agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "data", MimeType: "image/jpg", Value: "aW1n"}},
				agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "url", Value: "https://example.com/a.png"}},
				agui.InputContent{Type: "binary", MimeType: "application/pdf", Filename: "a.pdf", Data: "cGRm"},
				agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "url", MimeType: "application/pdf", Value: "https://example.com/b"}},
				agui.InputContent{Type: "binary", MimeType: "text/plain", Filename: "c.txt", Data: "dGV4dA=="},
			)},
			{Role: agui.RoleUser, Content: agui.TextContent(" \n")},
			{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: `{"anthropic":{"signature":"c2ln"}}`},
			{Role: agui.RoleReasoning, EncryptedValue: `{"anthropic":{"redacted":"cmVk"}}`},
			{Role: agui.RoleReasoning, Content: agui.TextContent("of somebody else"), EncryptedValue: `{"google":{}}`},
			{Role: agui.RoleAssistant, Content: agui.TextContent("I look."), ToolCalls: []agui.ToolCall{
				{ID: "toolu_1", Name: "look", Arguments: `{"at":"it"}`}, {ID: "fc.2|x", Name: "look", Arguments: `{}`},
			}},
			{Role: agui.RoleTool, ToolCallID: "toolu_1", Content: agui.TextContent("a cat")},
			{Role: agui.RoleTool, ToolCallID: "fc.2|x"},
			{Role: agui.RoleUser, Content: agui.TextContent("Well?")},
		},
		Tools: []model.Tool{
			{Name: "look", Description: "Looks", Parameters: json.RawMessage(`{"type":"object","properties":{"at":{"type":"string"}}}`)},
			{Name: "wait", Parameters: json.RawMessage(`{"properties":{},"type":"object"}`)},
		},
		Settings: model.Settings{
			Temperature: pointer(1.5), TopK: pointer(7), MaxOutputTokens: pointer(99), Stop: []string{"END"}, Seed: pointer(3), MaxRetries: new(int),
			ToolChoice:      model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "look"},
			ProviderOptions: map[string]map[string]any{"anthropic": {"metadata": map[string]any{"userId": "u"}, "disableParallelToolUse": true, "model": "other", "maxTokens": 1, "anthropicBeta": []any{"b", "a"}}},
		},
	}
	request.History = len(request.Messages)
	n := &network{}
	if got := modeltest.Ask(t.Context(), t, n.model(t, "claude-sonnet-4-5-20250929"), request); got.Err != nil || got.Text != "ok" {
		t.Fatalf("got %+v", got)
	}
	want := compact(t, `{
		"max_tokens": 99,
		"messages": [
			{"role": "user", "content": [
				{"type": "text", "text": "What is this?"},
				{"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "aW1n"}},
				{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
				{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}, "title": "a.pdf"},
				{"type": "document", "source": {"type": "url", "url": "https://example.com/b"}},
				{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "text"}, "title": "c.txt", "cache_control": {"type": "ephemeral"}}
			]},
			{"role": "assistant", "content": [
				{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
				{"type": "redacted_thinking", "data": "cmVk"},
				{"type": "text", "text": "I look."},
				{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "it"}},
				{"type": "tool_use", "id": "ID", "name": "look", "input": {}}
			]},
			{"role": "user", "content": [
				{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a cat"},
				{"type": "tool_result", "tool_use_id": "ID"},
				{"type": "text", "text": "Well?", "cache_control": {"type": "ephemeral"}}
			]}
		],
		"metadata": {"user_id": "u"},
		"model": "claude-sonnet-4-5-20250929",
		"stop_sequences": ["END"],
		"stream": true,
		"system": [
			{"type": "text", "text": "Be brief."},
			{"type": "text", "text": "Never swear.", "cache_control": {"type": "ephemeral"}}
		],
		"temperature": 1,
		"tool_choice": {"disable_parallel_tool_use": true, "name": "look", "type": "tool"},
		"tools": [
			{"name": "look", "description": "Looks", "input_schema": {"properties": {"at": {"type": "string"}}, "type": "object"}, "eager_input_streaming": true},
			{"name": "wait", "input_schema": {"properties": {}, "type": "object"}, "eager_input_streaming": true, "cache_control": {"type": "ephemeral"}}
		],
		"top_k": 7
	}`)
	_, id, _ := strings.Cut(n.bodies[0], `"id":"call_`)
	id, _, _ = strings.Cut(id, `"`)
	if got := strings.ReplaceAll(n.bodies[0], "call_"+id, "ID"); got != want || len(id) != 32 {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
	header := n.requests[0].Header
	for name, want := range map[string]string{"X-Api-Key": "sk-ant-key", "Anthropic-Version": "2023-06-01", "Anthropic-Beta": "a,b", "Content-Type": "application/json", "Authorization": ""} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestWhereAModelIsAskedAndWithWhatKey(t *testing.T) {
	key := map[string]string{"ANTHROPIC_API_KEY": "sk-ant-1"}
	for name, test := range map[string]struct {
		env           map[string]string
		base          string
		url, key, who string
		fails         string
	}{
		"the public address":      {key, "", "https://api.anthropic.com/v1/messages", "sk-ant-1", "", ""},
		"another one":             {map[string]string{"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://proxy.example/a/"}, "", "https://proxy.example/a/v1/messages", "k", "", ""},
		"one with the version":    {map[string]string{"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://proxy.example/v1"}, "", "https://proxy.example/v1/messages", "k", "", ""},
		"a configured one":        {key, "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1/messages", "sk-ant-1", "", ""},
		"a token":                 {map[string]string{"ANTHROPIC_AUTH_TOKEN": "t"}, "", "https://api.anthropic.com/v1/messages", "", "Bearer t", ""},
		"a key before a token":    {map[string]string{"ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"}, "", "https://api.anthropic.com/v1/messages", "k", "", ""},
		"a server without a key":  {map[string]string{"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}, "", "http://127.0.0.1:1/v1/messages", "", "", ""},
		"the public one without":  {nil, "", "", "", "", "ANTHROPIC_API_KEY"},
		"an address that is none": {key, "here", "", "", "", "not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			m, err := anthropic.New(model.Config{Model: "anthropic/claude-x", BaseURL: test.base, LookupEnv: environment(test.env), HTTPClient: &http.Client{Transport: n}})
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			modeltest.Ask(t.Context(), t, m, saying("Hi"))
			r := n.requests[0]
			if r.URL.String() != test.url || r.Header.Get("X-Api-Key") != test.key || r.Header.Get("Authorization") != test.who {
				t.Errorf("asked at %s with %q, %q", r.URL, r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"))
			}
		})
	}
}

func TestAConversationBeginsWithTheUserAndEndsWithThem(t *testing.T) {
	greeting := agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("Hello.  \n")}
	begins := `{"role":"user","content":[{"type":"text","text":"(The conversation begins.)"}]}`
	for name, test := range map[string]struct {
		model    string
		messages []agui.Message
		want     string
	}{
		"nothing":                             {"claude-sonnet-4-5", nil, `[` + begins + `]`},
		"a greeting, which it continues":      {"claude-sonnet-4-5", []agui.Message{greeting}, `[` + begins + `,{"role":"assistant","content":[{"type":"text","text":"Hello."}]}]`},
		"a greeting, which it can't continue": {"claude-opus-4-8", []agui.Message{greeting}, `[` + begins + `,{"role":"assistant","content":[{"type":"text","text":"Hello.  \n"}]},{"role":"user","content":[{"type":"text","text":"(Continue.)"}]}]`},
		"two in a row":                        {"claude-sonnet-4-5", []agui.Message{greeting, greeting}, `[` + begins + `,{"role":"assistant","content":[{"type":"text","text":"Hello.  \n"},{"type":"text","text":"Hello."}]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("")
			request.Messages, request.History = test.messages, len(test.messages)
			request.Settings.ProviderOptions = map[string]map[string]any{"anthropic": {"caching": false}}
			n := &network{}
			modeltest.Ask(t.Context(), t, n.model(t, test.model), request)
			if got := n.sent(t, "messages"); got != test.want {
				t.Errorf("sent %s", got)
			}
		})
	}
}

func TestWhatIsCached(t *testing.T) {
	long := &model.Request{System: []string{"a", "b"}, Settings: model.Settings{MaxRetries: new(int)}}
	for range 5 {
		long.Messages = append(long.Messages,
			agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Hi")}, agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("Hello")})
	}
	long.Messages = append(long.Messages, agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Hi")})
	withTool(long)
	for name, test := range map[string]struct {
		options map[string]any
		mark    string
		marks   int
	}{
		"four marks at most":       {nil, `"cache_control":{"type":"ephemeral"}`, 4},
		"for an hour":              {map[string]any{"cacheControl": map[string]any{"type": "ephemeral", "ttl": "1h"}}, `"cache_control":{"ttl":"1h","type":"ephemeral"}`, 4},
		"nothing, if it is off":    {map[string]any{"caching": false}, `cache_control`, 0},
		"all, if it is said to be": {map[string]any{"caching": true}, `"cache_control":{"type":"ephemeral"}`, 4},
	} {
		t.Run(name, func(t *testing.T) {
			long.Settings.ProviderOptions = map[string]map[string]any{"anthropic": test.options}
			n := &network{}
			modeltest.Ask(t.Context(), t, n.model(t, "claude-sonnet-4-5"), long)
			if got := strings.Count(n.bodies[0], test.mark); got != test.marks {
				t.Errorf("%d marks in %s", got, n.bodies[0])
			}
			if strings.Contains(n.bodies[0], "caching") {
				t.Errorf("sent %s", n.bodies[0])
			}
		})
	}
}

func TestTheChoiceOfATool(t *testing.T) {
	for name, test := range map[string]struct {
		model  string
		choice model.ToolChoice
		want   string
		says   string
	}{
		"its own":       {"claude-sonnet-4-5", model.ToolChoice{}, ``, ``},
		"none":          {"claude-sonnet-4-5", model.ToolChoice{Mode: model.ToolChoiceNone}, `{"type":"none"}`, ``},
		"any":           {"claude-sonnet-4-5", model.ToolChoice{Mode: model.ToolChoiceRequired}, `{"type":"any"}`, ``},
		"one":           {"claude-opus-5", model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "look"}, `{"name":"look","type":"tool"}`, ``},
		"one, in words": {"claude-opus-5-5", model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "look"}, ``, "a call of the tool look"},
		"any, in words": {"claude-fable-5-1", model.ToolChoice{Mode: model.ToolChoiceRequired}, ``, "with calls of tools"},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("Hi")
			withTool(request)
			request.Settings.ToolChoice = test.choice
			n := &network{}
			modeltest.Ask(t.Context(), t, n.model(t, test.model), request)
			if got := n.sent(t, "tool_choice"); got != test.want {
				t.Errorf("the choice is %s", got)
			}
			if !strings.Contains(n.sent(t, "messages"), test.says) {
				t.Errorf("sent %s", n.bodies[0])
			}
		})
	}
}

func TestContentThatCannotBeSent(t *testing.T) {
	for name, part := range map[string]agui.InputContent{
		"a video":                {Type: "binary", MimeType: "video/mp4", Data: "dg=="},
		"a sound":                {Type: "binary", MimeType: "audio/wav", Data: "dg=="},
		"an image of a format":   {Type: "binary", MimeType: "image/tiff", Data: "dg=="},
		"a document of a format": {Type: "binary", MimeType: "application/zip", Data: "dg=="},
		"a text by address":      {Type: "document", Source: &agui.InputContentSource{Type: "url", MimeType: "text/plain", Value: "https://example.com/a.txt"}},
		"a text that isn't":      {Type: "binary", MimeType: "text/plain", Data: "!"},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("")
			request.Messages[0].Content = agui.PartsContent(part)
			n := &network{}
			got := modeltest.Ask(t.Context(), t, n.model(t, "claude-x"), request)
			if failed := (*model.Error)(nil); !errors.As(got.Err, &failed) || failed.Code != model.CodeUnsupportedContent || len(n.bodies) != 0 {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}
