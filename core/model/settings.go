package model

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Settings are the parameters of a model. Dialects omit parameters that their
// provider doesn't have.
type Settings struct {
	// Temperature, TopP and TopK control sampling. If nil, they default to the
	// provider's values.
	Temperature *float64
	TopP        *float64
	TopK        *int
	// MaxOutputTokens limits the length of an answer. If nil, defaults to the
	// provider's limit.
	MaxOutputTokens *int
	// ReasoningEffort is how much the model thinks before it answers: "none",
	// "minimal", "low", "medium", "high" or "xhigh". Dialects whose provider has a
	// budget of tokens convert it. If empty, defaults to the provider's.
	ReasoningEffort string
	// PresencePenalty and FrequencyPenalty make repetitions less likely. If nil,
	// they default to the provider's values.
	PresencePenalty  *float64
	FrequencyPenalty *float64
	// Stop holds texts that end an answer. If nil, there are none.
	Stop []string
	// Seed makes answers repeatable where the provider can. If nil, there is none.
	Seed *int
	// ToolChoice says whether a tool must be called. The zero value leaves the
	// choice to the model.
	ToolChoice ToolChoice
	// MaxRetries is how often a request is sent again after status 429, a 5xx
	// status or a broken connection, as long as the answer hasn't begun. If nil,
	// defaults to 2.
	MaxRetries *int
	// ProviderOptions holds additional fields for the body of the request by
	// provider, such as {"openai":{"reasoningEffort":"high"}}. If nil, there are
	// none.
	ProviderOptions map[string]map[string]any
}

// ToolChoice says whether the model must call a tool. The zero value leaves the
// choice to the model. As JSON it is "auto", "none", "required", or
// {"type":"tool","toolName":"…"}.
type ToolChoice struct {
	// Mode is one of the modes below. If empty, defaults to ToolChoiceAuto.
	Mode ToolChoiceMode
	// Tool is the name of the tool that ToolChoiceTool demands.
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

// IsAuto reports whether the choice is left to the model.
func (c ToolChoice) IsAuto() bool { return c.Mode == "" || c.Mode == ToolChoiceAuto }

// UnmarshalJSON decodes a tool choice. It also accepts the form that CopilotKit's
// suggestions have, {"type":"function","function":{"name":"…"}}, and null for the
// zero value.
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
		return fmt.Errorf("decode the tool choice: %w", err)
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
