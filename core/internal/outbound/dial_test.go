package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

func TestATransportConnectsToNoAddressOfAPlatformsOwn(t *testing.T) {
	t.Parallel()
	local := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer local.Close()
	for name, c := range map[string]struct {
		to, named string
		refused   bool
	}{
		"loopback":                              {to: local.URL},
		"loopback in the form of IPv6":          {to: "http://[::ffff:127.0.0.1]:" + portOf(t, local.URL)},
		"Amazon's metadata":                     {"http://169.254.169.254/latest", "", true},
		"Amazon's metadata, in IPv6":            {"http://[fd00:ec2::254]/latest", "", true},
		"a link-local address mapped to IPv6":   {"http://[::ffff:169.254.169.254]/", "", true},
		"a link-local address translated":       {"http://[64:ff9b::a9fe:a9fe]/", "", true},
		"a link-local address of IPv6":          {"http://[fe80::1%25lo]/", "", true},
		"Azure's own":                           {"http://168.63.129.16/", "", true},
		"Google's metadata, in IPv6":            {"http://[fd20:ce::254]/", "", true},
		"another than the configured one":       {"http://169.254.1.2/", "http://169.254.1.1/", true},
		"a name that is none, beside a literal": {"http://169.254.1.1/", "http://metadata.example/", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var named []*url.URL
			if c.named != "" {
				address, err := url.Parse(c.named)
				if err != nil {
					t.Fatal(err)
				}
				named = append(named, address)
			}
			transport := outbound.NewTransport(named...)
			defer transport.CloseIdleConnections()
			transport.Proxy = nil
			client := &http.Client{Transport: transport, Timeout: 200 * time.Millisecond}
			response, err := client.Get(c.to)
			if err == nil {
				response.Body.Close()
			}
			if refused := errors.Is(err, outbound.ErrAddress); refused != c.refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Port()
}
