package openai

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxErrorBody bounds how much of the body of an error is read, in bytes.
const maxErrorBody = 64 << 10

// sharedClient returns the default client. It doesn't limit how long an answer takes,
// and keeps enough idle connections for many runs at once. It is shared so that
// models that are made for a single request reuse connections.
var sharedClient = sync.OnceValue(func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
})

// transport sits between go-openai and the network. It sends the body that this
// package has encoded, since the library's type of a request lacks audio, files, a
// temperature of 0 and the fields of other providers. It retries requests, and it
// takes the answer, since the library's reader of streams has no bound and fails on
// comments and event names.
type transport struct {
	next *http.Client
}

// call is a request as the transport sends it, and its answer.
type call struct {
	body       []byte
	maxRetries int
	answer     io.ReadCloser
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// Do sends a request, with the body of its context's call.
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
		// A stream was requested: this is an error with the wrong status.
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
