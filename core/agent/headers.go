package agent

import (
	"net/http"
	"slices"
)

// MergeHeaders returns the headers of an agent's outgoing request: those that
// the server configured, and of the forwarded ones those that it left open. A
// header that a browser or a proxy sent so never takes the place of one that the
// deployer set. Names are compared without regard to case; of several spellings
// in configured, the canonical one wins. Neither argument is changed.
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
