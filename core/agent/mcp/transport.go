package mcp

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// maxAnswerBytes is how much one answer of a server may have, in bytes. The SDK
// bounds the events of a stream alike, and reads any other answer whole.
const maxAnswerBytes = 16 << 20

// newClient returns the server's client, which adds header to every request, bounds
// the answers, and keeps in denied whether the last message was answered with 401.
func newClient(server *Server, header http.Header, denied *atomic.Bool) *http.Client {
	base := server.config.HTTPClient.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	wrapped := *server.config.HTTPClient
	wrapped.Transport = transport{base, server.endpoint, header, denied}
	return &wrapped
}

type transport struct {
	base     http.RoundTripper
	endpoint *url.URL
	header   http.Header
	denied   *atomic.Bool
}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !outbound.SameHost(request.URL, t.endpoint) {
		// In the SSE transport the server names the address for messages.
		return nil, errors.New("the server has named an address on another host")
	}
	request = request.Clone(request.Context())
	maps.Copy(request.Header, t.header)
	_, ended := telemetry.StartCall(request.Context(), telemetry.Call{Method: request.Method, URL: request.URL}, request.Header)
	response, err := t.base.RoundTrip(request)
	ended(telemetry.ResultOf(response, err))
	if err != nil {
		return nil, err
	}
	if request.Method == http.MethodPost {
		t.denied.Store(response.StatusCode == http.StatusUnauthorized)
	}
	if mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); mediaType != "text/event-stream" {
		response.Body = &boundedBody{response.Body, maxAnswerBytes}
	}
	return response, nil
}

// boundedBody fails where a body has more than is left.
type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("an answer of more than %d bytes", maxAnswerBytes)
	}
	return n, err
}
