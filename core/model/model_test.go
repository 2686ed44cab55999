package model_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

func TestParseName(t *testing.T) {
	for text, want := range map[string]model.Name{
		"openai/gpt-4o":               {Provider: "openai", Model: "gpt-4o"},
		" OpenAI:gpt-4o ":             {Provider: "openai", Model: "gpt-4o"},
		"openrouter/anthropic/claude": {Provider: "openrouter", Model: "anthropic/claude"},
		"ollama/llama3:8b":            {Provider: "ollama", Model: "llama3:8b"},
		"gpt-4o":                      {},
		"openai/ ":                    {},
		"/gpt-4o":                     {},
		"":                            {},
	} {
		got, err := model.ParseName(text)
		if got != want || (err == nil) != (want != model.Name{}) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if got := (model.Name{Provider: "openai", Model: "gpt-4o"}).String(); got != "openai/gpt-4o" {
		t.Errorf("got %s", got)
	}
}

func TestAToolChoiceIsReadInTheFormsThatFrontEndsSend(t *testing.T) {
	for text, want := range map[string]model.ToolChoice{
		`null`:                              {},
		`"auto"`:                            {Mode: model.ToolChoiceAuto},
		`"none"`:                            {Mode: model.ToolChoiceNone},
		`"required"`:                        {Mode: model.ToolChoiceRequired},
		`{"type":"tool","toolName":"draw"}`: {Mode: model.ToolChoiceTool, Tool: "draw"},
		`{"type":"function","function":{"name":"draw"}}`: {Mode: model.ToolChoiceTool, Tool: "draw"},
	} {
		got := model.ToolChoice{Mode: model.ToolChoiceTool, Tool: "old"}
		if err := json.Unmarshal([]byte(text), &got); text != `null` && (err != nil || got != want) {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
	for _, wrong := range []string{`"tool"`, `"some"`, `7`, `[]`, `{}`, `{"type":"tool"}`, `{"type":"other","toolName":"draw"}`} {
		var got model.ToolChoice
		if err := json.Unmarshal([]byte(wrong), &got); err == nil {
			t.Errorf("%s is %+v", wrong, got)
		}
	}
	if !(model.ToolChoice{}).IsAuto() || !(model.ToolChoice{Mode: model.ToolChoiceAuto}).IsAuto() || (model.ToolChoice{Mode: model.ToolChoiceNone}).IsAuto() {
		t.Error("the model's own choice is taken for another")
	}
}

func TestAToolIsDescribedAsStrictProvidersWantIt(t *testing.T) {
	for name, test := range map[string]struct{ parameters, want string }{
		"none":                        {``, `{"properties":{},"type":"object"}`},
		"null":                        {`null`, `{"properties":{},"type":"object"}`},
		"an empty list, as PHP does":  {`[]`, `{"properties":{},"type":"object"}`},
		"empty":                       {`{}`, `{"properties":{},"type":"object"}`},
		"a dialect":                   {`{"$schema":"x","type":"object","properties":{}}`, `{"properties":{},"type":"object"}`},
		"open objects":                {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{}},"b":{"type":"array","items":{"type":"object","additionalProperties":true}},"c":{"anyOf":[{"type":"object","additionalProperties":{}}]}},"additionalProperties":true}`, `{"properties":{"a":{"type":"object"},"b":{"items":{"type":"object"},"type":"array"},"c":{"anyOf":[{"type":"object"}]}},"type":"object"}`},
		"closed and typed ones stay":  {`{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}`, `{"additionalProperties":false,"properties":{"a":{"additionalProperties":{"type":"string"},"type":"object"}},"type":"object"}`},
		"a property with such a name": {`{"type":"object","properties":{"additionalProperties":{"type":"string"}}}`, `{"properties":{"additionalProperties":{"type":"string"}},"type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			tool, err := model.NewTool("paint", "Paints", json.RawMessage(test.parameters))
			if err != nil || tool.Name != "paint" || tool.Description != "Paints" || string(tool.Parameters) != test.want {
				t.Errorf("got %+v, %v", tool, err)
			}
		})
	}
	for _, wrong := range []string{`{"type":"string"}`, `7`, `[1]`, `"object"`, `{`} {
		_, err := model.NewTool("paint", "", json.RawMessage(wrong))
		if failed := (*model.Error)(nil); !errors.As(err, &failed) || failed.Code != model.CodeInvalidTool {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}

func TestEveryCodeHasAMessageThatAUserCanRead(t *testing.T) {
	seen := map[string]model.Code{}
	for _, code := range []model.Code{
		model.CodeAnswerTooLarge, model.CodeAuthFailed, model.CodeContentFiltered, model.CodeContextLength, model.CodeInvalidRequest, model.CodeInvalidTool,
		model.CodeModelNotFound, model.CodeProviderUnavailable, model.CodeQuotaExceeded, model.CodeRateLimited, model.CodeRequestTooLarge, model.CodeUnsupportedContent,
	} {
		message := model.NewError(code, nil).Message
		if message == "" || seen[message] != "" {
			t.Errorf("%s says %q, as %s does", code, message, seen[message])
		}
		seen[message] = code
	}
	cause := errors.New("cause")
	if err := model.NewError(model.CodeRateLimited, cause); !errors.Is(err, cause) {
		t.Errorf("the cause of %v is lost", err)
	}
}

func TestReadMediaOfThePartsThatHoldNothing(t *testing.T) {
	for name, part := range map[string]agui.InputContent{
		"no source":        {Type: "image"},
		"an id alone":      {Type: "binary", MimeType: "image/png", ID: "file-1"},
		"a URL of no kind": {Type: "image", Source: &agui.InputContentSource{Type: "url", Value: "data:image/png,text"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := model.ReadMedia(&part); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}
