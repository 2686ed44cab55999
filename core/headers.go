package core

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// HeaderPolicy says which headers of a front end's request agents may pass on.
// Names are compared without regard to case; empty entries are ignored. The zero
// value passes on authorization and x-*, without those that proxies and platforms
// add, as the reference does.
//
// What an agent's own configuration sets wins over what is passed on: see
// [agent.MergeHeaders]. Agents in this process have these headers from
// [agent.ForwardedHeaders], authorization among them; what leaves the process is less:
// see ForwardAuthorization of packages remote and mcp.
type HeaderPolicy struct {
	// NoDefaultDenylist passes also on what proxies, platforms and CopilotKit's
	// cloud add on the way (x-forwarded-*, x-amz-*, …). Defaults to false.
	NoDefaultDenylist bool
	// Deny and DenyPrefixes are never passed on, whatever else is set. They
	// default to none.
	Deny         []string
	DenyPrefixes []string
	// Allow is the whole list of candidates, in the place of authorization and
	// x-*; the default denylist doesn't apply to it. If empty, it changes nothing. It
	// can't have headers that are about one connection or one body, such as connection
	// or accept-encoding.
	Allow []string
}

// Check returns an error that names a header which can't be passed on.
func (p HeaderPolicy) Check() error {
	for _, name := range normalizeNames(p.Allow) {
		if ofOneMessage(name) {
			return fmt.Errorf("header %q can't be passed on: it is about the connection or the body of the front end's own request", name)
		}
	}
	return nil
}

// ofOneMessage reports whether the meaning of a header ends with the connection (RFC
// 9110, section 7.6.1), or is about the body or its encoding: an agent that was sent a
// browser's Accept-Encoding would answer in what nobody decodes.
func ofOneMessage(name string) bool {
	switch name {
	case "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
		"accept-encoding", "content-encoding", "content-length", "expect", "host", "range":
		return true
	}
	return false
}

// forwardable returns a copy of the headers that may be passed on.
func (p *headerPolicy) forwardable(header http.Header) http.Header {
	forwarded := make(http.Header)
	for name, values := range header {
		if p.forwards(strings.ToLower(name)) {
			forwarded[name] = slices.Clone(values)
		}
	}
	return forwarded
}

// What agents get of a request's headers is bounded, by their count and their bytes.
const (
	maxForwarded      = 100
	maxForwardedBytes = 32 << 10
)

// checkForwarded refuses a request with more headers for its agent than that. Other
// requests' headers are nobody's.
func (rt *Runtime) checkForwarded(ex *exchange) error {
	if ex.route.AgentID == "" {
		return nil
	}
	ex.forwarded = rt.headers.forwardable(ex.r.Header)
	count, size := 0, 0
	for name, values := range ex.forwarded {
		for _, value := range values {
			count, size = count+1, size+len(name)+len(value)
		}
	}
	if count > maxForwarded || size > maxForwardedBytes {
		return &HTTPError{Status: http.StatusRequestHeaderFieldsTooLarge, Body: errorBody{
			Error:   "Request headers too large",
			Code:    "request_headers_too_large",
			Message: fmt.Sprintf("The headers for the agent (authorization and x-*) are %d with %d bytes; %d with %d bytes at most are passed on.", count, size, maxForwarded, maxForwardedBytes),
		}}
	}
	return nil
}

// headerPolicy is a HeaderPolicy with its names in sets and in lower case.
type headerPolicy struct {
	noDefaults   bool
	deny         map[string]bool
	denyPrefixes []string
	allow        map[string]bool
}

func (p HeaderPolicy) resolve() *headerPolicy {
	return &headerPolicy{
		noDefaults:   p.NoDefaultDenylist,
		deny:         nameSet(p.Deny),
		denyPrefixes: normalizeNames(p.DenyPrefixes),
		allow:        nameSet(p.Allow),
	}
}

// forwards reports whether the header of this lower-case name is passed on.
func (p *headerPolicy) forwards(name string) bool {
	if p.deny[name] || hasAnyPrefix(name, p.denyPrefixes) {
		return false
	}
	if len(p.allow) > 0 {
		return p.allow[name]
	}
	if name != "authorization" && !strings.HasPrefix(name, "x-") {
		return false
	}
	return p.noDefaults || !deniedByDefault(name)
}

// deniedByDefault reports whether a header is one that was added on the way from
// the browser: no agent asks for it, and it may be a secret of the platform's.
func deniedByDefault(name string) bool {
	switch name {
	case "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
		"x-forwarded-server", "x-real-ip", "x-amzn-trace-id", "x-cloud-trace-context",
		"x-cache", "x-served-by", "x-request-id":
		return true
	}
	return hasAnyPrefix(name, []string{
		"x-amz-", "x-azure-", "x-fastly-", "x-vercel-", "x-middleware-", "x-copilotcloud-",
	})
}

func hasAnyPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func nameSet(names []string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range normalizeNames(names) {
		set[name] = true
	}
	return set
}

func normalizeNames(names []string) []string {
	var normalized []string
	for _, name := range names {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			normalized = append(normalized, name)
		}
	}
	return normalized
}
