package model

import (
	"fmt"
	"strings"
)

// Name is a model's name together with its provider's.
type Name struct {
	// Provider is in lower case, such as "openai".
	Provider string
	// Model is as the provider spells it. It may hold slashes and colons.
	Model string
}

// ParseName parses "provider/model" or "provider:model".
func ParseName(text string) (Name, error) {
	text = strings.TrimSpace(text)
	at := strings.IndexAny(text, "/:")
	if at <= 0 || strings.TrimSpace(text[at+1:]) == "" {
		return Name{}, fmt.Errorf(`model %q is not of the form "provider/model", such as "openai/gpt-4o"`, text)
	}
	return Name{Provider: strings.ToLower(text[:at]), Model: strings.TrimSpace(text[at+1:])}, nil
}

// String returns "provider/model".
func (n Name) String() string { return n.Provider + "/" + n.Model }

// Named is implemented by models that know their name.
type Named interface {
	Model
	Name() Name
}

// NameOf returns the name of a model, the zero Name if it has none.
func NameOf(m Model) Name {
	if named, ok := m.(Named); ok {
		return named.Name()
	}
	return Name{}
}
