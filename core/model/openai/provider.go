package openai

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/model"
)

// Provider is a provider of models, and the environment variables that configure it.
type Provider struct {
	// Name is the first part of the names of its models.
	Name string
	// KeyVariable is the variable with the key, empty if the provider needs none.
	KeyVariable string
	// URLVariable is the variable with the address, up to and without
	// "/chat/completions".
	URLVariable string
}

// Providers returns all providers.
func Providers() []Provider {
	var all []Provider
	for _, p := range providers {
		all = append(all, p.Provider)
	}
	return all
}

// LookupProvider returns the provider with a name or an alias. If there is none, the
// error lists all names.
func LookupProvider(name string) (Provider, error) {
	p, err := lookup(name)
	return p.Provider, err
}

// provider is a Provider with what is particular to it.
type provider struct {
	Provider
	// aliases are other names of the provider.
	aliases []string
	// baseURL is the public address, empty if every customer has an own one.
	baseURL string
	// azure selects the paths, the header and the API version of Azure.
	azure bool
	// maxCompletionTokens selects the newer name of the token limit.
	maxCompletionTokens bool
	// topK reports whether the provider has the parameter top_k.
	topK bool
	// usage reports whether the provider counts tokens if stream_options ask for it.
	usage bool
	// echoReasoning reports whether the provider wants the reasoning of a step that
	// has called tools back with the results.
	echoReasoning bool
	// signatures reports whether the provider may sign tool calls.
	signatures bool
	// unsigned takes the place of the signature of a call of another model, empty if
	// the provider doesn't demand one.
	unsigned string
}

// providers is the table of all providers. It must not be modified.
var providers = []provider{
	{Provider: Provider{"openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"}, baseURL: "https://api.openai.com/v1", maxCompletionTokens: true, usage: true},
	{Provider: Provider{"azure", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"}, azure: true, maxCompletionTokens: true, usage: true},
	{Provider: Provider{"anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"}, baseURL: "https://api.anthropic.com/v1", usage: true},
	{Provider: Provider{"google", "GOOGLE_API_KEY", "GOOGLE_BASE_URL"}, aliases: []string{"gemini", "google-gemini"}, baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", usage: true, signatures: true,
		unsigned: `{"google":{"thought_signature":"skip_thought_signature_validator"}}`},
	{Provider: Provider{"minimax", "MINIMAX_API_KEY", "MINIMAX_BASE_URL"}, baseURL: "https://api.minimax.io/v1", topK: true, usage: true},
	{Provider: Provider{"openrouter", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"}, baseURL: "https://openrouter.ai/api/v1", topK: true, usage: true},
	{Provider: Provider{"groq", "GROQ_API_KEY", "GROQ_BASE_URL"}, baseURL: "https://api.groq.com/openai/v1", usage: true},
	{Provider: Provider{"mistral", "MISTRAL_API_KEY", "MISTRAL_BASE_URL"}, baseURL: "https://api.mistral.ai/v1"},
	{Provider: Provider{"deepseek", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL"}, baseURL: "https://api.deepseek.com/v1", usage: true, echoReasoning: true},
	{Provider: Provider{"xai", "XAI_API_KEY", "XAI_BASE_URL"}, baseURL: "https://api.x.ai/v1", usage: true},
	{Provider: Provider{"ollama", "", "OLLAMA_BASE_URL"}, baseURL: "http://127.0.0.1:11434/v1", topK: true, usage: true},
}

func lookup(name string) (provider, error) {
	var known []string
	for _, p := range providers {
		if p.Name == name || slices.Contains(p.aliases, name) {
			return p, nil
		}
		known = append(append(known, p.Name), p.aliases...)
	}
	slices.Sort(known)
	return provider{}, fmt.Errorf("unknown provider %q (there are %s)", name, strings.Join(known, ", "))
}

// AzureVersionVariable is the environment variable with the version of Azure's API.
const AzureVersionVariable = "AZURE_OPENAI_API_VERSION"

const defaultAzureVersion = "2024-10-21"

// endpoint is a model of a provider and the client to call it with.
type endpoint struct {
	provider provider
	model    string
	client   *goopenai.Client
	// key and secrets are removed from all errors.
	key     string
	secrets outbound.Secrets
}

// endpoint looks up the provider of a model, its key and its address.
func (c *Config) endpoint(name model.Name, doer goopenai.HTTPDoer) (*endpoint, error) {
	p, err := lookup(name.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	env := func(variable string) string {
		value, _ := c.LookupEnv(variable)
		return strings.TrimSpace(value)
	}
	key, baseURL := c.APIKey, c.BaseURL
	if baseURL == "" {
		baseURL = env(p.URLVariable)
	}
	ownAddress := baseURL != ""
	if !ownAddress {
		baseURL = p.baseURL
	}
	if baseURL == "" {
		return nil, fmt.Errorf("model %q: provider %s has no address: set %s", name, p.Name, p.URLVariable)
	}
	address, err := url.Parse(baseURL)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("model %q: the address of provider %s (%s) is not a URL", name, p.Name, p.URLVariable)
	}
	if key == "" && p.KeyVariable != "" {
		// Servers at other addresses often need no key.
		if key = env(p.KeyVariable); key == "" && (!ownAddress || p.azure) {
			return nil, fmt.Errorf("model %q: provider %s has no key: set %s", name, p.Name, p.KeyVariable)
		}
	}
	if p.Name == "openai" && ownAddress && !strings.HasPrefix(baseURL, p.baseURL) {
		p.maxCompletionTokens, p.topK, p.signatures = false, true, true
	}

	config := goopenai.DefaultConfig(key)
	if p.azure {
		config = goopenai.DefaultAzureConfig(key, baseURL)
		config.AzureModelMapperFunc = nil // the name of the model is that of the deployment
		config.APIVersion = defaultAzureVersion
		if version := env(AzureVersionVariable); version != "" {
			config.APIVersion = version
		}
	}
	config.BaseURL = baseURL
	config.HTTPClient = doer
	return &endpoint{provider: p, model: name.Model, client: goopenai.NewClientWithConfig(config), key: key, secrets: outbound.NewSecrets(nil, address)}, nil
}
