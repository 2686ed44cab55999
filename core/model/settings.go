package model

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Settings are a model's parameters. Nil leaves a parameter to the provider; one
// that a provider doesn't know is left out.
type Settings struct {
	Temperature      *float64
	TopP             *float64
	TopK             *int
	MaxOutputTokens  *int
	PresencePenalty  *float64
	FrequencyPenalty *float64
	Stop             []string
	Seed             *int
	// ToolChoice says whether a tool has to be called. The zero value leaves it
	// to the model.
	ToolChoice ToolChoice
	// MaxRetries is how often a call is tried again after 429, a 5xx status or a
	// broken connection, before any of the answer has come. If nil, defaults to 2.
	MaxRetries *int
	// ProviderOptions holds, by provider, more fields for the body of the
	// request, such as {"openai":{"reasoningEffort":"high"}}.
	ProviderOptions map[string]map[string]any
}

// ToolChoice says whether the model has to call a tool. The zero value lets the
// model decide. As JSON it is "auto", "none", "required", or
// {"type":"tool","toolName":"…"}.
type ToolChoice struct {
	// Mode is one of the modes below. If empty, defaults to ToolChoiceAuto.
	Mode ToolChoiceMode
	// Tool is the tool to call, of ToolChoiceTool alone.
	Tool string
}

// ToolChoiceMode is a kind of [ToolChoice].
type ToolChoiceMode string

// The modes of a tool choice.
const (
	ToolChoiceAuto     ToolChoiceMode = "auto"
	ToolChoiceNone     ToolChoiceMode = "none"
	ToolChoiceRequired ToolChoiceMode = "required"
	ToolChoiceTool     ToolChoiceMode = "tool"
)

// IsAuto reports whether the choice is the model's.
func (c ToolChoice) IsAuto() bool { return c.Mode == "" || c.Mode == ToolChoiceAuto }

// UnmarshalJSON decodes a choice, also in the form that CopilotKit's suggestions
// have, {"type":"function","function":{"name":"…"}}. Null is the model's choice.
func (c *ToolChoice) UnmarshalJSON(data []byte) error {
	*c = ToolChoice{}
	if string(data) == "null" {
		return nil
	}
	var mode ToolChoiceMode
	if json.Unmarshal(data, &mode) == nil {
		switch mode {
		case ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired:
			c.Mode = mode
			return nil
		}
		return fmt.Errorf("unknown tool choice %q", mode)
	}
	var object struct {
		Type     string `json:"type"`
		ToolName string `json:"toolName"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("read the tool choice: %w", err)
	}
	name := ""
	switch object.Type {
	case "tool":
		name = object.ToolName
	case "function":
		name = object.Function.Name
	}
	if name == "" {
		return errors.New("the tool choice names no tool")
	}
	c.Mode, c.Tool = ToolChoiceTool, name
	return nil
}
