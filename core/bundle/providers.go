package bundle

import (
	"fmt"
	"slices"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/anthropic"
	"github.com/copilotkit-go/runtime/core/model/bedrock"
	"github.com/copilotkit-go/runtime/core/model/gemini"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/core/model/responses"
)

// providers returns all providers of models.
func providers() model.Providers {
	return slices.Concat(openai.Providers(), responses.Providers(), anthropic.Providers(), bedrock.Providers(), gemini.Providers())
}

// providerVariables returns the variables of the model providers, which have a
// table of their own in the README.
func providerVariables() []variable {
	var list []variable
	add := func(v variable) {
		// Providers share variables.
		if v.name != "" && !slices.ContainsFunc(list, func(known variable) bool { return known.name == v.name }) {
			list = append(list, v)
		}
	}
	for _, provider := range providers() {
		add(credential(provider.KeyVariable))
		for _, name := range provider.OtherKeyVariables {
			add(credential(name))
		}
		add(providerAddress(provider.URLVariable))
		for _, name := range provider.Variables {
			add(credential(name))
		}
	}
	return list
}

// credential returns a variable that holds a provider's key.
func credential(name string) variable {
	return variable{name: name, set: func(s *Settings, value string) error {
		if err := checkPrintable(value); err != nil {
			return err
		}
		s.Credentials[name] = Secret(value)
		return nil
	}}
}

// providerAddress returns a variable that holds a provider's endpoint.
func providerAddress(name string) variable {
	return variable{name: name, set: func(s *Settings, value string) error {
		if _, err := parseHTTPURL(value); err != nil {
			return err
		}
		s.Credentials[name] = Secret(value)
		return nil
	}}
}

// lookupProvider returns the provider of a model.
func lookupProvider(text string) (model.Provider, error) {
	name, err := model.ParseName(text)
	if err != nil {
		return model.Provider{}, err
	}
	provider, err := providers().Lookup(name.Provider)
	if err != nil {
		return model.Provider{}, fmt.Errorf("model %q: %w", text, err)
	}
	return provider, nil
}

// newModel returns the model that a setting names.
func newModel(settings *Settings, parts parts, name string) (model.Model, error) {
	provider, err := lookupProvider(name)
	if err != nil {
		return nil, err
	}
	return provider.New(model.Config{
		Model:         name,
		LookupEnv:     settings.credential,
		SignIn:        parts.signIns[provider.SignIn],
		HeaderTimeout: parts.timeouts.ModelHeader,
		IdleTimeout:   parts.timeouts.ModelIdle,
	})
}
