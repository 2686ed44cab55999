package bedrock_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/bedrock"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

const sonnet = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

func TestAConversationWithEverythingIsSentAsTheAPIWantsIt(t *testing.T) {
	document := func(mimeType, filename string) agui.InputContent {
		return agui.InputContent{Type: "binary", MimeType: mimeType, Filename: filename, Data: "ZG9j"}
	}
	request := &model.Request{
		System: []string{"Be brief."},
		Messages: []agui.Message{
			{Role: agui.RoleUser, Content: agui.PartsContent(
				agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "data", MimeType: "image/png", Value: "aW1n"}},
				document("application/pdf", "My  report_(v1).pdf"), document("application/json", "../My report (v1).json"), document("text/csv", ""),
				agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "url", MimeType: "image/jpeg", Value: "s3://bucket/a.jpg"}},
			)},
			{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: `{"bedrock":{"signature":"c2ln"}}`},
			{Role: agui.RoleReasoning, EncryptedValue: `{"bedrock":{"redacted":"YQ==Yg=="}}`},
			{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "tooluse_1", Name: "look", Arguments: `{"at":"it"}`}}},
			{Role: agui.RoleTool, ToolCallID: "tooluse_1", Content: agui.TextContent(" ")},
			{Role: agui.RoleUser, Content: agui.TextContent("Well?")},
		},
		Tools: []model.Tool{{Name: "look", Description: "Looks", Parameters: json.RawMessage(`{"properties":{"at":{"type":"string"}},"type":"object"}`)}},
		Settings: model.Settings{
			Temperature: pointer(0.5), TopP: pointer(0.9), TopK: pointer(7), MaxOutputTokens: pointer(99), Stop: []string{"END"}, MaxRetries: new(int),
			ToolChoice: model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "look"},
			ProviderOptions: map[string]map[string]any{"bedrock": {
				"guardrailConfig": map[string]any{"guardrailIdentifier": "g", "guardrailVersion": "1"}, "messages": "other",
				"additionalModelRequestFields": map[string]any{"anthropic_beta": []string{"a"}},
			}},
		},
	}
	request.History = len(request.Messages)
	n := &network{}
	if got := modeltest.Ask(t.Context(), t, n.model(t, sonnet), request); got.Err != nil || got.Text != "ok" {
		t.Fatalf("got %+v", got)
	}
	want := compact(t, `{
		"additionalModelRequestFields": {"anthropic_beta": ["a"], "top_k": 7},
		"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
		"inferenceConfig": {"maxTokens": 99, "stopSequences": ["END"], "temperature": 0.5},
		"messages": [
			{"role": "user", "content": [
				{"image": {"format": "png", "source": {"bytes": "aW1n"}}},
				{"document": {"format": "pdf", "name": "My report (v1)", "source": {"bytes": "ZG9j"}}},
				{"document": {"format": "txt", "name": "My report (v1) (2)", "source": {"bytes": "ZG9j"}}},
				{"document": {"format": "csv", "name": "document", "source": {"bytes": "ZG9j"}}},
				{"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}},
				{"text": "(See the document.)"},
				{"cachePoint": {"type": "default"}}
			]},
			{"role": "assistant", "content": [
				{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
				{"reasoningContent": {"redactedContent": "YWI="}},
				{"toolUse": {"toolUseId": "tooluse_1", "name": "look", "input": {"at": "it"}}}
			]},
			{"role": "user", "content": [
				{"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "(empty)"}]}},
				{"text": "Well?"},
				{"cachePoint": {"type": "default"}}
			]}
		],
		"system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
		"toolConfig": {
			"toolChoice": {"tool": {"name": "look"}},
			"tools": [
				{"toolSpec": {"name": "look", "description": "Looks", "inputSchema": {"json": {"properties": {"at": {"type": "string"}}, "type": "object"}}}},
				{"cachePoint": {"type": "default"}}
			]
		}
	}`)
	if n.bodies[0] != want {
		t.Errorf("sent\n%s, want\n%s", n.bodies[0], want)
	}
	if header := n.requests[0].Header; header.Get("Authorization") != "Bearer bedrock-api-key" || header.Get("Accept") != "application/vnd.amazon.eventstream" {
		t.Errorf("the header is %v", header)
	}
}

