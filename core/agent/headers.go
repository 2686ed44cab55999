package agent

import (
	"net/http"
	"slices"
)

// MergeHeaders returns the headers of an agent's outgoing request: the configured
// ones, and those forwarded ones that aren't configured. So a header that a browser
// or a proxy sent never replaces one that the deployer set. Names are compared
// without regard to case; of several spellings in configured, the canonical one
// wins. Neither argument is modified.
func MergeHeaders(configured, forwarded http.Header) http.Header {
	merged := make(http.Header, len(configured)+len(forwarded))
	for _, source := range []http.Header{configured, forwarded} {
		taken := make(map[string]bool, len(merged))
		for name := range merged {
			taken[name] = true
		}
		for name, values := range source {
			canonical := http.CanonicalHeaderKey(name)
			if taken[canonical] || (merged[canonical] != nil && name != canonical) {
				continue
			}
			merged[canonical] = slices.Clone(values)
		}
	}
	return merged
}
