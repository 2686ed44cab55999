package static

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// scriptSources returns the sources of a policy that allow the scripts which stand in an HTML
// file, by their digests: those of a builder, as Next.js and Create React App have. It finds
// them as a builder writes them; one that it doesn't find doesn't run.
func scriptSources(html []byte) string {
	var sources []string
	for _, script := range scriptElement().FindAllSubmatch(html, -1) {
		attributes, content := script[1], script[2]
		if hasSource().Match(attributes) || len(content) == 0 {
			continue
		}
		// The parser of HTML makes one kind of line end of all.
		content = bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		digest := sha256.Sum256(content)
		source := "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
		if !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return strings.Join(sources, " ")
}

var (
	// scriptElement matches an attribute's quoted value as a whole, since > may be in it.
	scriptElement = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?is)<script((?:\s(?:[^>"']|"[^"]*"|'[^']*')*)?)>(.*?)</script\s*>`)
	})
	hasSource = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)\ssrc\s*=`) })
)
