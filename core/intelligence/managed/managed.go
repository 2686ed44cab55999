// Package managed keeps threads on CopilotKit's managed platform ("Intelligence"), in its
// cloud or self-hosted: a [Platform] is what a runtime is given as its
// [intelligence.Platform].
//
// Two ways lead there. Everything but a run's events goes by HTTP, with the project's key:
// threads, locks, memories, entitlements. The events go through a socket of the platform's
// gateway, which stores them and sends them to the browsers that have the thread open.
//
// The key is for the configured addresses alone: redirects aren't followed. It is never in
// an error, in a log, or in what the platform's answers are passed on as.
package managed

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent/mcptools"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// Platform is a project on the platform. It is safe for concurrent use.
type Platform struct {
	options Options
	// api is where HTTP calls go, without a slash at the end; ws likewise the gateway.
	api, ws string
	client  http.Client
	// idle are those of what New made, none where the caller brought a transport.
	idle   outbound.Connections
	logger *slog.Logger
	// gateway connects to the gateway, and live are the runs that are joined to it.
	gateway *http.Client
	live    liveRuns
	// secrets are what a log must not show, credentials what nobody is to have.
	secrets, credentials outbound.Secrets

	// tools is the platform's MCP server.
	tools *mcptools.Server

	entitlements entitlements
}

// New returns a platform. It checks the options, but does not connect. Its errors don't
// quote the key.
func New(options Options) (*Platform, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("intelligence platform: %w", err)
	}
	api, err := parseURL(options.APIURL, "http", "https")
	if err != nil {
		return nil, fmt.Errorf("intelligence platform: APIURL %w", err)
	}
	ws, err := parseURL(options.WSURL, "ws", "wss")
	if err != nil {
		return nil, fmt.Errorf("intelligence platform: WSURL %w", err)
	}
	authorization, err := outbound.NewHeader(map[string]string{"Authorization": "Bearer " + options.APIKey})
	if err != nil {
		return nil, fmt.Errorf("intelligence platform: the API key (CPK_INTELLIGENCE_API_KEY) has control characters, such as a line break at its end")
	}
	p := &Platform{
		options: options, api: api.String(), ws: ws.String(), logger: options.Logger,
		secrets: outbound.NewSecrets(authorization), credentials: outbound.Secrets(nil).WithTexts(options.APIKey),
	}
	if options.HTTPClient != nil {
		p.client = *options.HTTPClient
	}
	p.gateway = newGatewayClient(p.client.Transport, ws)
	if p.client.Transport == nil {
		p.idle.Transport = outbound.NewTransport(api)
		// A process has many runs, and each renews its lock.
		p.idle.Transport.MaxIdleConnsPerHost = 32
		p.client.Transport = p.idle.Transport
	}
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return outbound.ErrRedirect }
	for name, address := range map[string]*url.URL{"APIURL": api, "WSURL": ws} {
		if !encrypted(address) && !loopback(address) {
			p.logger.Warn("the intelligence platform is reached without encryption: whoever is on the way can read its key", "option", name, "host", address.Host)
		}
	}
	if p.tools, err = p.newTools(); err != nil {
		return nil, fmt.Errorf("intelligence platform: %w", err)
	}
	return p, nil
}

// ClientURL implements [intelligence.Platform].
func (p *Platform) ClientURL() string { return p.socketURL("/client") }

// runnerURL is where this process reaches the gateway.
func (p *Platform) runnerURL() string { return p.socketURL("/runner") }

// socketURL returns the address of one of the gateway's sockets. An address that ends with
// one of them stands for all.
func (p *Platform) socketURL(socket string) string {
	for _, other := range []string{"/runner", "/client", "/channels"} {
		if base, ok := strings.CutSuffix(p.ws, other); ok {
			return base + socket
		}
	}
	return p.ws + socket
}

// Close implements [intelligence.Platform].
func (p *Platform) Close() error {
	err := p.tools.Close()
	p.idle.Close()
	if p.options.HTTPClient == nil || p.options.HTTPClient.Transport == nil {
		p.gateway.CloseIdleConnections()
	}
	return err
}
