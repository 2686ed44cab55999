package gemini_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

func data(kind, mimeType, value string) agui.InputContent {
	return agui.InputContent{Type: kind, Source: &agui.InputContentSource{Type: "data", MimeType: mimeType, Value: value}}
}

func address(kind, mimeType, value string) agui.InputContent {
	return agui.InputContent{Type: kind, Source: &agui.InputContentSource{Type: "url", MimeType: mimeType, Value: value}}
}

// everything returns a request with all that there is.
func everything() *model.Request {
	signed := func(signature string) string { return `{"google":{"thought_signature":"` + signature + `"}}` }
	call := func(id, name, arguments, data string) agui.ToolCall {
		return agui.ToolCall{ID: id, Name: name, Arguments: arguments, EncryptedValue: data}
	}
	result := func(id, text string) agui.Message {
		return agui.Message{ID: "r" + id, Role: agui.RoleTool, ToolCallID: id, Content: agui.TextContent(text)}
	}
	failed := result("c2", "")
	failed.Error = "no such city"
	return &model.Request{
		System: []string{"You are terse.", "Context: Oslo"},
		Messages: []agui.Message{
			{ID: "1", Role: agui.RoleUser, Content: agui.PartsContent(
				agui.InputContent{Type: "text", Text: "What is this?"},
				data("image", "image/png", "aW1n"),
				data("document", "application/pdf", "cGRm"),
				data("document", "text/plain", "bm90ZXM="),
				data("audio", "audio/wav", "d2F2"),
				address("video", "", "https://www.example/a/film.mp4?x=1"),
				address("image", "", "https://www.example/image"),
			)},
			{ID: "2", Role: agui.RoleReasoning, Content: agui.TextContent("Let me look."), EncryptedValue: signed("VGhvdWdodA==")},
			{ID: "3", Role: agui.RoleReasoning, Content: agui.TextContent("A summary for people."), EncryptedValue: "another provider's"},
			{ID: "4", Role: agui.RoleAssistant, Content: agui.TextContent("I look."), EncryptedValue: signed("dGV4dA=="), ToolCalls: []agui.ToolCall{
				call("c1", "weather", `{"city":"Oslo"}`, signed("Y2FsbA==")), call("c2", "weather", `{}`, ""),
			}},
			result("c1", "9 degrees"), failed,
			{ID: "5", Role: agui.RoleAssistant, Content: agui.TextContent("Cold.")},
			{ID: "6", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{call("c3", "time", ``, `{"anthropic":{"signature":"x"}}`)}},
			result("c3", "noon"),
			{ID: "7", Role: agui.RoleDeveloper, Content: agui.TextContent("Never say wet.")},
			{ID: "8", Role: agui.RoleUser, Content: agui.TextContent("And tomorrow?")},
		},
		History: 11,
		Tools: []model.Tool{
			{Name: "weather", Description: "The weather", Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"$ref":"#/$defs/city"},"unit":{"const":"C"}},"required":["city"],"additionalProperties":false,"$defs":{"city":{"type":"string"}}}`)},
			{Name: "time", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)},
		},
		Settings: model.Settings{
			Temperature: pointer(0.5), TopP: pointer(0.9), TopK: pointer(40), MaxOutputTokens: pointer(321), Seed: pointer(7),
			PresencePenalty: pointer(0.1), FrequencyPenalty: pointer(0.2), Stop: []string{"END"}, ReasoningEffort: "low", MaxRetries: new(int),
			ToolChoice: model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "weather"},
			ProviderOptions: map[string]map[string]any{"google": {
				"safetySettings": []any{map[string]any{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}}, "cachedContent": "cachedContents/1",
				"mediaResolution": "MEDIA_RESOLUTION_LOW", "retrievalConfig": map[string]any{"languageCode": "no"},
				"contents": "mine", "tools": "mine", "structuredOutputs": true,
			}},
		},
	}
}

func TestTheWholeRequest(t *testing.T) {
	for provider, file := range map[string]string{"google": "google.json", "vertex": "vertex.json"} {
		t.Run(provider, func(t *testing.T) {
			n := streaming(hello)
			if got := modeltest.Ask(t.Context(), t, n.on(t, provider+"/gemini-3-flash"), everything()); got.Err != nil {
				t.Fatal(got.Err)
			}
			want, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, []byte(n.bodies[0]), "", "  "); err != nil {
				t.Fatal(err)
			}
			if got.WriteByte('\n'); got.String() != string(want) {
				t.Errorf("sent %s", got.String())
			}
		})
	}
}

func TestHowMuchAModelThinks(t *testing.T) {
	for _, test := range []struct{ model, effort, want string }{
		{"gemini-2.5-flash", "", `{"includeThoughts":true}`},
		{"gemini-2.5-flash", "none", `{"thinkingBudget":0}`},
		{"gemini-2.5-pro", "none", `{"thinkingBudget":128}`},
		{"gemini-2.5-flash", "minimal", `{"includeThoughts":true,"thinkingBudget":1024}`},
		{"gemini-2.5-flash", "medium", `{"includeThoughts":true,"thinkingBudget":8192}`},
		{"gemini-2.5-flash", "xhigh", `{"includeThoughts":true,"thinkingBudget":24576}`},
		{"gemini-2.5-pro", "xhigh", `{"includeThoughts":true,"thinkingBudget":32768}`},
		{"gemini-3-flash-preview", "none", `{"thinkingLevel":"MINIMAL"}`},
		{"gemini-3.1-pro", "minimal", `{"includeThoughts":true,"thinkingLevel":"LOW"}`},
		{"gemini-3.7-flash", "minimal", `{"includeThoughts":true,"thinkingLevel":"LOW"}`},
		{"gemini-3.7-flash-lite", "minimal", `{"includeThoughts":true,"thinkingLevel":"MINIMAL"}`},
		{"gemini-3.1-pro", "medium", `{"includeThoughts":true,"thinkingLevel":"MEDIUM"}`},
		{"gemini-3-pro-preview", "medium", `{"includeThoughts":true,"thinkingLevel":"HIGH"}`},
		{"gemini-3.1-pro", "xhigh", `{"includeThoughts":true,"thinkingLevel":"HIGH"}`},
		{"gemini-flash-latest", "low", `{"includeThoughts":true,"thinkingLevel":"LOW"}`},
		{"gemini-4", "unheard of", `{"includeThoughts":true}`},
		{"gemini-2.0-flash", "high", ``},
		{"gemini-pro", "high", ``},
		{"gemini-2.5-flash-image", "high", ``},
		{"gemma-3-27b-it", "high", ``},
		{"tunedModels/mine", "high", ``},
	} {
		t.Run(test.model+" "+test.effort, func(t *testing.T) {
			n := streaming(hello)
			request := saying("Hi")
			request.Settings.ReasoningEffort = test.effort
			modeltest.Ask(t.Context(), t, n.on(t, "google/"+test.model), request)
			var config struct{ ThinkingConfig json.RawMessage }
			if sent := n.sent(t, "generationConfig"); sent != "" {
				if err := json.Unmarshal([]byte(sent), &config); err != nil {
					t.Fatal(err)
				}
			}
			if got := string(config.ThinkingConfig); got != test.want {
				t.Errorf("sent %s", got)
			}
		})
	}
}

func TestOptionsOfTheProvider(t *testing.T) {
	thinking := func(fields map[string]any) map[string]map[string]any {
		return map[string]map[string]any{"google": {"thinkingConfig": fields}}
	}
	for name, test := range map[string]struct {
		model, effort string
		options       map[string]map[string]any
		field, want   string
	}{
		"thoughts that aren't shown":        {"google/gemini-3-flash", "low", thinking(map[string]any{"includeThoughts": false}), "generationConfig", `{"thinkingConfig":{"includeThoughts":false,"thinkingLevel":"LOW"}}`},
		"a budget wins over an effort":      {"google/gemini-3-flash", "low", thinking(map[string]any{"thinkingBudget": 9}), "generationConfig", `{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":9}}`},
		"a model that isn't known to think": {"google/tunedModels/x", "", thinking(map[string]any{"thinkingBudget": 9}), "generationConfig", `{"thinkingConfig":{"thinkingBudget":9}}`},
		"Google's for Vertex AI":            {"vertex/gemini-2.0-flash", "", map[string]map[string]any{"google": {"labels": map[string]any{"a": "b"}}}, "labels", `{"a":"b"}`},
		"Vertex AI's own":                   {"vertex/gemini-2.0-flash", "", map[string]map[string]any{"vertex": {"labels": map[string]any{"a": "b"}}, "google": {"labels": 1}}, "labels", `{"a":"b"}`},
		"another provider's":                {"google/gemini-2.0-flash", "", map[string]map[string]any{"openai": {"labels": 1}}, "labels", ``},
		"the model isn't replaced":          {"google/gemini-2.0-flash", "", map[string]map[string]any{"google": {"contents": 1, "systemInstruction": 1, "generationConfig": 1}}, "generationConfig", ``},
	} {
		t.Run(name, func(t *testing.T) {
			n := streaming(hello)
			request := saying("Hi")
			request.Settings.ReasoningEffort, request.Settings.ProviderOptions = test.effort, test.options
			if got := modeltest.Ask(t.Context(), t, n.on(t, test.model), request); got.Err != nil {
				t.Fatal(got.Err)
			}
			if got := n.sent(t, test.field); got != test.want {
				t.Errorf("sent %s", got)
			}
		})
	}
	n := streaming(hello)
	request := saying("Hi")
	request.Settings.ProviderOptions = map[string]map[string]any{"google": {"labels": func() {}}}
	if got := modeltest.Ask(t.Context(), t, n.on(t, "google/gemini-3-flash"), request); code(got.Err) == "" || len(n.bodies) > 0 {
		t.Errorf("an option that is no JSON: got %+v", got)
	}
}

