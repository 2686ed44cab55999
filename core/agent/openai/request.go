package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// body encodes a request for one step.
func (c *call) body(messages []message, tools []toolDefinition, toolChoice any) ([]byte, error) {
	p, s := c.endpoint.provider, &c.settings
	body := map[string]any{
		"model":    c.endpoint.model,
		"messages": messages,
		"stream":   true,
	}
	if p.usage {
		body["stream_options"] = map[string]bool{"include_usage": true}
	}
	if len(tools) > 0 {
		body["tools"] = tools
		if toolChoice != nil {
			body["tool_choice"] = toolChoice
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
	set(body, "temperature", s.Temperature)
	set(body, "top_p", s.TopP)
	set(body, "presence_penalty", s.PresencePenalty)
	set(body, "frequency_penalty", s.FrequencyPenalty)
	set(body, "seed", s.Seed)
	if len(s.Stop) > 0 {
		body["stop"] = s.Stop
	}
	for name, value := range s.ProviderOptions[p.name] {
		if name = snakeCase(name); !slices.Contains([]string{"model", "messages", "stream", "tools", "tool_choice"}, name) {
			body[name] = value
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, nil
}

func set[T any](body map[string]any, name string, value *T) {
	if value != nil {
		body[name] = *value
	}
}

// toolDefinition is a tool as the provider gets it.
type toolDefinition struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// namedTool is the choice of one tool, as the provider gets it.
type namedTool struct {
	Type     string `json:"type"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
}

// parseToolChoice reads a tool choice, also in the form that CopilotKit's
// suggestions have, {"type":"function","function":{"name":"…"}}. Nil means auto.
func parseToolChoice(choice json.RawMessage) (any, error) {
	if len(choice) == 0 || string(choice) == "null" {
		return nil, nil
	}
	var word string
	if json.Unmarshal(choice, &word) == nil {
		switch word {
		case "auto":
			return nil, nil
		case "none", "required":
			return word, nil
		}
		return nil, fmt.Errorf("unknown tool choice %q", word)
	}
	var object struct {
		Type     string `json:"type"`
		ToolName string `json:"toolName"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if err := json.Unmarshal(choice, &object); err != nil {
		return nil, fmt.Errorf("read the tool choice: %w", err)
	}
	named := namedTool{Type: "function"}
	switch object.Type {
	case "tool":
		named.Function.Name = object.ToolName
	case "function":
		named.Function.Name = object.Function.Name
	}
	if named.Function.Name == "" {
		return nil, errors.New("the tool choice names no tool")
	}
	return named, nil
}

// snakeCase turns reasoningEffort into reasoning_effort.
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
