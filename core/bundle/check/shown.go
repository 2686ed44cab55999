package check

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// shown makes texts safe to show. The zero value knows no secrets.
type shown struct{ secrets outbound.Secrets }

// upstreamVariables have addresses with whatever servers want in them.
var upstreamVariables = [...]string{"COPILOTKIT_AGENTS", "COPILOTKIT_MCP_SERVERS", "COPILOTKIT_MCP_APPS"}

// newShown returns what hides the secrets of an environment, this runtime's or not.
func newShown(values map[string]string) shown {
	var s shown
	for name, value := range values {
		if outbound.IsCredential(name) || strings.HasSuffix(name, "_HEADERS") || strings.HasSuffix(name, "_TOKENS") {
			s.hide(value)
			s.hide(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",:= ", r) })...)
		}
		s.hideAddress(value, false)
		if slices.Contains(upstreamVariables[:], name) {
			for part := range strings.SplitSeq(value, ",") {
				_, address, _ := strings.Cut(part, "=")
				s.hideAddress(address, true)
			}
			s.hideJSON(value)
		}
	}
	return s
}

func (s *shown) hide(texts ...string) { s.secrets = s.secrets.WithTexts(texts...) }

// hideAddress hides an address's password, the values of its query, and with path also that,
// which keys are a part of at some servers.
func (s *shown) hideAddress(text string, path bool) {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil || address.Scheme == "" || address.Host == "" {
		return
	}
	if path {
		s.secrets = append(s.secrets, outbound.NewSecrets(nil, address)...)
	}
	password, _ := address.User.Password()
	s.hide(password)
	for _, values := range address.Query() {
		s.hide(values...)
	}
}

// hideJSON hides what an object has of addresses, of headers and of secrets.
func (s *shown) hideJSON(value string) {
	var object map[string]any
	if !strings.HasPrefix(strings.TrimSpace(value), "{") || json.Unmarshal([]byte(value), &object) != nil {
		return
	}
	s.hideFields(object, false)
}

func (s *shown) hideFields(fields map[string]any, all bool) {
	for name, value := range fields {
		switch value := value.(type) {
		case string:
			if all || outbound.IsCredential(name) || name == "clientSecret" {
				s.hide(value)
				s.hide(strings.Fields(value)...)
			}
			s.hideAddress(value, true)
		case map[string]any:
			s.hideFields(value, all || name == "headers")
		}
	}
}

// maxShown is how much of a text is shown, in bytes.
const maxShown = 800

// text returns a text without secrets, and with no more of addresses than the host, as
// [shown.own] does otherwise.
func (s shown) text(text string) string {
	return s.own(s.secrets.RedactText(text[:min(len(text), maxRead)]))
}

// maxRead is how much of a text is looked through for secrets.
const maxRead = 64 * maxShown

// own returns a text of this package's own without secrets, cut off where it is long, and
// with control characters, and those that turn text around, written out.
func (s shown) own(text string) string {
	var safe strings.Builder
	for _, r := range s.secrets.Mask(text[:min(len(text), maxRead)]) {
		switch {
		case safe.Len() > maxShown:
			return safe.String() + "…"
		case r == '\n' || r == '\t':
			safe.WriteByte(' ')
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			safe.WriteRune(r)
		default:
			fmt.Fprintf(&safe, `\u%04x`, r)
		}
	}
	return safe.String()
}

// host returns what is shown of an address: its scheme and its host.
func host(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "an address"
	}
	return parsed.Scheme + "://" + parsed.Host
}
