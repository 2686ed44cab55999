package bundle

import (
	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/model"
)

// ModelAt returns one of the models that settings have, by its name, as the default agent
// asks it, but without a runtime. Of the options it heeds [WithSignIn] and [WithTimeouts].
// It does no network I/O.
func ModelAt(settings *Settings, name string, options ...Option) (model.Model, error) {
	return newModel(settings, collect(options), name)
}

// MCPServerAt returns one of the MCP servers that settings have, without a runtime. Whoever
// calls it closes the server. Of the options it heeds [WithLogger] and [WithTimeouts]. It
// does no network I/O.
func MCPServerAt(settings *Settings, name string, server Upstream, options ...Option) (*mcp.Server, error) {
	return newMCPServer(settings, collect(options), name, server)
}

// ProviderOf returns the provider of a model, "provider/model".
func ProviderOf(name string) (model.Provider, error) { return lookupProvider(name) }

// Keys returns the variables with keys that the provider of a model, "provider/model",
// takes, and that are set.
func (s *Settings) Keys(name string) []string {
	provider, err := lookupProvider(name)
	if err != nil {
		return nil
	}
	var set []string
	for _, variable := range append([]string{provider.KeyVariable}, provider.OtherKeyVariables...) {
		if s.Credentials[variable] != "" {
			set = append(set, variable)
		}
	}
	return set
}

// IsOwn reports whether a variable is one that this runtime or the providers of its models
// read, those of OpenTelemetry aside.
func IsOwn(name string) bool {
	for _, v := range providerVariables() {
		if v.name == name {
			return true
		}
	}
	return isVariable(name)
}
