package remote

import (
	"context"
	"net/http"
	"strings"

	"github.com/copilotkit-go/runtime/core/agent"
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
		if !isCredential(name) {
			kept[name] = values
		}
	}
	return kept
}

// credentialEndings are what a word of a header's name ends with that makes it a
// credential: Authorization, X-Api-Key, X-AuthToken, Cookie, and what gates in front
// of a runtime add, such as X-Goog-Iap-Jwt-Assertion.
var credentialEndings = []string{
	"authorization", "key", "token", "jwt", "assertion", "secret", "password", "credential", "credentials", "cookie",
}

// isCredential reports whether the header of this name is there to prove who sends
// it, so that whoever gets it could act as the caller.
func isCredential(name string) bool {
	name = strings.ToLower(name)
	if name == "x-amzn-oidc-data" || strings.HasSuffix(name, "-auth") {
		return true
	}
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '_' }) {
		for _, ending := range credentialEndings {
			if strings.HasSuffix(word, ending) {
				return true
			}
		}
	}
	return false
}
