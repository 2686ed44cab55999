package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// maxDocument is the size of the largest document that is read from an issuer.
const maxDocument = 1 << 20

// errTooLarge is the error of reading a document of more than maxDocument bytes.
var errTooLarge = errors.New("the document has more than a megabyte")

// NewClient returns a client for the documents of issuers, which uses the transport of
// base. It follows redirects within the same host only, and reads no more of an answer
// than an honest issuer sends.
func NewClient(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	client := *base
	client.Transport = limited{cmp.Or[http.RoundTripper](base.Transport, http.DefaultTransport)}
	client.CheckRedirect = nil
	return outbound.Guard(&client)
}

// Fetch returns the body of the document at an address.
func Fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{response.StatusCode}
	}
	return io.ReadAll(response.Body)
}

// StatusError is an answer other than 200.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("the answer is %d %s", e.Status, http.StatusText(e.Status))
}

// CheckAddress returns an error unless an address begins with https://, or is on this
// machine.
func CheckAddress(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Hostname() == "" || parsed.Opaque != "":
		return errors.New("not an address such as https://issuer.example.com")
	case parsed.User != nil || parsed.Fragment != "":
		return errors.New("an address with a user or a fragment")
	case parsed.Scheme == "https", parsed.Scheme == "http" && isLoopback(parsed.Hostname()):
		return nil
	}
	return errors.New("not an address with https://, without which anybody on the way can forge keys")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// limited is a transport that limits the size of answers.
type limited struct{ next http.RoundTripper }

func (t limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil {
		response.Body = &limitedBody{response.Body, maxDocument}
	}
	return response, err
}

type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	// One byte more tells a document that is too large from one that just isn't.
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}
