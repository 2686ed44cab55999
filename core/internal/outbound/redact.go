package outbound

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// minSecret is how many bytes a text must have to be hidden. A shorter one is in
// many words by chance, and hiding it would tell what it is.
const minSecret = 8

// Secrets are texts that a log must not show. The zero value still hides all of
// an address but its host.
type Secrets []string

// NewSecrets returns what must not be shown of a request: everything after the
// host in its address, and the values of its headers.
func NewSecrets(header http.Header, addresses ...*url.URL) Secrets {
	var s Secrets
	for _, address := range addresses {
		password, _ := address.User.Password()
		s = s.add(password, address.RequestURI(), address.Path, address.RawQuery)
		for _, values := range address.Query() {
			s = s.add(values...)
		}
	}
	return s.With(header)
}

// With returns s and the values of header. It doesn't change s.
func (s Secrets) With(header http.Header) Secrets {
	s = slices.Clone(s)
	for name, values := range header {
		for _, value := range values {
			parts := strings.Fields(value)
			if name == "Authorization" && len(parts) > 1 {
				parts = parts[1:] // of "Bearer token", the token
			}
			s = s.add(value)
			s = s.add(parts...)
		}
	}
	if _, password, ok := (&http.Request{Header: header}).BasicAuth(); ok {
		s = s.add(password)
	}
	s.sort()
	return s
}

// WithTexts returns s and texts that a server is sent and may quote, such as the
// messages of a conversation: as they are, as JSON has them, and as JSON in JSON does.
// It doesn't change s.
func (s Secrets) WithTexts(texts ...string) Secrets {
	s = slices.Clone(s)
	for _, text := range texts {
		text = strings.TrimSpace(text)
		s = s.add(text)
		for range 3 {
			escaped := escape(text)
			if escaped == text {
				break
			}
			text = escaped
			s = s.add(text)
		}
	}
	s.sort()
	return s
}

// escape returns text as it is between the quotes of a JSON string.
func escape(text string) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // as most programs do
	if encoder.Encode(text) != nil {
		return text // unreachable: a string can be encoded
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(encoded.String(), "\n"), `"`), `"`)
}

// sort puts the whole before its parts.
func (s Secrets) sort() {
	slices.SortFunc(s, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

func (s Secrets) add(texts ...string) Secrets {
	for _, text := range texts {
		if len(text) >= minSecret && !slices.Contains(s, text) {
			s = append(s, text)
		}
	}
	return s
}

// Redact returns err with a text that is safe to log; nil stays nil. errors.Is
// and errors.As see err as it was.
func (s Secrets) Redact(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	safe := s.RedactText(text)
	if safe == text {
		return err
	}
	return &redactedError{safe, err}
}

// RedactText returns text with "[redacted]" in the place of each secret, and
// with every address cut off after its host.
func (s Secrets) RedactText(text string) string {
	return s.Mask(cutAddresses(text))
}

// Mask returns text with "[redacted]" in the place of each secret. Unlike RedactText
// it leaves addresses alone: it is for what isn't a log.
func (s Secrets) Mask(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// MaskBytes is Mask for bytes, which it returns as they are if they have no secret.
func (s Secrets) MaskBytes(text []byte) []byte {
	for _, secret := range s {
		if bytes.Contains(text, []byte(secret)) {
			return []byte(s.Mask(string(text)))
		}
	}
	return text
}

// cutAddresses cuts user, path and query out of each URL in text.
func cutAddresses(text string) string {
	before, rest, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	var cut strings.Builder
	for found {
		end := strings.IndexAny(rest, " \t\r\n\"'`<>\\")
		if end < 0 {
			end = len(rest)
		}
		host := rest[:end]
		if i := strings.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		cut.WriteString(before)
		cut.WriteString("://")
		cut.WriteString(host[strings.LastIndexByte(host, '@')+1:])
		before, rest, found = strings.Cut(rest[end:], "://")
	}
	cut.WriteString(before)
	return cut.String()
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

func (e *redactedError) Unwrap() error { return e.err }
