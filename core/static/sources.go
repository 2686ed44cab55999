package static

import (
	"fmt"
	"slices"
	"strings"
)

// checkSources refuses sources that a browser would ignore, or take for the names of hosts:
// keywords without quotes, and quoted ones that don't exist.
func (d directive) checkSources() error {
	if !strings.Contains(d.name, "-src") && d.name != "base-uri" && d.name != "form-action" && d.name != "frame-ancestors" {
		return nil // it has other words
	}
	for _, source := range d.sources {
		word, quoted := strings.CutPrefix(source, "'")
		word, closed := strings.CutSuffix(word, "'")
		switch known := isKeyword(word); {
		case quoted != closed || quoted && !known:
			return fmt.Errorf("%s: there is no source %s", d.name, source)
		case !quoted && known:
			return fmt.Errorf("%s: %s is the name of a host: '%[2]s' is meant", d.name, source)
		}
	}
	return nil
}

// isKeyword reports whether a source is one that has quotes.
func isKeyword(word string) bool {
	for _, prefix := range []string{"nonce-", "sha256-", "sha384-", "sha512-"} {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return slices.Contains(keywords, strings.ToLower(word))
}

// keywords are those of Content Security Policy, level 3.
var keywords = []string{
	"inline-speculation-rules", "none", "report-sample", "report-sha256", "report-sha384", "report-sha512", "self", "strict-dynamic",
	"trusted-types-eval", "unsafe-allow-redirects", "unsafe-eval", "unsafe-hashes", "unsafe-inline", "wasm-unsafe-eval",
}
