package builtin

import (
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
)

// Property names a setting that forwardedProps can override.
type Property string

// The properties that a deployer can let front ends override.
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

// choices is what a run's properties can change.
type choices struct {
	model    model.Model
	prompt   string
	settings model.Settings
}

// override returns what the configuration says, with those forwarded properties
// that it lets through. A property of the wrong type is ignored, as one that isn't
// listed is.
func (a *Agent) override(forwarded json.RawMessage) (*choices, error) {
	c := &choices{model: a.config.Model, prompt: a.config.Prompt, settings: a.config.Settings}
	if len(a.config.Overridable) == 0 || len(forwarded) == 0 {
		return c, nil
	}
	var properties map[string]json.RawMessage
	if json.Unmarshal(forwarded, &properties) != nil {
		return c, nil // not an object: nothing to override with
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
			c.model = other
		case PropertyPrompt:
			replace(&c.prompt, value)
		case PropertyToolChoice:
			replace(&c.settings.ToolChoice, value)
		case PropertyMaxOutputTokens:
			replace(&c.settings.MaxOutputTokens, value)
		case PropertyTemperature:
			replace(&c.settings.Temperature, value)
		case PropertyTopP:
			replace(&c.settings.TopP, value)
		case PropertyTopK:
			replace(&c.settings.TopK, value)
		case PropertyPresencePenalty:
			replace(&c.settings.PresencePenalty, value)
		case PropertyFrequencyPenalty:
			replace(&c.settings.FrequencyPenalty, value)
		case PropertyStopSequences:
			replace(&c.settings.Stop, value)
		case PropertySeed:
			replace(&c.settings.Seed, value)
		case PropertyMaxRetries:
			replace(&c.settings.MaxRetries, value)
		case PropertyProviderOptions:
			replace(&c.settings.ProviderOptions, value)
		}
	}
	return c, nil
}

// replace decodes value into a fresh T and puts it in place, if it is one.
func replace[T any](target *T, value json.RawMessage) {
	var decoded T
	if json.Unmarshal(value, &decoded) == nil {
		*target = decoded
	}
}
