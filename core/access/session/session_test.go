package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/session"
)

var (
	key   = strings.Repeat("k", 32)
	other = strings.Repeat("o", 32)
)

func newSessions(t *testing.T, config session.Config) *session.Sessions {
	t.Helper()
	if config.Keys == nil {
		config.Keys = []string{key}
	}
	sessions, err := session.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return sessions
}

// ask identifies a request that has the cookie, if it isn't nil.
func ask(t *testing.T, sessions *session.Sessions, cookie *http.Cookie) access.User {
	t.Helper()
	r := httptest.NewRequest("GET", "/info", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	user, err := sessions.Identify(r)
	if err != nil {
		t.Fatal(err)
	}
	if user.ID == "" || !user.Anonymous {
		t.Fatalf("got %+v", user)
	}
	return user
}

func TestABrowserStaysTheSameUser(t *testing.T) {
	sessions := newSessions(t, session.Config{})
	ann, bob := ask(t, sessions, nil), ask(t, sessions, nil)
	if ann.ID == bob.ID {
		t.Fatal("two browsers are one user")
	}
	again := ask(t, newSessions(t, session.Config{}), ann.Cookie) // on another instance
	if again.ID != ann.ID || again.Cookie != nil {
		t.Errorf("got %+v, want %s without another cookie", again, ann.ID)
	}
}

func TestTheCookieIsKeptFromOthers(t *testing.T) {
	for name, test := range map[string]struct {
		config session.Config
		want   string
	}{
		"by default":         {session.Config{}, "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax"},
		"strictly":           {session.Config{SameSite: http.SameSiteStrictMode}, "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Strict"},
		"for pages anywhere": {session.Config{SameSite: http.SameSiteNoneMode}, "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=None; Partitioned"},
		"over plain HTTP":    {session.Config{Insecure: true}, "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"},
	} {
		cookie := ask(t, newSessions(t, test.config), nil).Cookie
		head, rest, _ := strings.Cut(cookie.String(), "; ")
		if rest != test.want {
			t.Errorf("%s: got %q, want %q", name, rest, test.want)
		}
		if host := strings.HasPrefix(head, "__Host-"); host == test.config.Insecure {
			t.Errorf("%s: the cookie's name is in %q", name, head)
		}
	}
}

func TestACookieThatIsNotRightMakesANewUser(t *testing.T) {
	sessions := newSessions(t, session.Config{})
	ann := ask(t, sessions, nil)
	for i := range len(ann.Cookie.Value) {
		tampered := *ann.Cookie
		flipped := byte('A')
		if tampered.Value[i] == 'A' {
			flipped = 'B'
		}
		tampered.Value = tampered.Value[:i] + string(flipped) + tampered.Value[i+1:]
		if got := ask(t, sessions, &tampered); got.ID == ann.ID || got.Cookie == nil {
			t.Fatalf("with another character %d got %+v", i, got)
		}
	}
	for name, value := range map[string]string{
		"nothing": "", "a word": "ann", "a part": ann.Cookie.Value[:40], "more": ann.Cookie.Value + "AAAA",
		"much": strings.Repeat("A", 1<<16), "another key's": ask(t, newSessions(t, session.Config{Keys: []string{other}}), nil).Cookie.Value,
	} {
		if got := ask(t, sessions, &http.Cookie{Name: ann.Cookie.Name, Value: value}); got.ID == ann.ID || got.Cookie == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestOfSeveralCookiesTheRightOneCounts(t *testing.T) {
	sessions := newSessions(t, session.Config{Insecure: true})
	ann := ask(t, sessions, nil)
	r := httptest.NewRequest("GET", "/info", nil)
	r.AddCookie(&http.Cookie{Name: ann.Cookie.Name, Value: "planted"})
	r.AddCookie(ann.Cookie)
	if user, err := sessions.Identify(r); err != nil || user.ID != ann.ID {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestASessionEndsAYearAfterItsLastRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := newSessions(t, session.Config{})
		ann := ask(t, sessions, nil)
		time.Sleep(31 * 24 * time.Hour)
		renewed := ask(t, sessions, ann.Cookie)
		if renewed.ID != ann.ID || renewed.Cookie == nil || renewed.Cookie.Value == ann.Cookie.Value {
			t.Fatalf("after a month got %+v", renewed)
		}
		time.Sleep(350 * 24 * time.Hour)
		if got := ask(t, sessions, ann.Cookie); got.ID == ann.ID {
			t.Error("the cookie counts after a year")
		}
		if got := ask(t, sessions, renewed.Cookie); got.ID != ann.ID {
			t.Error("the renewed one doesn't count")
		}
	})
}

func TestACookieFromTheFutureDoesNotCount(t *testing.T) {
	var cookie *http.Cookie
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		cookie = ask(t, newSessions(t, session.Config{}), nil).Cookie
	})
	synctest.Test(t, func(t *testing.T) {
		if got := ask(t, newSessions(t, session.Config{}), cookie); got.Cookie == nil {
			t.Error("it counts")
		}
		time.Sleep(56 * time.Minute) // clocks are not quite the same
		if got := ask(t, newSessions(t, session.Config{}), cookie); got.Cookie != nil {
			t.Error("it doesn't count where the clock is four minutes behind")
		}
	})
}

