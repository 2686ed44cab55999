package anthropic

import (
	"context"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/claude"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// name is the provider's name.
const name = "anthropic"

const (
	publicURL  = "https://api.anthropic.com"
	apiVersion = "2023-06-01"
)

// tokenVariable is the variable with a bearer token, which takes the place of a key.
const tokenVariable = "ANTHROPIC_AUTH_TOKEN"

// provider is Anthropic, without its New.
var provider = model.Provider{Name: name, KeyVariable: "ANTHROPIC_API_KEY", OtherKeyVariables: []string{tokenVariable}, URLVariable: "ANTHROPIC_BASE_URL"}

// tools are the rules for tools.
var tools = toolrules.Rules{
	Names:      toolrules.NameRule{Max: 64, Signs: "-"},
	Properties: toolrules.NameRule{Max: 64, Signs: ".-"},
	Schemas:    toolrules.SchemaDraft2020,
	FlatRoot:   true,
}

// Providers returns the provider of this protocol.
func Providers() model.Providers {
	p := provider
	p.New = transport.Constructor(New)
	return model.Providers{p}
}

// Model is a model of Anthropic, or of a server that speaks its protocol. It is safe
// for concurrent use.
type Model struct {
	endpoint *transport.Endpoint
	claude   claude.Model
	// bearer is set if the endpoint's key is a bearer token.
	bearer bool
}

var _ model.Model = (*Model)(nil)

// New returns a model. It does no I/O. It fails if there is no key, or the address is
// none.
func New(config model.Config) (*Model, error) {
	endpoint, err := transport.NewEndpoint(config, provider, publicURL)
	if err != nil {
		return nil, err
	}
	endpoint.Tools = tools
	endpoint.URL = strings.TrimSuffix(endpoint.URL, "/v1")
	return &Model{
		endpoint: endpoint, claude: claude.Parse(endpoint.Name.Model),
		bearer: config.APIKey == "" && endpoint.Env(provider.KeyVariable) == "",
	}, nil
}

// Name returns the model's name.
func (m *Model) Name() model.Name { return m.endpoint.Name }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return m.endpoint.Stream(ctx, request, m.open, func(x *transport.Exchange, body io.Reader, send transport.Send) error {
		d := decoder{answer: blocks.Answer{Send: send, Provider: name}, onStopReason: x.Linger}
		return d.decode(body)
	})
}

func (m *Model) open(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
	return blocks.Ask(request, name, func(conversation *blocks.Conversation) (io.ReadCloser, error) {
		return m.post(x, request, conversation)
	})
}

func (m *Model) post(x *transport.Exchange, request *model.Request, conversation *blocks.Conversation) (io.ReadCloser, error) {
	body, betas, err := m.encode(request, conversation)
	if err != nil {
		return nil, err
	}
	return x.Post(m.endpoint.URL+"/v1/messages", body, func(r *http.Request) error {
		r.Header.Set("Anthropic-Version", apiVersion)
		if len(betas) > 0 {
			r.Header.Set("Anthropic-Beta", strings.Join(betas, ","))
		}
		switch {
		case m.endpoint.Key == "":
		case m.bearer:
			r.Header.Set("Authorization", "Bearer "+m.endpoint.Key)
		default:
			r.Header.Set("X-Api-Key", m.endpoint.Key)
		}
		return nil
	})
}
