package openai

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	goopenai "github.com/sashabaranov/go-openai"
)

// maxErrorBody is how much of a provider's error answer is read, in bytes.
const maxErrorBody = 64 << 10

// sharedClient is the client of all agents that are given none, made when it is
// first needed: no limit on how long an answer takes, and enough idle connections
// for many runs at once. It is one, so that agents which are made for a single
// request find the connections of those before them.
var sharedClient = sync.OnceValue(func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
})

// transport stands between the client library and the network. It sends the
// body that this package encoded, since the library's own request type has no
// place for audio, files, a temperature of 0 or a provider's own fields. It
// tries again what may be tried again, and takes streamed answers out, so that
// they can be read at less cost than the library's.
type transport struct {
	next goopenai.HTTPDoer
}

// outgoing is what transport needs to know of a request.
type outgoing struct {
	body       []byte
	maxRetries int
	// answer is the body of the answer, once there is one that is a stream.
	answer io.ReadCloser
}

type outgoingKey struct{}

func withOutgoing(ctx context.Context, out *outgoing) context.Context {
	return context.WithValue(ctx, outgoingKey{}, out)
}

// Do sends a request and hands on the answer.
func (t *transport) Do(request *http.Request) (*http.Response, error) {
	out, ok := request.Context().Value(outgoingKey{}).(*outgoing)
	if !ok {
		return t.next.Do(request)
	}
	request.ContentLength = int64(len(out.body))
	request.GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(out.body)), nil
	}
	response, err := doWithRetries(t.next, request, out.maxRetries)
	if err != nil {
		return nil, err
	}
	contentType := response.Header.Get("Content-Type")
	if response.StatusCode < http.StatusBadRequest && strings.HasPrefix(contentType, "application/json") {
		// A stream was asked for: this is an error that calls itself a success.
		response.StatusCode = http.StatusBadGateway
	}
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		response.Body = limitedBody{Reader: io.LimitReader(response.Body, maxErrorBody), Closer: response.Body}
	case strings.HasPrefix(contentType, "text/event-stream"):
		out.answer = response.Body
	}
	return response, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}
