package builtin

import (
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
)

// Property names a setting that forwardedProps can override.
type Property string

// The properties that front ends can be allowed to override.
const (
	PropertyModel            Property = "model"
	PropertyToolChoice       Property = "toolChoice"
	PropertyMaxOutputTokens  Property = "maxOutputTokens"
	PropertyTemperature      Property = "temperature"
	PropertyTopP             Property = "topP"
	PropertyTopK             Property = "topK"
	PropertyPresencePenalty  Property = "presencePenalty"
	PropertyFrequencyPenalty Property = "frequencyPenalty"
	PropertyStopSequences    Property = "stopSequences"
	PropertySeed             Property = "seed"
	PropertyMaxRetries       Property = "maxRetries"
	PropertyPrompt           Property = "prompt"
	PropertyProviderOptions  Property = "providerOptions"
)

func (p Property) valid() bool {
	return slices.Contains([]Property{
		PropertyModel, PropertyToolChoice, PropertyMaxOutputTokens, PropertyTemperature,
		PropertyTopP, PropertyTopK, PropertyPresencePenalty, PropertyFrequencyPenalty,
		PropertyStopSequences, PropertySeed, PropertyMaxRetries, PropertyPrompt, PropertyProviderOptions,
	}, p)
}

// overrides holds what a run's properties can change.
type overrides struct {
	model    model.Model
	prompt   string
	settings model.Settings
}

// override returns the configured values, with those forwarded properties that are
// overridable in their place. A property of the wrong type is ignored.
func (a *Agent) override(forwarded json.RawMessage) (*overrides, error) {
	o := &overrides{model: a.config.Model, prompt: a.config.Prompt, settings: a.config.Settings}
	if len(a.config.Overridable) == 0 || len(forwarded) == 0 {
		return o, nil
	}
	var properties map[string]json.RawMessage
	if json.Unmarshal(forwarded, &properties) != nil {
		return o, nil // not an object: nothing to override with
	}
	for _, property := range a.config.Overridable {
		value, ok := properties[string(property)]
		if !ok || string(value) == "null" {
			continue
		}
		switch property {
		case PropertyModel:
			var name string
			if json.Unmarshal(value, &name) != nil {
				continue
			}
			other, err := a.config.Models(name)
			if err != nil {
				return nil, &agent.Error{Code: "invalid_model", Message: "The requested model is not available.", Err: err}
			}
			o.model = other
		case PropertyPrompt:
			replace(&o.prompt, value)
		case PropertyToolChoice:
			replace(&o.settings.ToolChoice, value)
		case PropertyMaxOutputTokens:
			replace(&o.settings.MaxOutputTokens, value)
		case PropertyTemperature:
			replace(&o.settings.Temperature, value)
		case PropertyTopP:
			replace(&o.settings.TopP, value)
		case PropertyTopK:
			replace(&o.settings.TopK, value)
		case PropertyPresencePenalty:
			replace(&o.settings.PresencePenalty, value)
		case PropertyFrequencyPenalty:
			replace(&o.settings.FrequencyPenalty, value)
		case PropertyStopSequences:
			replace(&o.settings.Stop, value)
		case PropertySeed:
			replace(&o.settings.Seed, value)
		case PropertyMaxRetries:
			replace(&o.settings.MaxRetries, value)
		case PropertyProviderOptions:
			replace(&o.settings.ProviderOptions, value)
		}
	}
	return o, nil
}

// replace replaces the target with the decoded value. A value of another type
// leaves the target as it is.
func replace[T any](target *T, value json.RawMessage) {
	var decoded T
	if json.Unmarshal(value, &decoded) == nil {
		*target = decoded
	}
}
