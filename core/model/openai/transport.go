package openai

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxErrorBody is how much of a provider's error answer is read, in bytes.
const maxErrorBody = 64 << 10

// sharedClient returns the client of all models that are given none: no limit on
// how long an answer takes, and enough idle connections for many runs at once. It
// is one, so that models which are made for a single request find the connections
// of those before them.
var sharedClient = sync.OnceValue(func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
})

// transport stands between the client library and the network. It sends the
// body that this package encoded, since the library's own request type has no
// place for audio, files, a temperature of 0 or a provider's own fields. It
// tries again what may be tried again, and takes streamed answers out, since the
// library's reader of them has no bound and is put off by comments and event
// names.
type transport struct {
	next *http.Client
}

// call is what transport needs to know of a request, and where it puts the
// answer.
type call struct {
	body       []byte
	maxRetries int
	answer     io.ReadCloser
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// Do sends a request and returns the answer.
func (t *transport) Do(request *http.Request) (*http.Response, error) {
	c, ok := request.Context().Value(callKey{}).(*call)
	if !ok {
		return t.next.Do(request)
	}
	request.ContentLength = int64(len(c.body))
	request.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(c.body)), nil
	}
	response, err := doWithRetries(t.next, request, c.maxRetries)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < http.StatusBadRequest && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		// A stream was asked for: this is an error that calls itself a success.
		response.StatusCode = http.StatusBadGateway
	}
	if response.StatusCode >= http.StatusBadRequest {
		response.Body = limitedBody{Reader: io.LimitReader(response.Body, maxErrorBody), Closer: response.Body}
	}
	c.answer = response.Body
	return response, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}
