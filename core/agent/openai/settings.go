package openai

import (
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
)

// Settings are a model's parameters. Nil leaves a parameter to the provider.
type Settings struct {
	Temperature      *float64
	TopP             *float64
	TopK             *int // left out for providers that don't know it
	MaxOutputTokens  *int
	PresencePenalty  *float64
	FrequencyPenalty *float64
	Stop             []string
	Seed             *int
	// ToolChoice is "auto", "none", "required", or {"type":"tool","toolName":"…"}
	// as JSON. Nil means "auto".
	ToolChoice json.RawMessage
	// MaxRetries is how often a call is tried again after 429, a 5xx status or a
	// broken connection, before any of the answer has come. Nil means 2.
	MaxRetries *int
	// ProviderOptions holds, by provider, more fields for the body of the
	// request, such as {"openai":{"reasoningEffort":"high"}}. Names in camel
	// case become snake case.
	ProviderOptions map[string]map[string]any
}

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

func (p Property) known() bool {
	return slices.Contains([]Property{
		PropertyModel, PropertyToolChoice, PropertyMaxOutputTokens, PropertyTemperature,
		PropertyTopP, PropertyTopK, PropertyPresencePenalty, PropertyFrequencyPenalty,
		PropertyStopSequences, PropertySeed, PropertyMaxRetries, PropertyPrompt, PropertyProviderOptions,
	}, p)
}

// override gives the call of a run: what the configuration says, with those
// forwarded properties that it lets through. A property of the wrong type is
// ignored, as one that isn't listed is.
func (a *Agent) override(forwarded json.RawMessage) (*call, error) {
	c := &call{settings: a.config.Settings, prompt: a.config.Prompt, endpoint: a.endpoint}
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
			endpoint, err := a.otherModel(name)
			if err != nil {
				return nil, &agent.Error{Code: "invalid_model", Message: "The requested model is not available.", Err: err}
			}
			c.endpoint = endpoint
		case PropertyPrompt:
			replace(&c.prompt, value)
		case PropertyToolChoice:
			if _, err := parseToolChoice(value); err == nil {
				c.settings.ToolChoice = value
			}
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

// otherModel resolves a model that a run asks for. The configured key and
// address belong to the configured provider, and aren't sent to another.
func (a *Agent) otherModel(name string) (*endpoint, error) {
	providerName, _, err := SplitModel(name)
	if err != nil {
		return nil, err
	}
	key, baseURL := "", ""
	if providers()[providerName].name == a.endpoint.provider.name {
		key, baseURL = a.config.APIKey, a.config.BaseURL
	}
	return resolve(name, key, baseURL, a.config.Env, a.config.HTTPClient)
}
