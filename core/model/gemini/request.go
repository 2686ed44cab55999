package gemini

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// body is the body of a request.
type body struct {
	Contents          []*content     `json:"contents"`
	SystemInstruction *content       `json:"systemInstruction,omitempty"`
	Tools             []toolSet      `json:"tools,omitempty"`
	ToolConfig        map[string]any `json:"toolConfig,omitempty"`
	GenerationConfig  map[string]any `json:"generationConfig,omitempty"`
}

type toolSet struct {
	FunctionDeclarations []declaration `json:"functionDeclarations"`
}

type declaration struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Parameters are nil for none. There is parametersJsonSchema too, which newer models
	// have and which refuses less, but not all references.
	Parameters json.RawMessage `json:"parameters,omitempty"`
}

// toolRules are what models of all generations take.
var toolRules = toolrules.Rules{
	Names:     toolrules.NameRule{Max: 64, Signs: "-.", LetterFirst: true},
	Schemas:   toolrules.SchemaOpenAPI,
	Inline:    true,
	OmitEmpty: true,
	Formats:   []string{"date-time", "double", "enum", "float", "int32", "int64"},
}

// encode encodes the body of a request, and reports whether it has signatures that the
// provider has made. These are only sent if allowed.
func (e *endpoint) encode(request *model.Request, allowSignatures bool) (encoded []byte, signed bool, err error) {
	c := conversation{endpoint: e, allowSignatures: allowSignatures}
	if err := c.add(request); err != nil {
		return nil, false, err
	}
	s := &request.Settings
	b := body{Contents: c.contents, GenerationConfig: e.generationConfig(s)}
	if len(c.system) > 0 {
		b.SystemInstruction = &content{Parts: c.system}
	}
	if len(request.Tools) > 0 {
		b.Tools = []toolSet{{declarations(request.Tools)}}
		if !s.ToolChoice.IsAuto() {
			b.ToolConfig = map[string]any{"functionCallingConfig": callingConfig(s.ToolChoice)}
		}
	}
	encoded, err = json.Marshal(b)
	if err == nil {
		encoded, err = e.withOptions(encoded, &b, s)
	}
	if err != nil {
		return nil, false, fmt.Errorf("encode the request to the model: %w", err)
	}
	return encoded, c.signed, nil
}

func declarations(all []model.Tool) []declaration {
	result := make([]declaration, len(all))
	for i, t := range all {
		result[i] = declaration{t.Name, t.Description, t.Parameters}
	}
	return result
}

func callingConfig(choice model.ToolChoice) map[string]any {
	switch choice.Mode {
	case model.ToolChoiceNone:
		return map[string]any{"mode": "NONE"}
	case model.ToolChoiceTool:
		return map[string]any{"mode": "ANY", "allowedFunctionNames": []string{choice.Tool}}
	}
	return map[string]any{"mode": "ANY"}
}

func (e *endpoint) generationConfig(s *model.Settings) map[string]any {
	config := map[string]any{}
	transport.Set(config, "temperature", s.Temperature)
	transport.Set(config, "topP", s.TopP)
	transport.Set(config, "topK", s.TopK)
	transport.Set(config, "maxOutputTokens", s.MaxOutputTokens)
	transport.Set(config, "presencePenalty", s.PresencePenalty)
	transport.Set(config, "frequencyPenalty", s.FrequencyPenalty)
	transport.Set(config, "seed", s.Seed)
	transport.Set(config, "thinkingConfig", thinking(e.Name.Model, s.ReasoningEffort))
	if len(s.Stop) > 0 {
		config["stopSequences"] = s.Stop
	}
	return config
}

// The options that are fields of the request, those that are in the configuration of
// tools, and those that this package owns or that are settings of the reference's
// library. All others are in generationConfig.
var (
	topOptions   = []string{"safetySettings", "cachedContent", "labels", "serviceTier"}
	toolOptions  = []string{"retrievalConfig"}
	ownedOptions = []string{"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "streamFunctionCallArguments", "structuredOutputs", "candidateCount", "responseLogprobs"}
)

// withOptions returns the body with the provider's options. For Vertex AI those of
// "google" apply if it has none by its own name, as in the reference.
func (e *endpoint) withOptions(encoded []byte, b *body, s *model.Settings) ([]byte, error) {
	options := s.ProviderOptions[e.Name.Provider]
	if options == nil && e.vertex {
		options = s.ProviderOptions["google"]
	}
	if len(options) == 0 {
		return encoded, nil
	}
	top := map[string]any{}
	for name, value := range options {
		switch {
		case slices.Contains(ownedOptions, name):
		case slices.Contains(topOptions, name):
			top[name] = value
		case slices.Contains(toolOptions, name):
			if b.ToolConfig == nil {
				b.ToolConfig = map[string]any{}
			}
			b.ToolConfig[name] = value
		case name == "thinkingConfig":
			b.GenerationConfig[name] = mergeThinking(b.GenerationConfig[name], value)
		default:
			b.GenerationConfig[name] = value
		}
	}
	encoded, err := json.Marshal(b)
	if err != nil || len(top) == 0 {
		return encoded, err
	}
	extra, err := json.Marshal(top)
	if err != nil {
		return nil, err
	}
	return append(append(encoded[:len(encoded)-1], ','), extra[1:]...), nil
}

// mergeThinking returns the configured thinking with the fields of the option.
func mergeThinking(configured, option any) any {
	fields, ok := option.(map[string]any)
	known, thinks := configured.(thinkingConfig)
	if !ok || !thinks {
		return option
	}
	merged := map[string]any{"includeThoughts": known.IncludeThoughts}
	// A budget and a level exclude each other: the option's wins.
	_, hasBudget := fields["thinkingBudget"]
	_, hasLevel := fields["thinkingLevel"]
	if !hasBudget && !hasLevel {
		transport.Set(merged, "thinkingBudget", known.ThinkingBudget)
		if known.ThinkingLevel != "" {
			merged["thinkingLevel"] = known.ThinkingLevel
		}
	}
	for name, value := range fields {
		merged[name] = value
	}
	return merged
}
