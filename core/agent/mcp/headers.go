package mcp

import (
	"maps"
	"net/http"
)

// withHeader returns a client that adds header to every request.
func withHeader(client *http.Client, header http.Header) *http.Client {
	if len(header) == 0 {
		return client
	}
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	wrapped := *client
	wrapped.Transport = headerTransport{base, header}
	return &wrapped
}

type headerTransport struct {
	base   http.RoundTripper
	header http.Header
}

func (t headerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	maps.Copy(request.Header, t.header)
	return t.base.RoundTrip(request)
}
