// Package outbound is what all calls to servers that a deployer names have in
// common (providers of models, remote agents, MCP servers): how their addresses and
// headers are checked, which redirects are followed, how long they may take, and
// what of them a log may show.
package outbound

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// NewClient returns a client that follows redirects within the same host only,
// so that the headers it is given reach nobody else. It has no time limit of its own:
// a run lasts as long as its context.
func NewClient() *http.Client { return Guard(new(http.Client)) }

// Guard returns a copy of client that follows those redirects alone which stay within
// the same scheme, host and port, and which client would follow. net/http itself keeps
// Authorization on the way to subdomains and other ports, and all other headers on
// the way to anybody.
func Guard(client *http.Client) *http.Client {
	guarded := *client
	guarded.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if err := checkRedirect(request, via); err != nil || client.CheckRedirect == nil {
			return err
		}
		return client.CheckRedirect(request, via)
	}
	return &guarded
}

// ReadCertificates reads the certificates that the system trusts, as the first connection
// by TLS would. They are read once per process, which takes most of what that first
// connection costs.
func ReadCertificates() { _, _ = x509.SystemCertPool() } // a connection reports what fails

// ErrRedirect means that a redirect wasn't followed.
var ErrRedirect = errors.New("redirect not followed")

func checkRedirect(request *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return fmt.Errorf("%w: more than 5 redirects", ErrRedirect)
	}
	if !SameHost(request.URL, via[0].URL) {
		return fmt.Errorf("%w: redirected to another host", ErrRedirect)
	}
	return nil
}

// SameHost reports whether two addresses have the same scheme, host and port.
func SameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }
