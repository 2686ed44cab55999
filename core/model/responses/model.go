package responses

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Providers returns all providers that speak this protocol.
func Providers() model.Providers {
	all := model.Providers{
		{Name: openAI, KeyVariable: "OPENAI_API_KEY", URLVariable: "OPENAI_BASE_URL"},
		{Name: azure, KeyVariable: "AZURE_OPENAI_API_KEY", URLVariable: "AZURE_OPENAI_ENDPOINT", SignIn: "azure"},
	}
	for i := range all {
		all[i].New = transport.Constructor(New)
	}
	return all
}

const (
	openAI = "openai-responses"
	azure  = "azure-responses"

	publicURL = "https://api.openai.com/v1"
)

// Model is a model of a provider. It is safe for concurrent use.
type Model struct {
	endpoint *transport.Endpoint
	url      string
	// options are the names of the provider's options, in ascending precedence.
	options []string
	gpt     gpt.Model
}

var _ model.Model = (*Model)(nil)

// New returns a model. New does no I/O. It fails if the provider is unknown, or its key
// or address is missing.
func New(config model.Config) (*Model, error) {
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	p, err := Providers().Lookup(name.Provider)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	public := publicURL
	if p.Name == azure {
		public = ""
	}
	e, err := transport.NewEndpoint(config, p, public)
	if err != nil {
		return nil, err
	}
	e.Tools = toolrules.Rules{Names: toolrules.NameRule{Max: 64, Signs: "-"}, Schemas: toolrules.SchemaDraft2020, FlatRoot: true}
	m := &Model{endpoint: e, url: e.URL + "/responses", options: []string{"openai", p.Name}, gpt: gpt.Parse(name.Model)}
	if p.Name == azure {
		m.url = strings.TrimSuffix(e.URL, "/openai/v1") + "/openai/v1/responses"
		m.options = slices.Insert(m.options, 1, "azure")
		if e.Key == "" && config.SignIn == nil {
			return nil, fmt.Errorf("model %q: provider %s has no key: set %s", name, p.Name, p.KeyVariable)
		}
	}
	return m, nil
}

// Name returns the model's name.
func (m *Model) Name() model.Name { return m.endpoint.Name }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return m.endpoint.Stream(ctx, request, func(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
		return m.open(x, request)
	}, func(_ *transport.Exchange, body io.Reader, send transport.Send) error {
		d := decoder{send: send, provider: m.endpoint.Name.Provider}
		return d.decode(body)
	})
}

// open sends the request and returns the body of the answer. Encrypted reasoning that
// the provider can't decrypt, since it is another account's or was changed, is left out
// the second time: the thread would be lost otherwise.
func (m *Model) open(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
	for withReasoning := true; ; withReasoning = false {
		body, err := m.encode(request, withReasoning)
		if err != nil {
			return nil, err
		}
		answer, err := x.Post(m.url, body, func(r *http.Request) error { return m.sign(r, body) })
		failure := (*transport.Failure)(nil)
		if err == nil || !withReasoning || !errors.As(err, &failure) || !slices.Contains(failure.Codes, "invalid_encrypted_content") {
			return answer, err
		}
	}
}

// sign sets the header that says who asks.
func (m *Model) sign(r *http.Request, body []byte) error {
	switch key := m.endpoint.Key; {
	case key != "" && m.endpoint.Name.Provider == azure:
		r.Header.Set("Api-Key", key)
	case key != "":
		r.Header.Set("Authorization", "Bearer "+key)
	case m.endpoint.Config.SignIn != nil:
		return m.endpoint.Config.SignIn(r, body)
	}
	return nil
}
