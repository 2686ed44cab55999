package check

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/copilotkit-go/runtime/core/internal/outbound"
)

// shown makes texts safe to show. The zero value knows no secrets.
type shown struct{ secrets outbound.Secrets }

// newShown returns what hides the secrets of an environment, this runtime's or not.
func newShown(values map[string]string) shown {
	var s shown
	for name, value := range values {
		if outbound.IsCredential(name) || strings.HasSuffix(name, "_HEADERS") || strings.HasSuffix(name, "_TOKENS") {
			s.hide(value)
			s.hide(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",:= ", r) })...)
		}
		for part := range strings.SplitSeq(value, ",") {
			s.hideAddress(part)
			if _, address, ok := strings.Cut(part, "="); ok { // name=url
				s.hideAddress(address)
			}
		}
		s.hideJSON(value)
	}
	return s
}

func (s *shown) hide(texts ...string) { s.secrets = s.secrets.WithTexts(texts...) }

// hideAddress hides a password, and what follows the host, where people have keys too.
func (s *shown) hideAddress(text string) {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil || address.Scheme == "" || address.Host == "" {
		return
	}
	password, _ := address.User.Password()
	s.hide(password)
	for _, values := range address.Query() {
		s.hide(values...)
	}
	if address.Scheme == "http" || address.Scheme == "https" {
		s.secrets = append(s.secrets, outbound.NewSecrets(nil, address)...)
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
			s.hideAddress(value)
		case map[string]any:
			s.hideFields(value, all || name == "headers")
		}
	}
}

// maxShown is how much of a text is shown, in bytes.
const maxShown = 800

// text returns a text without secrets, of addresses the host alone, cut off where it is
// long, and with control characters, and those that turn text around, written out.
func (s shown) text(text string) string {
	if len(text) > 64*maxShown { // of which the rest can't be looked through in a moment
		text = text[:64*maxShown]
	}
	text = s.secrets.RedactText(text)
	var safe strings.Builder
	for _, r := range text {
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
	shown := parsed.Scheme + "://" + parsed.Host
	if strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" {
		shown += "/…"
	}
	return shown
}
