// Package session makes each browser a user of its own, by a signed cookie: for public
// sites whose visitors don't sign in. Threads come back to the browser that they were
// begun in, and to no other.
package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
)

// MinKeyBytes is how long a key must be at least.
const MinKeyBytes = 32

const (
	// lifetime is how long a browser that doesn't come back stays the same user.
	lifetime = 365 * 24 * time.Hour
	// renewal is the age from which a cookie is replaced by a new one of the same
	// user.
	renewal = 30 * 24 * time.Hour
	// skew is how far the clocks of instances may be apart.
	skew = 5 * time.Minute
)

// Config says how cookies are signed and sent. Keys is required.
type Config struct {
	// Keys sign the cookies: the first one new cookies, the others are only accepted,
	// so that keys can be replaced. Each has [MinKeyBytes] at least.
	Keys []string
	// SameSite says to which pages' requests browsers add the cookie. If zero, defaults
	// to [http.SameSiteLaxMode]. Pages of another site than the runtime's need
	// [http.SameSiteNoneMode], and CORS with credentials.
	SameSite http.SameSite
	// Origins are the origins, beside the runtime's own, whose pages may change
	// something with the cookie. Defaults to none.
	Origins []string
	// Insecure sends the cookie over plain HTTP too. Never set it in production.
	Insecure bool
}

// Sessions are the sessions of a deployment. They keep nothing and are safe for
// concurrent use.
type Sessions struct {
	config Config
	name   string
	keys   [][]byte
	pages  *http.CrossOriginProtection
}

// New returns the sessions, or an error that says what is wrong with the
// configuration.
func New(config Config) (*Sessions, error) {
	if len(config.Keys) == 0 {
		return nil, errors.New("session: no key")
	}
	s := &Sessions{config: config, name: "__Host-copilotkit_session", pages: http.NewCrossOriginProtection()}
	for i, key := range config.Keys {
		if len(key) < MinKeyBytes {
			return nil, fmt.Errorf("session: key %d has %d bytes, and must have %d at least", i+1, len(key), MinKeyBytes)
		}
		s.keys = append(s.keys, []byte(key))
	}
	if config.SameSite == 0 {
		s.config.SameSite = http.SameSiteLaxMode
	}
	if config.Insecure {
		if s.config.SameSite == http.SameSiteNoneMode {
			return nil, errors.New("session: browsers take cookies for pages of other sites over HTTPS only")
		}
		s.name = "copilotkit_session" // with the prefix browsers insist on HTTPS
	}
	for _, origin := range config.Origins {
		if err := s.pages.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	return s, nil
}

// Identify returns the browser's user. A request without a cookie, or with one that is
// not right, is by a new user, whose cookie the answer may set. A request that can
// change something must be by a page of an allowed origin if it has a cookie, since
// browsers add that by themselves. Without one it gets none unless it is by such a page:
// a form that any page sends here comes without the browser's cookie, and the answer's
// would take its place.
func (s *Sessions) Identify(r *http.Request) (access.User, error) {
	now := time.Now()
	id, issued, ok := s.find(r, now)
	if !ok {
		id = rand.Text()
		user := access.User{ID: userPrefix + id, Anonymous: true}
		if s.pages.Check(r) == nil {
			user.Cookie = s.cookie(id, now)
		}
		return user, nil
	}
	if err := s.checkPage(r); err != nil {
		return access.User{}, &access.Error{Forbidden: true, Reason: err}
	}
	user := access.User{ID: userPrefix + id, Anonymous: true}
	if now.Sub(issued) > renewal {
		user.Cookie = s.cookie(id, now)
	}
	return user, nil
}

// userPrefix tells the ids of these users from all others.
const userPrefix = "session:"

// checkPage refuses what a page of another origin, or none, may have sent with the
// browser's cookie.
func (s *Sessions) checkPage(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil // CORS lets no other page read the answer
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return errors.New("a request with a session cookie, and without the origin of its page")
	}
	return s.pages.Check(r)
}

// find returns the user of the request's cookie. Of several the first right one counts:
// with an insecure cookie another host of the domain may have added some.
func (s *Sessions) find(r *http.Request, now time.Time) (id string, issued time.Time, ok bool) {
	for _, cookie := range r.CookiesNamed(s.name) {
		if id, issued, ok = s.verify(cookie.Value, now); ok {
			return id, issued, true
		}
	}
	return "", time.Time{}, false
}

func (s *Sessions) cookie(id string, now time.Time) *http.Cookie {
	none := s.config.SameSite == http.SameSiteNoneMode
	return &http.Cookie{
		Name:     s.name,
		Value:    s.sign(id, now),
		Path:     "/",
		MaxAge:   int(lifetime / time.Second),
		Secure:   !s.config.Insecure,
		HttpOnly: true,
		SameSite: s.config.SameSite,
		// Browsers that keep out other sites' cookies take one per page's site.
		Partitioned: none,
	}
}

// A cookie is the user's id, when it was signed, and the MAC of both, in base64.
const (
	idBytes   = 26 // those of rand.Text
	timeBytes = 8
)

var encoding = base64.RawURLEncoding.Strict()

func (s *Sessions) sign(id string, now time.Time) string {
	data := binary.BigEndian.AppendUint64([]byte(id), uint64(now.Unix()))
	return encoding.EncodeToString(append(data, mac(s.keys[0], data)...))
}

func (s *Sessions) verify(value string, now time.Time) (id string, issued time.Time, ok bool) {
	if len(value) != encoding.EncodedLen(idBytes+timeBytes+sha256.Size) {
		return "", time.Time{}, false
	}
	data, err := encoding.DecodeString(value)
	if err != nil {
		return "", time.Time{}, false
	}
	signed, sum := data[:idBytes+timeBytes], data[idBytes+timeBytes:]
	right := false
	for _, key := range s.keys {
		right = hmac.Equal(sum, mac(key, signed)) || right
	}
	issued = time.Unix(int64(binary.BigEndian.Uint64(signed[idBytes:])), 0)
	if !right || now.Sub(issued) > lifetime || issued.Sub(now) > skew {
		return "", time.Time{}, false
	}
	return string(signed[:idBytes]), issued, true
}

// purpose keeps what the key signs here apart from anything else that it may sign.
const purpose = "copilotkit session 1\x00"

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write(data)
	return h.Sum(nil)
}

// ParseSameSite returns the mode that "lax", "strict" or "none" names.
func ParseSameSite(value string) (http.SameSite, error) {
	switch value {
	case "lax":
		return http.SameSiteLaxMode, nil
	case "strict":
		return http.SameSiteStrictMode, nil
	case "none":
		return http.SameSiteNoneMode, nil
	}
	return 0, fmt.Errorf("%q is none of lax, strict, none", value)
}