func TestWhereAModelIsAsked(t *testing.T) {
	sign := func(*http.Request, []byte) error { return nil }
	for name, test := range map[string]struct {
		model string
		env   map[string]string
		url   string
		fails string
	}{
		"a model":                   {"amazon.nova-lite-v1:0", map[string]string{"AWS_REGION": "us-east-1"}, "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse-stream", ""},
		"another region variable":   {"m", map[string]string{"AWS_DEFAULT_REGION": "cn-north-1"}, "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/converse-stream", ""},
		"an inference profile":      {"global.anthropic.claude-x", map[string]string{"AWS_REGION": "us-gov-west-1"}, "https://bedrock-runtime.us-gov-west-1.amazonaws.com/model/global.anthropic.claude-x/converse-stream", ""},
		"an ARN, in its own region": {"arn:aws:bedrock:eu-west-1:123:application-inference-profile/a b", map[string]string{"AWS_REGION": "us-east-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123%3Aapplication-inference-profile%2Fa%20b/converse-stream", ""},
		"another address":           {"m", map[string]string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:1/"}, "http://127.0.0.1:1/model/m/converse-stream", ""},
		"no region":                 {"m", nil, "", "AWS_REGION"},
		"a region that is none":     {"m", map[string]string{"AWS_REGION": "evil.example/"}, "", "not the name of a region"},
		"an ARN with such a region": {"arn:aws:bedrock:evil.example/x:123:inference-profile/a", nil, "", "not the name of a region"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &network{}
			m, err := bedrock.New(model.Config{Model: "bedrock/" + test.model, LookupEnv: environment(test.env), SignIn: sign, HTTPClient: &http.Client{Transport: n}})
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := modeltest.Ask(t.Context(), t, m, saying("Hi")); got.Err != nil {
				t.Error(got.Err)
			}
			if got := n.requests[0].URL.String(); got != test.url {
				t.Errorf("asked at %s", got)
			}
		})
	}
	t.Run("with neither a key nor an identity", func(t *testing.T) {
		if _, err := bedrock.New(model.Config{Model: "bedrock/m", LookupEnv: environment(map[string]string{"AWS_REGION": "us-east-1"})}); err == nil || !strings.Contains(err.Error(), "AWS_BEARER_TOKEN_BEDROCK") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEveryAttemptIsSigned(t *testing.T) {
	busy := refusal(429, `{"message":"Too many requests"}`)
	busy.Header.Set("Retry-After", "0")
	n := &network{answers: []*http.Response{busy}}
	signed := 0
	var bodies []string
	m := newModel(t, model.Config{
		Model: "bedrock/m", LookupEnv: environment(map[string]string{"AWS_REGION": "us-east-1"}), HTTPClient: &http.Client{Transport: n},
		SignIn: func(request *http.Request, body []byte) error {
			signed++
			bodies = append(bodies, string(body))
			request.Header.Set("Authorization", "signed")
			return nil
		},
	})
	request := saying("Hi")
	request.Settings.MaxRetries = pointer(1)
	if got := modeltest.Ask(t.Context(), t, m, request); got.Text != "ok" || signed != 2 || bodies[1] != n.bodies[1] || n.requests[1].Header.Get("Authorization") != "signed" {
		t.Errorf("got %+v, signed %d times", got, signed)
	}
	failing := newModel(t, model.Config{
		Model: "bedrock/m", LookupEnv: environment(map[string]string{"AWS_REGION": "us-east-1"}), HTTPClient: &http.Client{Transport: n},
		SignIn: func(*http.Request, []byte) error { return model.NewError(model.CodeAuthFailed, errors.New("nobody")) },
	})
	if got := modeltest.Ask(t.Context(), t, failing, saying("Hi")); code(got.Err) != model.CodeAuthFailed || len(n.bodies) != 2 {
		t.Errorf("got %v with %d requests", got.Err, len(n.bodies))
	}
}

func TestWhatIsParticularToAModel(t *testing.T) {
	effort := func(effort string) func(*model.Request) {
		return func(r *model.Request) { r.Settings.ReasoningEffort = effort }
	}
	called := func(r *model.Request) {
		r.Messages = append(r.Messages,
			agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("Hm."), EncryptedValue: `{"bedrock":{"signature":"s"}}`},
			agui.Message{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "tooluse_1", Name: "look", Arguments: `{"at":"it"}`}}},
			agui.Message{Role: agui.RoleTool, ToolCallID: "tooluse_1", Content: agui.TextContent("a cat")})
	}
	withTool := func(r *model.Request) {
		r.Tools = []model.Tool{{Name: "look", Parameters: json.RawMessage(`{"properties":{},"type":"object"}`)}}
	}
	option := func(name string, value any) func(*model.Request) {
		return func(r *model.Request) {
			r.Settings.ProviderOptions = map[string]map[string]any{"bedrock": {name: value}}
		}
	}
	for name, test := range map[string]struct {
		model       string
		changes     []func(*model.Request)
		has, hasNot []string
	}{
		"thinking within a budget": {sonnet, []func(*model.Request){effort("low")}, []string{`"thinking":{"budget_tokens":6400,"type":"enabled"}`, `"maxTokens":64000`}, nil},
		"adaptive thinking":        {"anthropic.claude-opus-4-6-v1", []func(*model.Request){effort("high")}, []string{`"thinking":{"display":"summarized","type":"adaptive"}`, `"output_config":{"effort":"high"}`}, []string{"maxTokens"}},
		"bound thinking":           {"global.anthropic.claude-opus-5-5", []func(*model.Request){called, withTool}, []string{`"prefix_mismatch_behavior":"drop_block"`, `"anthropic_beta":["thinking-binding-controls-2026-08-01"]`}, nil},
		"OpenAI's effort":          {"us.openai.gpt-oss-120b-1:0", []func(*model.Request){effort("high")}, []string{`"reasoning_effort":"high"`}, []string{"thinking"}},
		"Amazon's effort":          {"us.amazon.nova-2-lite-v1:0", []func(*model.Request){effort("xhigh")}, []string{`"reasoningConfig":{"maxReasoningEffort":"high","type":"enabled"}`}, []string{"thinking"}},
		"Amazon's greatest effort": {"us.amazon.nova-2-lite-v1:0", []func(*model.Request){effort("high"), func(r *model.Request) {
			r.Settings.MaxOutputTokens, r.Settings.Temperature, r.Settings.Stop = pointer(100), pointer(0.5), []string{"x"}
		}}, []string{`"inferenceConfig":{"stopSequences":["x"]}`}, []string{"maxTokens", "temperature"}},
		"nobody's effort":          {"us.deepseek.r1-v1:0", []func(*model.Request){effort("high")}, nil, []string{"additional", "effort"}},
		"calls without tools":      {"us.amazon.nova-lite-v1:0", []func(*model.Request){called}, []string{`Called the tool look with {\"at\":\"it\"}`, "The tool look answered: a cat"}, []string{"toolUse", "toolConfig"}},
		"no choice of none":        {"us.amazon.nova-lite-v1:0", []func(*model.Request){withTool, func(r *model.Request) { r.Settings.ToolChoice.Mode = model.ToolChoiceNone }}, nil, []string{"toolConfig"}},
		"any tool":                 {sonnet, []func(*model.Request){withTool, func(r *model.Request) { r.Settings.ToolChoice.Mode = model.ToolChoiceRequired }}, []string{`"toolChoice":{"any":{}}`}, nil},
		"any tool, in words":       {"anthropic.claude-opus-5-5", []func(*model.Request){withTool, func(r *model.Request) { r.Settings.ToolChoice.Mode = model.ToolChoiceRequired }}, []string{"with calls of tools"}, []string{"toolChoice"}},
		"nine letters for an id":   {"mistral.mistral-large-2407-v1:0", []func(*model.Request){called, withTool}, nil, []string{"tooluse_1"}},
		"a model that caches":      {"anthropic.claude-haiku-4-5-20251001-v1:0", nil, []string{"cachePoint"}, nil},
		"models that don't":        {"anthropic.claude-3-haiku-20240307-v1:0", nil, nil, []string{"cachePoint"}},
		"Amazon's, which do alone": {"us.amazon.nova-pro-v1:0", nil, nil, []string{"cachePoint"}},
		"one that is said to":      {"arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc", []func(*model.Request){option("caching", true)}, []string{"cachePoint"}, []string{"caching"}},
		"one that is said not to":  {sonnet, []func(*model.Request){option("caching", false)}, nil, []string{"cachePoint", "caching"}},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("Hi")
			for _, change := range test.changes {
				change(request)
			}
			n := &network{}
			m := newModel(t, model.Config{
				Model: "bedrock/" + test.model, APIKey: "bedrock-api-key", HTTPClient: &http.Client{Transport: n},
				LookupEnv: environment(map[string]string{"AWS_REGION": "us-east-1"}),
			})
			if got := modeltest.Ask(t.Context(), t, m, request); got.Err != nil {
				t.Fatal(got.Err)
			}
			for _, part := range test.has {
				if !strings.Contains(n.bodies[0], part) {
					t.Errorf("%s is missing in %s", part, n.bodies[0])
				}
			}
			for _, part := range test.hasNot {
				if strings.Contains(n.bodies[0], part) {
					t.Errorf("%s is in %s", part, n.bodies[0])
				}
			}
		})
	}
}

