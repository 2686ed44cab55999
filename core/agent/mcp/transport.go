package mcp

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
)

// maxAnswerBytes is how much one answer of a server may have, in bytes. The SDK
// bounds the events of a stream alike, and reads any other answer whole.
const maxAnswerBytes = 16 << 20

// newTransport returns a client that adds header to every request, and bounds the
// answers.
func newTransport(client *http.Client, header http.Header) *http.Client {
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	wrapped := *client
	wrapped.Transport = transport{base, header}
	return &wrapped
}

type transport struct {
	base   http.RoundTripper
	header http.Header
}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	maps.Copy(request.Header, t.header)
	response, err := t.base.RoundTrip(request)
	if err != nil {
		return nil, err
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
