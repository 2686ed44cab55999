package bundle

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
)

// redacted replaces secrets in logs and printed values.
const redacted = "[redacted]"

// Secret is a value that must not be shown: it is printed, logged and marshaled as
// "[redacted]". Reveal returns the value.
type Secret string

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

// String hides the value from fmt.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue hides the value from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoding/json and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SecretURL is an address that may hold a password. It is printed, logged and marshaled
// without user, password and query. The zero value is no address.
type SecretURL struct{ url url.URL }

// Reveal returns the address with its password.
func (u SecretURL) Reveal() string { return u.url.String() }

// Scheme returns the address's scheme, such as "redis".
func (u SecretURL) Scheme() string { return u.url.Scheme }

// String returns the address with its user, password and query hidden.
func (u SecretURL) String() string {
	shown := u.url
	if shown.User != nil {
		shown.User = url.User("redacted")
	}
	if shown.RawQuery != "" {
		shown.RawQuery = "redacted"
	}
	return shown.String()
}

// GoString hides the password from %#v.
func (u SecretURL) GoString() string { return `"` + u.String() + `"` }

// LogValue hides the password from log/slog.
func (u SecretURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides the password from encoding/json and its like.
func (u SecretURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// hide removes the secrets of the address from the text of an error.
func (u SecretURL) hide(err error) error {
	text := strings.ReplaceAll(err.Error(), u.Reveal(), u.String())
	if password, ok := u.url.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, redacted)
	}
	return errors.New(text)
}
