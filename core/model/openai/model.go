package openai

import (
	"context"
	"fmt"
	"io"
	"iter"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Model is a model of a provider. It is safe for concurrent use.
type Model struct{ endpoint *endpoint }

var _ model.Model = (*Model)(nil)

// New returns a model. The BaseURL of the configuration goes up to and without
// "/chat/completions". New does no I/O. It fails if the provider is unknown, or its key
// or address is missing.
func New(config model.Config) (*Model, error) {
	endpoint, err := newEndpoint(config, streamer{})
	if err != nil {
		return nil, err
	}
	return &Model{endpoint}, nil
}

// Name returns the model's name.
func (m *Model) Name() model.Name { return m.endpoint.Name }

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return m.endpoint.Stream(ctx, request, func(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
		return m.open(x, request)
	}, func(x *transport.Exchange, body io.Reader, send transport.Send) error {
		d := decoder{yield: send, provider: m.endpoint.provider.Name, onFinishReason: x.Linger}
		return d.decode(chunks(body))
	})
}

// open sends the request and returns the body of the answer.
func (m *Model) open(x *transport.Exchange, request *model.Request) (io.ReadCloser, error) {
	encoded, err := m.endpoint.encode(request)
	if err != nil {
		return nil, err
	}
	call := &call{exchange: x, sign: m.endpoint.sign, body: encoded}
	// The library sets the URL and the headers, and decodes errors. The streamer
	// replaces the body and takes the answer.
	ctx := context.WithValue(x.Context, callKey{}, call)
	_, err = m.endpoint.client.CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{Model: m.endpoint.Name.Model})
	if err != nil {
		return nil, fmt.Errorf("call the model: %w", failure(err))
	}
	return call.answer, nil
}
