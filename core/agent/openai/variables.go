package openai

import (
	"fmt"
	"slices"
	"strings"
)

// Variables names the environment variables that providers are set up with:
// those that hold keys, and those that hold addresses.
func Variables() (keys, addresses []string) {
	for _, p := range providers() {
		if p.keyVariable != "" && !slices.Contains(keys, p.keyVariable) {
			keys = append(keys, p.keyVariable)
		}
		if !slices.Contains(addresses, p.urlVariable) {
			addresses = append(addresses, p.urlVariable)
		}
	}
	slices.Sort(keys)
	slices.Sort(addresses)
	return keys, addresses
}

// KeyVariable names the environment variable that holds the key for a model,
// "" for a provider that asks for none. It fails for an unknown provider.
func KeyVariable(model string) (string, error) {
	name, _, err := SplitModel(model)
	if err != nil {
		return "", err
	}
	p, ok := providers()[name]
	if !ok {
		return "", fmt.Errorf("model %q: unknown provider %q (there are %s)", model, name, strings.Join(Providers(), ", "))
	}
	return p.keyVariable, nil
}
