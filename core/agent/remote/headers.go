package remote

import (
	"context"
	"net/http"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// headers returns the headers of a request to target: the configured ones, and those
// of the caller's request that the agent may have.
func (a *Agent) headers(ctx context.Context, target *http.Request) http.Header {
	forwarded := agent.ForwardedHeaders(ctx)
	if !a.config.ForwardAuthorization {
		forwarded = withoutCredentials(forwarded)
	}
	header := agent.MergeHeaders(a.header, forwarded)
	if target.URL.User != nil && a.header["Authorization"] == nil {
		// net/http sends what the URL has, unless there is the header.
		header.Del("Authorization")
	}
	if values := header["Authorization"]; len(values) > 1 {
		// Whoever has identified the caller has read the first.
		header["Authorization"] = values[:1]
	}
	return header
}

// withoutCredentials returns those of the headers that aren't credentials.
func withoutCredentials(header http.Header) http.Header {
	kept := make(http.Header, len(header))
	for name, values := range header {
		if !outbound.IsCredential(name) {
			kept[name] = values
		}
	}
	return kept
}
