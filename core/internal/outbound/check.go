package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// ParseURL parses an absolute http or https URL. Its errors don't quote the URL,
// which may hold a password.
func ParseURL(text string) (*url.URL, error) {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case parsed.Host == "":
		return nil, errors.New("names no host")
	}
	return parsed, nil
}

// NewHeader returns the headers to send. It refuses those that net/http would
// refuse in each request. Of several spellings of a name the canonical one wins.
// Its errors don't quote values.
func NewHeader(headers map[string]string) (http.Header, error) {
	header := make(http.Header, len(headers))
	for name, value := range headers {
		if !isToken(name) {
			return nil, fmt.Errorf("%q can't be the name of a header", name)
		}
		if strings.IndexFunc(value, isControl) >= 0 {
			return nil, fmt.Errorf("header %q has a value with control characters", name)
		}
		canonical := http.CanonicalHeaderKey(name)
		if _, taken := header[canonical]; !taken || name == canonical {
			header[canonical] = []string{value}
		}
	}
	return header, nil
}

// isToken reports whether s is a token, as RFC 9110 calls what names a header.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letterOrDigit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
