package bundle

import (
	"fmt"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

// providerVariables returns the variables of the model providers, which have a
// table of their own in the README.
func providerVariables() []variable {
	list := []variable{credential(openai.AzureVersionVariable)}
	for _, provider := range openai.Providers() {
		if provider.KeyVariable != "" {
			list = append(list, credential(provider.KeyVariable))
		}
		list = append(list, providerAddress(provider.URLVariable))
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

// keyVariable returns the variable that holds the key for a model, "" for a
// provider that asks for none. It fails for a provider that doesn't exist.
func keyVariable(text string) (string, error) {
	name, err := model.ParseName(text)
	if err != nil {
		return "", err
	}
	provider, err := openai.LookupProvider(name.Provider)
	if err != nil {
		return "", fmt.Errorf("model %q: %w", text, err)
	}
	return provider.KeyVariable, nil
}
