package openai

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// maxErrorBody bounds how much of the body of an error is read, in bytes.
const maxErrorBody = 64 << 10

// sharedClient returns the default client. It keeps enough idle connections for many runs at once. It is shared so that
// models that are made for a single request reuse connections.
var sharedClient = sync.OnceValue(func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	client := outbound.NewClient()
	client.Transport = transport
	return client
})

// transport sits between go-openai and the network. It sends the body that this
// package has encoded, since the library's type of a request lacks audio, files, a
// temperature of 0 and the fields of other providers. It retries requests, and it
// takes the answer, since the library's reader of streams has no bound and fails on
// comments and event names.
type transport struct {
	config *Config
}

// call is a request as the transport sends it, and its answer.
type call struct {
	body       []byte
	maxRetries int
	// cancel ends the request when the provider is too slow.
	cancel context.CancelCauseFunc
	answer io.ReadCloser
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// Do sends a request, with the body of its context's call.
func (t *transport) Do(request *http.Request) (*http.Response, error) {
	c, ok := request.Context().Value(callKey{}).(*call)
	if !ok {
		return t.config.HTTPClient.Do(request)
	}
	request.ContentLength = int64(len(c.body))
	request.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(c.body)), nil
	}
	if limit := t.config.HeaderTimeout; limit > 0 {
		defer time.AfterFunc(limit, func() { c.cancel(outbound.ErrNoHeader) }).Stop()
	}
	response, err := doWithRetries(t.config.HTTPClient, request, c.maxRetries)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < http.StatusBadRequest && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		// A stream was requested: this is an error with the wrong status.
		response.StatusCode = http.StatusBadGateway
	}
	if response.StatusCode >= http.StatusBadRequest {
		// Within the same time limit. The part that has come may say enough.
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(text))
		return response, nil
	}
	c.answer = idleBody{
		Reader: outbound.NewIdleReader(response.Body, t.config.IdleTimeout, func() { c.cancel(outbound.ErrSilent) }),
		Closer: response.Body,
	}
	return response, nil
}

type idleBody struct {
	io.Reader
	io.Closer
}
