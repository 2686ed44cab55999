package access_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/access/session"
)

// scheme is a value of COPILOTKIT_AUTH, with what it needs, and all kinds of
// credentials that somebody can come with who says to be Ann. Bob's are right.
type scheme struct {
	env []string
	// anonymous is set if its users have no names.
	anonymous bool
	bob       credential
	ann       credential
	// others are the credentials that don't make the request Ann's.
	others []credential
}

// credential is what a request says of who sends it.
type credential struct {
	name string
	// header is added to the request.
	header http.Header
	// refused, if not zero, is the status of all answers, and challenge their
	// WWW-Authenticate. Otherwise the request is by somebody who has no threads. A
	// refusal may be for those requests alone that can change something.
	refused        int
	challenge      string
	refusedChanges bool
}

func (c credential) apply(r *http.Request) {
	for name, values := range c.header {
		r.Header[name] = values
	}
}

// refuses reports whether the request is refused.
func (c credential) refuses(r *http.Request) bool {
	return c.refused > 0 && !(c.refusedChanges && r.Method == http.MethodGet)
}

// schemes returns all of them. A mode is one of the runtime.
var schemes = map[string]func(t *testing.T, mode string) scheme{
	"tokens": func(*testing.T, string) scheme {
		const (
			ask     = `Bearer realm="copilotkit"`
			invalid = ask + `, error="invalid_token"`
		)
		refused := func(name, challenge string, values ...string) credential {
			return credential{name: name, header: http.Header{"Authorization": values}, refused: 401, challenge: challenge}
		}
		return scheme{
			env: []string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:token-of-ann,bob:token-of-bob"},
			ann: credential{name: "right", header: http.Header{"Authorization": {"Bearer token-of-ann"}}},
			bob: credential{name: "bob", header: http.Header{"Authorization": {"Bearer token-of-bob"}}},
			others: []credential{
				{name: "none", refused: 401, challenge: ask},
				refused("wrong", invalid, "Bearer token-of-anna"),
				refused("the name alone", invalid, "Bearer ann"),
				refused("empty", ask, "Bearer "),
				refused("another scheme", ask, "Basic token-of-ann"),
				refused("two", invalid, "Bearer token-of-ann", "Bearer token-of-bob"),
				{name: "in the query and a cookie", header: http.Header{"Cookie": {"token=token-of-ann"}, "X-Authorization": {"Bearer token-of-ann"}}, refused: 401, challenge: ask},
			},
		}
	},
	"sessions": func(t *testing.T, mode string) scheme {
		const key = "a key of thirty-two bytes or more"
		cookies := oneYearsCookies(t, session.Config{Keys: []string{key}, Insecure: mode == development})
		other := oneYearsCookies(t, session.Config{Keys: []string{"another key of thirty-two bytes or more"}, Insecure: mode == development})
		bob := oneYearsCookies(t, session.Config{Keys: []string{key}, Insecure: mode == development})
		by := func(name, cookie string) credential {
			return credential{name: name, header: http.Header{"Cookie": {cookie}, "Origin": {"http://example.com"}}}
		}
		foreign := by("right, in a request of another site's page", cookies.right)
		foreign.header.Set("Origin", "https://evil.example")
		foreign.refused, foreign.refusedChanges = 403, true
		blind := by("right, in a request that says nothing of its page", cookies.right)
		blind.header.Del("Origin")
		blind.refused, blind.refusedChanges = 403, true
		value := strings.LastIndex(cookies.right, "=") + 1
		return scheme{
			env:       []string{"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=" + key},
			anonymous: true,
			ann:       by("right", cookies.right),
			bob:       by("bob", bob.right),
			others: []credential{
				by("none", ""),
				by("tampered with", tampered(cookies.right, len(cookies.right)-20)),
				by("of Ann's id and Bob's signature", cookies.right[:value+45]+bob.right[value+45:]),
				by("expired", cookies.expired),
				by("not yet valid", cookies.early),
				by("signed by another key", other.right),
				foreign, blind,
			},
		}
	},
}

// tampered returns a cookie with another character at a place.
func tampered(cookie string, at int) string {
	other := "A"
	if cookie[at:at+1] == other {
		other = "B"
	}
	return cookie[:at] + other + cookie[at+1:]
}

// annsCookies are cookies of one user.
type annsCookies struct{ expired, right, early string }

// oneYearsCookies returns cookies that were signed at different times, by letting one
// browser come again and again.
func oneYearsCookies(t *testing.T, config session.Config) (c annsCookies) {
	t.Helper()
	now := time.Now()
	synctest.Test(t, func(t *testing.T) {
		sessions, err := session.New(config)
		if err != nil {
			t.Fatal(err)
		}
		// come returns the browser's cookie after a month and a day.
		come := func(cookie string) string {
			time.Sleep(31 * 24 * time.Hour)
			r, err := http.NewRequest("GET", "https://example.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if cookie != "" {
				r.Header.Set("Cookie", cookie)
			}
			user, err := sessions.Identify(r)
			if err != nil || user.Cookie == nil {
				t.Fatalf("got %+v %v", user, err)
			}
			return user.Cookie.Name + "=" + user.Cookie.Value
		}
		for cookie := come(""); c.early == ""; cookie = come(cookie) {
			switch at := time.Now(); {
			case at.Before(now.AddDate(-1, 0, -1)):
				c.expired = cookie
			case at.Before(now):
				c.right = cookie
			case at.After(now.Add(time.Hour)):
				c.early = cookie
			}
		}
	})
	return c
}