func TestContentThatCannotBeSent(t *testing.T) {
	for name, part := range map[string]agui.InputContent{
		"a sound":                {Type: "binary", MimeType: "audio/wav", Data: "dg=="},
		"an image by address":    {Type: "image", Source: &agui.InputContentSource{Type: "url", MimeType: "image/png", Value: "https://example.com/a.png"}},
		"an image of a format":   {Type: "binary", MimeType: "image/tiff", Data: "dg=="},
		"a document of a format": {Type: "binary", MimeType: "application/zip", Data: "dg=="},
	} {
		t.Run(name, func(t *testing.T) {
			request := saying("")
			request.Messages[0].Content = agui.PartsContent(part)
			n := &network{}
			got := modeltest.Ask(t.Context(), t, n.model(t, "m"), request)
			if code(got.Err) != model.CodeUnsupportedContent || len(n.bodies) != 0 {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}

func TestThoughtsThatAreNotAcceptedAreLeftOut(t *testing.T) {
	n := &network{answers: []*http.Response{refusal(400, `{"message":"The model returned the following errors: messages.1.content.0: Invalid `+"`signature` in `thinking`"+` block"}`)}}
	request := saying("Hi")
	request.Messages = append(request.Messages,
		agui.Message{Role: agui.RoleReasoning, Content: agui.TextContent("THOUGHT"), EncryptedValue: `{"bedrock":{"signature":"s"}}`},
		agui.Message{Role: agui.RoleAssistant, Content: agui.TextContent("Hello")},
		agui.Message{Role: agui.RoleUser, Content: agui.TextContent("Hi")})
	got := modeltest.Ask(t.Context(), t, n.model(t, sonnet), request)
	if got.Text != "ok" || len(n.bodies) != 2 || !strings.Contains(n.bodies[0], "THOUGHT") || strings.Contains(n.bodies[1], "THOUGHT") {
		t.Errorf("got %+v, sent %q", got, n.bodies)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		status        int
		kind, message string
		want          model.Code
	}{
		"no right":               {403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", model.CodeAuthFailed},
		"a session that is over": {403, "ExpiredTokenException", "The security token included in the request is expired", model.CodeAuthFailed},
		"no such profile":        {404, "ResourceNotFoundException", "Could not resolve the foundation model", model.CodeModelNotFound},
		"no such model":          {400, "ValidationException", "The provided model identifier is invalid.", model.CodeModelNotFound},
		"too long":               {400, "ValidationException", "Input is too long for requested model.", model.CodeContextLength},
		"a fault of the request": {400, "ValidationException", "Malformed input request", model.CodeInvalidRequest},
		"a quota":                {400, "ServiceQuotaExceededException", "Too many", model.CodeQuotaExceeded},
		"too many":               {429, "ThrottlingException", "Too many requests, please wait before trying again.", model.CodeRateLimited},
		"a model that isn't up":  {429, "ModelNotReadyException", "Model is not ready", model.CodeRateLimited},
		"a model that fails":     {424, "ModelErrorException", "The model failed", model.CodeProviderUnavailable},
		"a model that is slow":   {408, "ModelTimeoutException", "Timed out", model.CodeProviderUnavailable},
		"a service that is down": {503, "ServiceUnavailableException", "Down", model.CodeProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			answer := refusal(test.status, `{"message":"`+test.message+`"}`)
			answer.Header.Set("X-Amzn-Errortype", test.kind+":http://internal.amazon.com/coral/com.amazon.bedrock/")
			n := &network{answers: []*http.Response{answer}}
			got := modeltest.Ask(t.Context(), t, n.model(t, "m"), saying("Hi"))
			if code(got.Err) != test.want || !strings.Contains(got.Err.Error(), test.kind) {
				t.Errorf("got %v", got.Err)
			}
			io.Copy(io.Discard, answer.Body)
		})
	}
}