func TestKeysCanBeReplaced(t *testing.T) {
	ann := ask(t, newSessions(t, session.Config{}), nil)
	both := newSessions(t, session.Config{Keys: []string{other, key}})
	if got := ask(t, both, ann.Cookie); got.ID != ann.ID {
		t.Error("the old key's cookie doesn't count")
	}
	bob := ask(t, both, nil)
	if got := ask(t, newSessions(t, session.Config{Keys: []string{other}}), bob.Cookie); got.ID != bob.ID {
		t.Error("new cookies aren't signed by the first key")
	}
}

func TestOnlyAllowedPagesChangeSomethingWithTheCookie(t *testing.T) {
	sessions := newSessions(t, session.Config{Origins: []string{"https://app.example"}})
	ann := ask(t, sessions, nil)
	for name, test := range map[string]struct {
		method, site, origin string
		cookie, allowed      bool
	}{
		"the runtime's own page":               {"POST", "same-origin", "https://api.example", true, true},
		"the same behind a proxy":              {"POST", "same-origin", "https://shown.example", true, true},
		"the same in an old browser":           {"POST", "", "https://api.example", true, true},
		"a named page":                         {"POST", "cross-site", "https://app.example", true, true},
		"a page of the same site":              {"POST", "same-site", "https://evil.api.example", true, false},
		"a page anywhere":                      {"POST", "cross-site", "https://evil.example", true, false},
		"one in an old browser":                {"POST", "", "https://evil.example", true, false},
		"one without an origin":                {"POST", "cross-site", "null", true, false},
		"something that is no browser":         {"POST", "", "", true, false},
		"a change from anywhere":               {"PATCH", "cross-site", "https://evil.example", true, false},
		"a removal from anywhere":              {"DELETE", "cross-site", "https://evil.example", true, false},
		"reading, which CORS keeps from pages": {"GET", "cross-site", "https://evil.example", true, true},
		"a new user from anywhere":             {"POST", "cross-site", "https://evil.example", false, true},
		"a new user that is no browser":        {"POST", "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "https://api.example/agent/default/run", nil)
			for header, value := range map[string]string{"Sec-Fetch-Site": test.site, "Origin": test.origin} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			if test.cookie {
				r.AddCookie(ann.Cookie)
			}
			user, err := sessions.Identify(r)
			var refused *access.Error
			if errors.As(err, &refused); (err == nil) != test.allowed || refused != nil && !refused.Forbidden {
				t.Fatalf("got %+v, %v", user, err)
			}
			if test.allowed && (user.ID == ann.ID) != test.cookie {
				t.Errorf("got %+v", user)
			}
		})
	}
}

// A cookie that isn't for other sites' pages isn't sent with their forms either, but the
// browser takes the one of the answer, which it shows.
func TestOtherPagesCannotReplaceTheBrowsersUser(t *testing.T) {
	sessions := newSessions(t, session.Config{Origins: []string{"https://app.example"}})
	for name, test := range map[string]struct {
		site, origin string
		cookie       bool
	}{
		"the runtime's own page":           {"same-origin", "https://api.example", true},
		"a named page":                     {"cross-site", "https://app.example", true},
		"something that is no browser":     {"", "", true},
		"a form anywhere":                  {"cross-site", "https://evil.example", false},
		"a form in a sandbox":              {"cross-site", "null", false},
		"a form of the same site":          {"same-site", "https://evil.api.example", false},
		"a form anywhere, old browser":     {"", "https://evil.example", false},
		"a form in a sandbox, old browser": {"", "null", false},
	} {
		r := httptest.NewRequest("POST", "https://api.example/agent/default/run", nil)
		for header, value := range map[string]string{"Sec-Fetch-Site": test.site, "Origin": test.origin} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		if user, err := sessions.Identify(r); err != nil || (user.Cookie != nil) != test.cookie {
			t.Errorf("%s: got the cookie %v, %v", name, user.Cookie, err)
		}
	}
}

func TestAConfigurationThatIsWrongIsRefused(t *testing.T) {
	for name, config := range map[string]session.Config{
		"no key":                      {},
		"a short key":                 {Keys: []string{key[1:]}},
		"a short old key":             {Keys: []string{key, "short"}},
		"other sites over plain HTTP": {Keys: []string{key}, Insecure: true, SameSite: http.SameSiteNoneMode},
		"no origin":                   {Keys: []string{key}, Origins: []string{"app.example"}},
	} {
		if _, err := session.New(config); err == nil || strings.Contains(err.Error(), "short\"") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
