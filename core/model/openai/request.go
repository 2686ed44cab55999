package openai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// encode encodes the body of a request.
func (e *endpoint) encode(request *model.Request) ([]byte, error) {
	messages, err := e.messages(request)
	if err != nil {
		return nil, err
	}
	p, s := &e.provider, &request.Settings
	body := map[string]any{
		"model":    e.Name.Model,
		"messages": messages,
		"stream":   true,
	}
	if p.usage {
		body["stream_options"] = map[string]bool{"include_usage": true}
	}
	if len(request.Tools) > 0 {
		body["tools"] = encodeTools(request.Tools)
		if !s.ToolChoice.IsAuto() {
			body["tool_choice"] = toolChoice(s.ToolChoice)
		}
	}
	if s.MaxOutputTokens != nil {
		name := "max_tokens"
		if p.maxCompletionTokens {
			name = "max_completion_tokens"
		}
		body[name] = *s.MaxOutputTokens
	}
	if s.TopK != nil && p.topK {
		body["top_k"] = *s.TopK
	}
	effort := e.gpt.Effort(s.ReasoningEffort)
	if effort != "" {
		body["reasoning_effort"] = effort
	}
	if e.gpt.TakesSampling(effort) {
		transport.Set(body, "temperature", s.Temperature)
		transport.Set(body, "top_p", s.TopP)
	}
	if !e.gpt.Reasons() {
		transport.Set(body, "presence_penalty", s.PresencePenalty)
		transport.Set(body, "frequency_penalty", s.FrequencyPenalty)
	}
	transport.Set(body, "seed", s.Seed)
	if len(s.Stop) > 0 {
		body["stop"] = s.Stop
	}
	for name, value := range s.ProviderOptions[strings.TrimSuffix(p.Name, "-chat")] {
		if name = transport.SnakeCase(name); !slices.Contains([]string{"model", "messages", "stream", "tools", "tool_choice"}, name) {
			body[name] = value
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, nil
}

// tool is a tool in the provider's form.
type tool struct {
	Type     string       `json:"type"`
	Function toolFunction `json:"function"`
}

type toolFunction struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

func encodeTools(all []model.Tool) []tool {
	result := make([]tool, len(all))
	for i, t := range all {
		result[i] = tool{Type: "function", Function: toolFunction{t.Name, t.Description, t.Parameters}}
	}
	return result
}

func toolChoice(choice model.ToolChoice) any {
	if choice.Mode != model.ToolChoiceTool {
		return choice.Mode
	}
	return map[string]any{"type": "function", "function": map[string]string{"name": choice.Tool}}
}
