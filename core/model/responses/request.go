package responses

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// encrypted is the value of include that asks for reasoning in a form that can be sent
// back.
const encrypted = "reasoning.encrypted_content"

// encode encodes the body of a request.
func (m *Model) encode(request *model.Request, withReasoning bool) ([]byte, error) {
	s := &request.Settings
	options := m.merge(s.ProviderOptions)
	effort := m.gpt.Effort(s.ReasoningEffort)
	if value, ok := options["reasoning_effort"].(string); ok {
		effort = value
	}
	reasons := m.gpt.Reasons() || effort != "" && effort != "none"
	input, err := m.input(request, reasons, withReasoning)
	if err != nil {
		return nil, err
	}
	body := map[string]any{
		"model":  m.endpoint.Name.Model,
		"input":  input,
		"stream": true,
		"store":  false,
	}
	if reasons {
		body["include"] = []any{encrypted}
		if effort != "" {
			reasoning := map[string]any{"effort": effort}
			if effort != "none" {
				reasoning["summary"] = "auto"
			}
			body["reasoning"] = reasoning
		}
	}
	if !reasons || m.gpt.Reasons() && m.gpt.TakesSampling(effort) { // others refuse them
		transport.Set(body, "temperature", s.Temperature)
		transport.Set(body, "top_p", s.TopP)
	}
	transport.Set(body, "max_output_tokens", s.MaxOutputTokens)
	if tools := encodeTools(request.Tools, options["web_search"]); len(tools) > 0 {
		body["tools"] = tools
		if !s.ToolChoice.IsAuto() {
			body["tool_choice"] = toolChoice(s.ToolChoice)
		}
	}
	apply(body, options)
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, nil
}

// merge returns the options for this provider, by their names in the protocol.
func (m *Model) merge(options map[string]map[string]any) map[string]any {
	merged := make(map[string]any)
	for _, provider := range m.options {
		for name, value := range options[provider] {
			merged[transport.SnakeCase(name)] = value
		}
	}
	return merged
}

// owned are the fields that options can't set: this package decodes what they lead to, or
// they would have the provider use another conversation than the one that it is sent.
var owned = []string{"model", "input", "stream", "tools", "tool_choice", "background", "conversation", "previous_response_id", "reasoning_effort", "web_search"}

// apply adds the options to a body. Some are parts of a field, and null removes one.
func apply(body, options map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		switch {
		case slices.Contains(owned, name):
		case name == "include":
			if more, ok := value.([]any); ok {
				existing, _ := body[name].([]any)
				body[name] = append(existing, more...)
			}
		case strings.HasPrefix(name, "reasoning_"):
			setPart(body, "reasoning", strings.TrimPrefix(name, "reasoning_"), value)
		case name == "text_verbosity":
			setPart(body, "text", "verbosity", value)
		case value == nil:
			delete(body, name)
		default:
			body[name] = value
		}
	}
}

// setPart sets a part of a field. A part that is null is removed.
func setPart(body map[string]any, field, name string, value any) {
	parts, _ := body[field].(map[string]any)
	if parts == nil {
		parts = make(map[string]any)
	}
	if parts[name] = value; value == nil {
		delete(parts, name)
	}
	if body[field] = parts; len(parts) == 0 {
		delete(body, field)
	}
}

// tool is a function in the provider's form.
type tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	// Strict is false, which isn't the provider's default: it would demand that all
	// properties are required.
	Strict bool `json:"strict"`
}

// encodeTools converts the tools, and adds the provider's own search of the web: true,
// or an object with its options.
func encodeTools(all []model.Tool, search any) []any {
	tools := make([]any, 0, len(all)+1)
	for _, t := range all {
		tools = append(tools, tool{Type: "function", Name: t.Name, Description: t.Description, Parameters: t.Parameters})
	}
	switch search := search.(type) {
	case bool:
		if search {
			tools = append(tools, map[string]any{"type": "web_search"})
		}
	case map[string]any:
		converted := map[string]any{"type": "web_search"}
		for name, value := range search {
			converted[transport.SnakeCase(name)] = value
		}
		tools = append(tools, converted)
	}
	return tools
}

func toolChoice(choice model.ToolChoice) any {
	if choice.Mode != model.ToolChoiceTool {
		return choice.Mode
	}
	return map[string]string{"type": "function", "name": choice.Tool}
}
