// Package outbound is what all calls to servers that a deployer names have in
// common (providers of models, remote agents, MCP servers): how their addresses and
// headers are checked, which redirects are followed, how long they may take, and
// what of them a log may show.
package outbound

import (
	"errors"
	"fmt"
	"net/http"
)

// NewClient returns a client that follows redirects within the same host only,
// so that configured headers reach nobody else. It has no time limit of its own:
// a run lasts as long as its context.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: sameHost}
}

// ErrRedirect means that a redirect wasn't followed.
var ErrRedirect = errors.New("redirect not followed")

func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return fmt.Errorf("%w: more than 5 redirects", ErrRedirect)
	}
	if request.URL.Host != via[0].URL.Host || request.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("%w: redirected to another host", ErrRedirect)
	}
	return nil
}