func TestWhetherAToolMustBeCalled(t *testing.T) {
	for mode, want := range map[model.ToolChoiceMode]string{
		model.ToolChoiceAuto:     ``,
		model.ToolChoiceNone:     `{"functionCallingConfig":{"mode":"NONE"}}`,
		model.ToolChoiceRequired: `{"functionCallingConfig":{"mode":"ANY"}}`,
		model.ToolChoiceTool:     `{"functionCallingConfig":{"allowedFunctionNames":["a_b"],"mode":"ANY"}}`,
	} {
		n := streaming(hello)
		request := saying("Hi")
		request.Tools = []model.Tool{{Name: "a/b", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}}
		request.Settings.ToolChoice = model.ToolChoice{Mode: mode, Tool: "a/b"}
		modeltest.Ask(t.Context(), t, n.on(t, "google/gemini-3-flash"), request)
		if got := n.sent(t, "toolConfig"); got != want {
			t.Errorf("%s: sent %s", mode, got)
		}
		if got := n.sent(t, "tools"); got != `[{"functionDeclarations":[{"name":"a_b"}]}]` {
			t.Errorf("%s: sent %s", mode, got)
		}
	}
}

func TestAttachments(t *testing.T) {
	for name, test := range map[string]struct {
		part agui.InputContent
		want string // "" if it is refused
	}{
		"an image of an unknown type":     {data("image", "", "iVBORw0KGgoAAAANSUhEUgAA"), `{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgoAAAANSUhEUgAA"}}`},
		"data of no type":                 {data("document", "", "AAEC"), ``},
		"data that isn't base64":          {data("document", "", "!!!!"), ``},
		"a text that isn't base64":        {data("document", "text/plain", "!!!!"), ``},
		"JSON":                            {data("document", "application/json", "e30="), `{"text":"{}"}`},
		"a file in a bucket":              {address("document", "application/pdf", "gs://bucket/a.pdf"), `{"fileData":{"mimeType":"application/pdf","fileUri":"gs://bucket/a.pdf"}}`},
		"an address that says no type":    {address("video", "", "https://youtu.be/abc"), `{"fileData":{"fileUri":"https://youtu.be/abc"}}`},
		"an address that can't be parsed": {address("video", "", "https://a b/%zz"), `{"fileData":{"fileUri":"https://a b/%zz"}}`},
		"nothing":                         {agui.InputContent{Type: "image"}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			n := streaming(hello)
			request := saying("")
			request.Messages[0].Content = agui.PartsContent(test.part)
			got := modeltest.Ask(t.Context(), t, n.on(t, "google/gemini-3-flash"), request)
			if test.want == "" {
				if code(got.Err) != model.CodeUnsupportedContent || len(n.bodies) > 0 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if sent := n.sent(t, "contents"); sent != `[{"role":"user","parts":[`+test.want+`]}]` {
				t.Errorf("sent %s", sent)
			}
		})
	}
}

func TestGemmaGetsItsInstructionsFromTheUser(t *testing.T) {
	n := streaming(hello)
	request := saying("Hi")
	request.System = []string{"Be terse."}
	modeltest.Ask(t.Context(), t, n.on(t, "google/gemma-3-27b-it"), request)
	if got := n.bodies[0]; !strings.Contains(got, `[{"text":"Be terse."},{"text":"Hi"}]`) || strings.Contains(got, "systemInstruction") {
		t.Errorf("sent %s", got)
	}
}
