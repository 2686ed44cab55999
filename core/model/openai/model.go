package openai

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/model"
)

// Config describes a [Model] or a [Transcriber]. Only Model must be set.
type Config struct {
	// Model is "provider/model", such as "openai/gpt-4o". [Providers] lists the
	// providers.
	Model string
	// APIKey is the provider's key. If empty, defaults to the provider's own
	// environment variable.
	APIKey string
	// BaseURL is the endpoint, up to and without "/chat/completions". If empty,
	// defaults to the provider's environment variable, or else to its public
	// address.
	BaseURL string
	// LookupEnv looks up environment variables. If nil, defaults to [os.LookupEnv].
	LookupEnv func(name string) (value string, ok bool)
	// HTTPClient sends the requests. If nil, defaults to one client for all models,
	// without a time limit: answers are streamed, and limited by their context.
	HTTPClient *http.Client
}

// Model is a model of a provider. It is safe for concurrent use.
type Model struct {
	config   Config
	endpoint *endpoint
}

var _ model.Model = (*Model)(nil)

// New returns a model. It does no I/O. It fails if the provider is unknown, or its
// key or address is missing.
func New(config Config) (*Model, error) {
	if config.LookupEnv == nil {
		config.LookupEnv = os.LookupEnv
	}
	if config.HTTPClient == nil {
		config.HTTPClient = sharedClient()
	}
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	endpoint, err := config.endpoint(name, &transport{next: config.HTTPClient})
	if err != nil {
		return nil, err
	}
	return &Model{config: config, endpoint: endpoint}, nil
}

// Resolve returns the model with another name, for agents whose front ends may
// choose one. The configured key and address are never used for another provider,
// which has its own environment variables.
func (m *Model) Resolve(name string) (model.Model, error) {
	parsed, err := model.ParseName(name)
	if err != nil {
		return nil, err
	}
	config := m.config
	config.Model = name
	if other, err := LookupProvider(parsed.Provider); err == nil && other.Name != m.endpoint.provider.Name {
		config.APIKey, config.BaseURL = "", ""
	}
	resolved, err := New(config)
	if err != nil {
		return nil, err
	}
	return resolved, nil
}

// maxLinger is how long an answer may stay open after the provider has sent its
// finish reason. The usage comes after that, and some providers never close the
// answer.
const maxLinger = time.Second

// Stream implements [model.Model].
func (m *Model) Stream(ctx context.Context, request *model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		body, err := m.open(ctx, request)
		if err != nil {
			yield(model.Delta{}, m.endpoint.failure(request, err))
			return
		}
		defer body.Close()
		d := decoder{
			yield:        yield,
			provider:     m.endpoint.provider.Name,
			convertError: func(err error) error { return m.endpoint.failure(request, err) },
			onFinishReason: func() (stop func() bool) {
				return time.AfterFunc(maxLinger, cancel).Stop
			},
		}
		d.decode(chunks(body))
	}
}

// open sends the request and returns the body of the answer.
func (m *Model) open(ctx context.Context, request *model.Request) (io.ReadCloser, error) {
	encoded, err := m.endpoint.encode(request)
	if err != nil {
		return nil, err
	}
	call := &call{body: encoded, maxRetries: defaultMaxRetries}
	if retries := request.Settings.MaxRetries; retries != nil {
		call.maxRetries = *retries
	}
	// The library sets the URL and the headers, and decodes errors. The transport
	// replaces the body and takes the answer.
	_, err = m.endpoint.client.CreateChatCompletionStream(withCall(ctx, call), goopenai.ChatCompletionRequest{Model: m.endpoint.model})
	if err != nil {
		return nil, fmt.Errorf("call the model: %w", err)
	}
	return call.answer, nil
}
