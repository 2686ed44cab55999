package managed_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/intelligence/managed"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// A server in front of the platform offers HTTP/2, over which there are no WebSockets.
func TestThePlatformIsReachedByTLS(t *testing.T) {
	p := &project{t: t, Platform: intelligencetest.New(t)}
	front := func(to string) *httptest.Server {
		address, err := url.Parse(strings.Replace(to, "ws://", "http://", 1))
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(address))
		server.EnableHTTP2 = true
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	api, gateway := front(p.URL), front(p.GatewayURL)
	transport := outbound.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AddCert(api.Certificate())
	t.Cleanup(transport.CloseIdleConnections)
	p.client = p.newClient(func(options *managed.Options) {
		options.APIURL, options.WSURL = api.URL, strings.Replace(gateway.URL, "https://", "wss://", 1)
		options.HTTPClient = &http.Client{Transport: transport}
	})
	run := p.begin("thread", "run")
	told := story(10)
	tell(t, run, told, 0)
	if err := run.Finish(t.Context(), &store.Result{}); err != nil {
		t.Fatal(err)
	}
	p.arrived("run", told)
	p.unlocked("thread", 0)
}
