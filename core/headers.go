package core

import (
	"net/http"
	"slices"
	"strings"
)

// HeaderPolicy says which headers of a front end's request agents may pass on.
// Names are compared without regard to case; empty entries are ignored.
//
// What an agent's own configuration sets wins over what is forwarded: see
// agent.MergeHeaders.
type HeaderPolicy struct {
	// NoDefaultDenylist forwards also the headers that proxies, platforms and
	// CopilotKit's cloud add on the way (x-forwarded-*, x-amz-*, …).
	NoDefaultDenylist bool
	// Deny and DenyPrefixes are never forwarded, whatever else is set.
	Deny         []string
	DenyPrefixes []string
	// Allow, when it names any header, is the whole list of candidates, in place
	// of authorization and x-*; the default denylist doesn't apply to it.
	Allow []string
}

// forwardable copies the headers that may be passed on.
func (p *headerPolicy) forwardable(header http.Header) http.Header {
	forwarded := make(http.Header)
	for name, values := range header {
		if p.forwards(strings.ToLower(name)) {
			forwarded[name] = slices.Clone(values)
		}
	}
	return forwarded
}

// headerPolicy is a HeaderPolicy made ready.
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

// forwards tells whether the header with this lower-case name is passed on.
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

// deniedByDefault names what the way from the browser adds, none of which an
// agent asked for, and some of which is a secret of the platform's.
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
