package model

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Config is what the model of a provider is made from. Only Model must be set.
type Config struct {
	// Model is "provider/model", such as "openai/gpt-4o".
	Model string
	// APIKey is the provider's key. If empty, defaults to the provider's own
	// environment variable.
	APIKey string
	// BaseURL is the provider's address, as the comment on the dialect's package says.
	// If empty, defaults to the provider's environment variable, or else to its public
	// address.
	BaseURL string
	// LookupEnv looks up environment variables. If nil, defaults to [os.LookupEnv].
	LookupEnv func(name string) (value string, ok bool)
	// SignIn signs requests where there is no key. If nil, models need a key.
	SignIn SignIn
	// HTTPClient sends the requests. If nil, defaults to one client for all models.
	// Redirects are followed within the same host only, so that keys and prompts reach
	// nobody else. It must not have a time limit of its own: answers are streamed.
	HTTPClient *http.Client
	// HeaderTimeout is how long the provider may take to the header of its answer,
	// all retries included. If zero, defaults to 5 minutes, as the reference has it:
	// that is the limit of Node.js's fetch. If negative, there is none.
	HeaderTimeout time.Duration
	// IdleTimeout is how long the provider may be silent within its answer, which
	// some models are while they think. If zero, defaults to 5 minutes, as
	// HeaderTimeout. If negative, there is none: then a provider that hangs keeps
	// its thread busy until somebody stops the run, or the platform's time limit
	// ends it.
	IdleTimeout time.Duration
}

// SignIn adds what the provider knows the caller by to a request whose body is given:
// a role, a service account or a managed identity of the platform that the program
// runs on. It is called for each attempt, and must be safe for concurrent use. Its error
// is safe to log.
type SignIn func(request *http.Request, body []byte) error

// Provider is a provider of models, and the environment variables that configure it.
type Provider struct {
	// Name is the first part of the names of its models.
	Name string
	// Aliases are other names of the provider.
	Aliases []string
	// KeyVariable is the variable with the key, empty if the provider has none.
	KeyVariable string
	// OtherKeyVariables are looked up in turn if KeyVariable isn't set.
	OtherKeyVariables []string
	// SignIn names whose identities sign requests where there is no key: "aws",
	// "azure" or "google". It is empty if the provider has keys alone.
	SignIn string
	// URLVariable is the variable with the address.
	URLVariable string
	// Variables are further variables that the provider reads.
	Variables []string
	// New returns a model. It does no I/O. It fails if the model can't be asked with
	// this configuration: for want of a key or an address.
	New func(Config) (Model, error)
}

// Providers are the providers that a program has.
type Providers []Provider

// Lookup returns the provider with a name or an alias. If there is none, the error
// lists all names.
func (all Providers) Lookup(name string) (Provider, error) {
	var known []string
	for _, p := range all {
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return p, nil
		}
		known = append(append(known, p.Name), p.Aliases...)
	}
	slices.Sort(known)
	return Provider{}, fmt.Errorf("unknown provider %q (there are %s)", name, strings.Join(known, ", "))
}

// New returns the model that the configuration names. It does no I/O.
func (all Providers) New(config Config) (Model, error) {
	name, err := ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	p, err := all.Lookup(name.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	return p.New(config)
}

// Resolve returns the model with a name, made from the configuration otherwise, for
// agents whose front ends may choose one. The configured key and address are never used
// for another provider, which has its own environment variables.
func (all Providers) Resolve(config Config, name string) (Model, error) {
	asked, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	other, err := all.Lookup(asked.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", asked, err)
	}
	configured, err := ParseName(config.Model)
	if err != nil || other.Name != configured.Provider && !slices.Contains(other.Aliases, configured.Provider) {
		config.APIKey, config.BaseURL = "", ""
	}
	config.Model = name
	return other.New(config)
}
