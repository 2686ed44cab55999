package openai

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Providers returns all providers that speak this protocol.
func Providers() model.Providers {
	var all model.Providers
	for _, p := range providers {
		p.New = transport.Constructor(New)
		all = append(all, p.Provider)
	}
	return all
}

// provider is a Provider with what is particular to it.
type provider struct {
	model.Provider
	// baseURL is the public address, empty if every customer has an own one.
	baseURL string
	// needsV1 reports whether the provider's own SDK has addresses without the version,
	// which chat completions are below.
	needsV1 bool
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
	{Provider: model.Provider{Name: "openai", KeyVariable: "OPENAI_API_KEY", URLVariable: "OPENAI_BASE_URL"}, baseURL: "https://api.openai.com/v1", maxCompletionTokens: true, usage: true},
	{Provider: model.Provider{Name: "azure", KeyVariable: "AZURE_OPENAI_API_KEY", SignIn: "azure", URLVariable: "AZURE_OPENAI_ENDPOINT", Variables: []string{azureVersionVariable}}, azure: true, maxCompletionTokens: true, usage: true},
	{Provider: model.Provider{Name: "anthropic-chat", KeyVariable: "ANTHROPIC_API_KEY", URLVariable: "ANTHROPIC_BASE_URL"}, baseURL: "https://api.anthropic.com/v1", needsV1: true, usage: true},
	{Provider: model.Provider{Name: "google-chat", KeyVariable: "GOOGLE_API_KEY", OtherKeyVariables: []string{"GEMINI_API_KEY"}, URLVariable: "GOOGLE_BASE_URL"}, baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", usage: true, signatures: true,
		unsigned: `{"google":{"thought_signature":"skip_thought_signature_validator"}}`},
	{Provider: model.Provider{Name: "minimax", KeyVariable: "MINIMAX_API_KEY", URLVariable: "MINIMAX_BASE_URL"}, baseURL: "https://api.minimax.io/v1", topK: true, usage: true},
	{Provider: model.Provider{Name: "openrouter", KeyVariable: "OPENROUTER_API_KEY", URLVariable: "OPENROUTER_BASE_URL"}, baseURL: "https://openrouter.ai/api/v1", topK: true, usage: true},
	{Provider: model.Provider{Name: "groq", KeyVariable: "GROQ_API_KEY", URLVariable: "GROQ_BASE_URL"}, baseURL: "https://api.groq.com/openai/v1", usage: true},
	{Provider: model.Provider{Name: "mistral", KeyVariable: "MISTRAL_API_KEY", URLVariable: "MISTRAL_BASE_URL"}, baseURL: "https://api.mistral.ai/v1"},
	{Provider: model.Provider{Name: "deepseek", KeyVariable: "DEEPSEEK_API_KEY", URLVariable: "DEEPSEEK_BASE_URL"}, baseURL: "https://api.deepseek.com/v1", usage: true, echoReasoning: true},
	{Provider: model.Provider{Name: "xai", KeyVariable: "XAI_API_KEY", URLVariable: "XAI_BASE_URL"}, baseURL: "https://api.x.ai/v1", usage: true},
	{Provider: model.Provider{Name: "ollama", URLVariable: "OLLAMA_BASE_URL"}, baseURL: "http://127.0.0.1:11434/v1", topK: true, usage: true},
}

// tools are the rules of OpenAI, which others have taken over with its protocol.
var tools = toolrules.Rules{
	Names:    toolrules.NameRule{Max: 64, Signs: "-"},
	Schemas:  toolrules.SchemaDraft2020,
	FlatRoot: true,
}

// azureVersionVariable is the environment variable with the version of Azure's API.
const azureVersionVariable = "AZURE_OPENAI_API_VERSION"

const defaultAzureVersion = "2024-10-21"

// azureV1 ends the addresses of Azure's newer API, which has OpenAI's own paths and no
// versions by date.
const azureV1 = "/openai/v1"

// endpoint is a model of a provider and the client to call it with.
type endpoint struct {
	*transport.Endpoint
	provider provider
	client   *goopenai.Client
	// gpt is what is known of the model, if it is one of OpenAI's.
	gpt gpt.Model
}

// newEndpoint looks up the provider of the configured model, its key and its address.
func newEndpoint(config model.Config, doer goopenai.HTTPDoer) (*endpoint, error) {
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	found, err := Providers().Lookup(name.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	p := providers[slices.IndexFunc(providers, func(p provider) bool { return p.Name == found.Name })]
	e, err := transport.NewEndpoint(config, p.Provider, p.baseURL)
	if err != nil {
		return nil, err
	}
	if e.Key == "" && p.azure && e.Config.SignIn == nil {
		return nil, fmt.Errorf("model %q: provider %s has no key: set %s", name, p.Name, p.KeyVariable)
	}
	if p.needsV1 && !strings.HasSuffix(e.URL, "/v1") {
		e.URL += "/v1"
	}
	if p.Name == "openai" && e.OwnAddress && !strings.HasPrefix(e.URL, p.baseURL) {
		p.maxCompletionTokens, p.topK, p.signatures = false, true, true
	}
	e.Tools = tools
	client := goopenai.DefaultConfig(e.Key)
	if p.azure && !strings.HasSuffix(e.URL, azureV1) {
		client = goopenai.DefaultAzureConfig(e.Key, e.URL)
		client.AzureModelMapperFunc = url.PathEscape // the name of the model is that of the deployment
		client.APIVersion = cmp.Or(e.Env(azureVersionVariable), defaultAzureVersion)
	}
	client.BaseURL = e.URL
	client.HTTPClient = doer
	made := &endpoint{Endpoint: e, provider: p, client: goopenai.NewClientWithConfig(client)}
	if p.Name == "openai" || p.azure {
		made.gpt = gpt.Parse(name.Model)
	}
	return made, nil
}

// sign sets what the provider knows the caller by, unless the library has: Azure's key
// has a header of its own, and in its place there may be an identity.
func (e *endpoint) sign(request *http.Request, body []byte) error {
	if !e.provider.azure {
		return nil
	}
	request.Header.Del("Authorization")
	if e.Key != "" {
		request.Header.Set("Api-Key", e.Key)
		return nil
	}
	request.Header.Del("Api-Key")
	return e.Config.SignIn(request, body)
}
