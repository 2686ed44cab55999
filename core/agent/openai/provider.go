package openai

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"
)

// provider is an OpenAI-compatible endpoint and what is particular to it.
type provider struct {
	name string
	// keyVariable and urlVariable name environment variables. A provider without
	// a keyVariable needs no key.
	keyVariable, urlVariable string
	// baseURL is the public address, empty where every customer has their own.
	baseURL string
	// azure marks Azure's own paths, header and API version.
	azure bool
	// maxCompletionTokens marks the newer name of the token limit.
	maxCompletionTokens bool
	// topK marks those that know the parameter top_k.
	topK bool
	// usage marks those that count tokens when asked to with stream_options.
	usage bool
	// echoReasoning marks those that want the reasoning of a step that called
	// tools back with the results.
	echoReasoning bool
	// signatures marks those that may sign tool calls: see sign.
	signatures bool
}

// Azure's API version, unless AZURE_OPENAI_API_VERSION says another.
const defaultAzureVersion = "2024-10-21"

func providers() map[string]provider {
	table := []provider{
		{name: "openai", keyVariable: "OPENAI_API_KEY", urlVariable: "OPENAI_BASE_URL", baseURL: "https://api.openai.com/v1", maxCompletionTokens: true, usage: true},
		{name: "azure", keyVariable: "AZURE_OPENAI_API_KEY", urlVariable: "AZURE_OPENAI_ENDPOINT", azure: true, maxCompletionTokens: true, usage: true},
		{name: "anthropic", keyVariable: "ANTHROPIC_API_KEY", urlVariable: "ANTHROPIC_BASE_URL", baseURL: "https://api.anthropic.com/v1", usage: true},
		{name: "google", keyVariable: "GOOGLE_API_KEY", urlVariable: "GOOGLE_BASE_URL", baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", usage: true, signatures: true},
		{name: "minimax", keyVariable: "MINIMAX_API_KEY", urlVariable: "MINIMAX_BASE_URL", baseURL: "https://api.minimax.io/v1", topK: true, usage: true},
		{name: "openrouter", keyVariable: "OPENROUTER_API_KEY", urlVariable: "OPENROUTER_BASE_URL", baseURL: "https://openrouter.ai/api/v1", topK: true, usage: true},
		{name: "groq", keyVariable: "GROQ_API_KEY", urlVariable: "GROQ_BASE_URL", baseURL: "https://api.groq.com/openai/v1", usage: true},
		{name: "mistral", keyVariable: "MISTRAL_API_KEY", urlVariable: "MISTRAL_BASE_URL", baseURL: "https://api.mistral.ai/v1"},
		{name: "deepseek", keyVariable: "DEEPSEEK_API_KEY", urlVariable: "DEEPSEEK_BASE_URL", baseURL: "https://api.deepseek.com/v1", usage: true, echoReasoning: true},
		{name: "xai", keyVariable: "XAI_API_KEY", urlVariable: "XAI_BASE_URL", baseURL: "https://api.x.ai/v1", usage: true},
		{name: "ollama", urlVariable: "OLLAMA_BASE_URL", baseURL: "http://127.0.0.1:11434/v1", topK: true, usage: true},
	}
	result := make(map[string]provider, len(table)+2)
	for _, p := range table {
		result[p.name] = p
	}
	result["gemini"], result["google-gemini"] = result["google"], result["google"]
	return result
}

// Providers names the providers that a model name can select. "openai" with a
// base URL of its own is any other OpenAI-compatible endpoint.
func Providers() []string {
	return slices.Sorted(maps.Keys(providers()))
}

// SplitModel splits "provider/model" or "provider:model". The provider is in
// lower case; the model is as the provider spells it, and may hold separators.
func SplitModel(name string) (provider, model string, err error) {
	name = strings.TrimSpace(name)
	at := strings.IndexAny(name, "/:")
	if at <= 0 || strings.TrimSpace(name[at+1:]) == "" {
		return "", "", fmt.Errorf(`model %q is not of the form "provider/model", such as "openai/gpt-4o"`, name)
	}
	return strings.ToLower(name[:at]), strings.TrimSpace(name[at+1:]), nil
}

// endpoint is a model at a provider, ready to be called.
type endpoint struct {
	provider provider
	model    string
	client   *goopenai.Client
	// secrets must not be in any log.
	secrets []string
}

// resolve finds the provider that a model's name selects, its key and its address.
func resolve(name, key, baseURL string, env func(string) (string, bool), doer goopenai.HTTPDoer) (*endpoint, error) {
	providerName, model, err := SplitModel(name)
	if err != nil {
		return nil, err
	}
	p, ok := providers()[providerName]
	if !ok {
		return nil, fmt.Errorf("model %q: unknown provider %q (there are %s)", name, providerName, strings.Join(Providers(), ", "))
	}
	lookup := func(variable string) string {
		value, _ := env(variable)
		return strings.TrimSpace(value)
	}
	if baseURL == "" {
		baseURL = lookup(p.urlVariable)
	}
	ownAddress := baseURL != ""
	if !ownAddress {
		baseURL = p.baseURL
	}
	if baseURL == "" {
		return nil, fmt.Errorf("model %q: provider %s has no address: set %s", name, p.name, p.urlVariable)
	}
	if parsed, err := url.Parse(baseURL); err != nil || parsed.Host == "" {
		return nil, fmt.Errorf("model %q: the address of provider %s (%s) is not a URL", name, p.name, p.urlVariable)
	}
	if key == "" && p.keyVariable != "" {
		// A server of one's own often asks for no key.
		if key = lookup(p.keyVariable); key == "" && (!ownAddress || p.azure) {
			return nil, fmt.Errorf("model %q: provider %s has no key: set %s", name, p.name, p.keyVariable)
		}
	}
	if p.name == "openai" && ownAddress && !strings.HasPrefix(baseURL, p.baseURL) {
		p.maxCompletionTokens, p.topK, p.signatures = false, true, true
	}

	config := goopenai.DefaultConfig(key)
	if p.azure {
		config = goopenai.DefaultAzureConfig(key, baseURL)
		config.AzureModelMapperFunc = nil // the model's name is the deployment's
		config.APIVersion = defaultAzureVersion
		if version := lookup("AZURE_OPENAI_API_VERSION"); version != "" {
			config.APIVersion = version
		}
	}
	config.BaseURL = baseURL
	config.EmptyMessagesLimit = ^uint(0) // a provider may send as many keep-alives as it likes
	config.HTTPClient = &transport{next: doer}
	result := &endpoint{provider: p, model: model, client: goopenai.NewClientWithConfig(config)}
	if key != "" {
		result.secrets = []string{key}
	}
	return result, nil
}
