package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
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
	// HTTPClient sends the requests. If nil, defaults to one client for all models
	// that follows redirects within the same host only, so that keys and prompts
	// reach nobody else. It must not have a time limit of its own: answers are
	// streamed.
	HTTPClient *http.Client
	// HeaderTimeout is how long the provider may take to the header of its answer,
	// all retries included, or a [Transcriber] may take in all. If zero, defaults to 5 minutes, as the reference has it:
	// that is the limit of Node.js's fetch. If negative, there is none.
	HeaderTimeout time.Duration
	// IdleTimeout is how long the provider may be silent within its answer, which
	// some models are while they think. If zero, defaults to 5 minutes, as
	// HeaderTimeout. If negative, there is none: then a provider that hangs keeps
	// its thread busy until somebody stops the run, or the platform's time limit
	// ends it.
	IdleTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.LookupEnv == nil {
		c.LookupEnv = os.LookupEnv
	}
	if c.HTTPClient == nil {
		c.HTTPClient = sharedClient()
	}
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, outbound.DefaultTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, outbound.DefaultTimeout)
	return c
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
	config = config.withDefaults()
	name, err := model.ParseName(config.Model)
	if err != nil {
		return nil, err
	}
	endpoint, err := config.endpoint(name, &transport{config: &config})
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
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		convertError := func(err error) error {
			return m.endpoint.failure(request, m.timedOut(ctx, err))
		}
		body, err := m.open(ctx, cancel, request)
		if err != nil {
			yield(model.Delta{}, convertError(err))
			return
		}
		defer body.Close()
		d := decoder{
			yield:        yield,
			provider:     m.endpoint.provider.Name,
			convertError: convertError,
			onFinishReason: func() (stop func() bool) {
				return time.AfterFunc(maxLinger, func() { cancel(nil) }).Stop
			},
		}
		d.decode(chunks(body))
	}
}

// timedOut returns the time limit that has cut the answer off, or else err.
func (m *Model) timedOut(ctx context.Context, err error) error {
	if !errors.Is(err, context.Canceled) {
		return err // what happened before says more
	}
	switch cause := context.Cause(ctx); cause {
	case outbound.ErrNoHeader:
		return fmt.Errorf("%w (%v)", cause, m.config.HeaderTimeout)
	case outbound.ErrSilent:
		return fmt.Errorf("%w (%v)", cause, m.config.IdleTimeout)
	}
	return err
}

// open sends the request and returns the body of the answer. It calls cancel if the
// provider is too slow, then or later.
func (m *Model) open(ctx context.Context, cancel context.CancelCauseFunc, request *model.Request) (io.ReadCloser, error) {
	encoded, err := m.endpoint.encode(request)
	if err != nil {
		return nil, err
	}
	call := &call{body: encoded, maxRetries: defaultMaxRetries, cancel: cancel}
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
