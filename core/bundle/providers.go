package bundle

import "github.com/copilotkit-go/runtime/core/agent/openai"

// providerVariables returns the variables of the model providers, which have a
// table of their own in the README.
func providerVariables() []variable {
	keys, addresses := openai.Variables()
	list := []variable{credential("AZURE_OPENAI_API_VERSION")}
	for _, name := range keys {
		list = append(list, credential(name))
	}
	for _, name := range addresses {
		list = append(list, providerAddress(name))
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
func keyVariable(model string) (string, error) { return openai.KeyVariable(model) }
