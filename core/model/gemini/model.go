package gemini

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Model is a model of the Gemini API or of Vertex AI. It is safe for concurrent use.
type Model struct{ endpoint *endpoint }

var _ model.Model = (*Model)(nil)

// New returns a model. It does no I/O. It fails if the provider is neither of the two,
// or its key or project is missing.
func New(config model.Config) (*Model, error) {
	e, err := newEndpoint(config)
	if err != nil {
		return nil, err
	}
	return &Model{e}, nil
}

// Name returns the model's name.
func (m *Model) Name() model.Name { return m.endpoint.Name }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return m.endpoint.Stream(ctx, request, func(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
		return m.open(x, request)
	}, func(x *transport.Exchange, body io.Reader, send transport.Send) error {
		d := decoder{yield: send, provider: m.endpoint.Name.Provider, onFinishReason: x.Linger}
		return d.decode(body)
	})
}

// open sends the request and returns the body of the answer. A signature that the model
// refuses, because another model has made it or the client has changed it, would end
// each further run of its thread. Then the request is sent again without any.
func (m *Model) open(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
	body, signed, err := m.post(x, request, true)
	if signed && refusesSignature(err) {
		body, _, err = m.post(x, request, false)
	}
	return body, err
}

func (m *Model) post(x *transport.Exchange, request *model.Request, signatures bool) (io.ReadCloser, bool, error) {
	encoded, signed, err := m.endpoint.encode(request, signatures)
	if err != nil {
		return nil, signed, err
	}
	body, err := x.Post(m.endpoint.url, encoded, func(r *http.Request) error { return m.endpoint.sign(r, encoded) })
	return body, signed, err
}

func refusesSignature(err error) bool {
	failure := (*transport.Failure)(nil)
	if !errors.As(err, &failure) || failure.Status != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(failure.Message)
	return strings.Contains(text, "thought signature") || strings.Contains(text, "thought_signature")
}
