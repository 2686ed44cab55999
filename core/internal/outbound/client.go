// Package outbound makes the HTTP clients for the servers that a deployer names:
// remote agents and MCP servers.
package outbound

import (
	"errors"
	"net/http"
)

// NewClient returns a client without a time limit of its own (a run lasts as
// long as its context) that follows redirects within the same host only, so
// that configured headers reach nobody else.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: sameHost}
}

func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("more than 5 redirects")
	}
	if request.URL.Host != via[0].URL.Host || request.URL.Scheme != via[0].URL.Scheme {
		return errors.New("redirected to another host")
	}
	return nil
}
