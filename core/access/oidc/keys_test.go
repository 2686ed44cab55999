package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/oidc"
)

func TestAThousandFirstRequestsShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		is.answer = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			is.ServeHTTP(w, r)
		}
		verifier := is.verifier(t, nil)
		token := k.sign(t, claims(nil))
		var wait sync.WaitGroup
		for i := range 1000 {
			wait.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i == 0 {
					// The client of the request that fetches goes away.
					time.AfterFunc(time.Second/2, cancel)
				} else {
					time.Sleep(time.Millisecond)
				}
				if _, err := verifier.Identify(withToken(token).WithContext(ctx)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if d, f := is.discoveries.Load(), is.fetches.Load(); d != 1 || f != 1 {
			t.Errorf("the issuer was asked %d times where its keys are, and %d times for them", d, f)
		}
	})
}

func TestARequestThatIsCancelledDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		is.answer = func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		verifier := is.verifier(t, nil)
		r := withToken(k.sign(t, claims(nil)))
		go func() { _, _ = verifier.Identify(r) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := verifier.Identify(r.WithContext(ctx)); !errors.Is(err, access.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		time.Sleep(time.Minute)
	})
}

func TestKeysThatAreRotatedAreFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := newKey(t, "before", jose.ES256), newKey(t, "after", jose.RS256)
		is := newIssuer(before)
		verifier := is.verifier(t, nil)
		identify(t, verifier, before, true)
		time.Sleep(10 * time.Minute)
		is.change(func(is *issuer) { is.keys = []*key{after, before} })
		for range 10 {
			identify(t, verifier, after, true)
			identify(t, verifier, before, true)
		}
		if d, f := is.discoveries.Load(), is.fetches.Load(); d != 1 || f != 2 {
			t.Errorf("the issuer was asked %d and %d times", d, f)
		}
		// Within an hour the key that the issuer has taken back is noticed.
		is.change(func(is *issuer) { is.keys = []*key{after} })
		time.Sleep(time.Hour)
		identify(t, verifier, after, true)
		identify(t, verifier, before, false)
	})
}

func TestAKeyOfTheSameNameCanBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := newKey(t, "key", jose.ES256), newKey(t, "key", jose.ES256)
		is := newIssuer(before)
		verifier := is.verifier(t, nil)
		identify(t, verifier, before, true)
		time.Sleep(time.Minute)
		is.change(func(is *issuer) { is.keys = []*key{after} })
		identify(t, verifier, after, true)
	})
}

func TestInventedKeysDoNotFloodTheIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		verifier := is.verifier(t, nil)
		identify(t, verifier, k, true)
		begun := time.Now()
		requests := 0
		for time.Since(begun) < 10*time.Minute {
			forged := newKey(t, fmt.Sprint("forged-", requests), jose.ES256)
			if _, err := verifier.Identify(withToken(forged.sign(t, claims(nil)))); err == nil {
				t.Fatal("a forged token is taken")
			}
			identify(t, verifier, k, true)
			requests++
			time.Sleep(time.Second)
		}
		if f := is.fetches.Load(); f > 22 || f < 15 {
			t.Errorf("for %d tokens in ten minutes the keys were fetched %d times", requests, f)
		}
	})
}

// A token that is newer than the keys may be signed with a key that is newer too, but the
// issuer can't be asked yet. One that is older is signed with a key that was taken back.
func TestBeforeTheFloorATokenThatMayBeGoodIsToldToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after, gone := newKey(t, "before", jose.ES256), newKey(t, "after", jose.ES256), newKey(t, "gone", jose.ES256)
		is := newIssuer(before)
		verifier := is.verifier(t, nil)
		old := gone.sign(t, claims(nil))
		time.Sleep(10 * time.Second)
		identify(t, verifier, before, true)
		time.Sleep(10 * time.Second)
		identify(t, verifier, gone, false) // asks the issuer
		is.change(func(is *issuer) { is.keys = []*key{after} })
		time.Sleep(10 * time.Second)
		_, err := verifier.Identify(withToken(after.sign(t, claims(nil))))
		if !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if _, err := verifier.Identify(withToken(old)); !refused(err) {
			t.Errorf("got %v", err)
		}
		time.Sleep(20 * time.Second)
		identify(t, verifier, after, true)
	})
}

func TestAnIssuerThatIsDownTurnsNobodyAwayWhoseKeyIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, unknown := newKey(t, "key", jose.ES256), newKey(t, "unknown", jose.ES256)
		is := newIssuer(k)
		verifier := is.verifier(t, nil)
		identify(t, verifier, k, true)
		is.change(func(is *issuer) { is.down = true })
		for range 23 {
			time.Sleep(time.Hour)
			identify(t, verifier, k, true)
			if _, err := verifier.Identify(withToken(unknown.sign(t, claims(nil)))); !errors.Is(err, access.ErrUnavailable) {
				t.Fatalf("a token with a key that can't be known gives %v", err)
			}
			// A forged one with a known key is still only that.
			identify(t, verifier, newKey(t, "key", jose.ES256), false)
		}
		time.Sleep(time.Hour)
		if _, err := verifier.Identify(withToken(k.sign(t, claims(nil)))); !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("after a day: %v", err)
		}
		is.change(func(is *issuer) { is.down = false })
		time.Sleep(5 * time.Second)
		identify(t, verifier, k, true)
	})
}

func TestAFirstFetchThatFailsIsTriedAgain(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	// onlyKeys fails where the keys are, and not in the discovery.
	onlyKeys := func(is *issuer, answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				answer(w, r)
				return
			}
			is.ServeHTTP(w, r)
		}
	}
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	failing := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("out of order ", 1000), http.StatusInternalServerError)
	}
	huge := text(`{"keys":[` + strings.Repeat(" ", 2<<20) + `]}`)
	pointing := func(issuerName, keys string) func(*issuer) http.HandlerFunc {
		return func(*issuer) http.HandlerFunc {
			return text(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, issuerName, keys))
		}
	}
	for name, answer := range map[string]func(*issuer) http.HandlerFunc{
		"a page of HTML":             func(*issuer) http.HandlerFunc { return text("<html>Sign in</html>") },
		"a page of HTML for keys":    func(is *issuer) http.HandlerFunc { return onlyKeys(is, text("<html>Sign in</html>")) },
		"an empty answer":            func(*issuer) http.HandlerFunc { return text("") },
		"an answer that never comes": func(*issuer) http.HandlerFunc { return slow },
		"keys that never come":       func(is *issuer) http.HandlerFunc { return onlyKeys(is, slow) },
		"a failure":                  func(*issuer) http.HandlerFunc { return failing },
		"a failure for keys":         func(is *issuer) http.HandlerFunc { return onlyKeys(is, failing) },
		"a huge answer":              func(*issuer) http.HandlerFunc { return huge },
		"a huge answer for keys":     func(is *issuer) http.HandlerFunc { return onlyKeys(is, huge) },
		"no keys":                    func(is *issuer) http.HandlerFunc { return onlyKeys(is, text(`{"keys":[]}`)) },
		"only a secret for keys": func(is *issuer) http.HandlerFunc {
			return onlyKeys(is, text(`{"keys":[{"kty":"oct","kid":"key","k":"AAAA"}]}`))
		},
		"only keys that aren't known": func(is *issuer) http.HandlerFunc {
			return onlyKeys(is, text(`{"keys":[{"kty":"OKP","crv":"Ed448","x":"AA"},7]}`))
		},
		"another issuer's name":              pointing("https://other.test", issuerAddress+"/keys"),
		"keys without encryption":            pointing(issuerAddress, "http://issuer.test/keys"),
		"keys on this machine":               pointing(issuerAddress, "http://127.0.0.1/keys"),
		"keys at an address of another kind": pointing(issuerAddress, "file:///etc/passwd"),
		"no address of keys":                 pointing(issuerAddress, ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(k)
				is.answer = answer(is)
				verifier := is.verifier(t, nil)
				begun := time.Now()
				for range 3 {
					_, err := verifier.Identify(withToken(k.sign(t, claims(nil))))
					if !errors.Is(err, access.ErrUnavailable) || len(err.Error()) > 600 {
						t.Fatalf("got %v", err)
					}
				}
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("it took %s", took)
				}
				if asked := is.discoveries.Load(); asked != 1 {
					t.Errorf("within the floor the issuer was asked %d times", asked)
				}
				is.change(func(is *issuer) { is.answer = nil })
				time.Sleep(5 * time.Second)
				identify(t, verifier, k, true)
			})
		})
	}
}

func TestAFetchThatFailsKeepsTheOldKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		verifier := is.verifier(t, nil)
		identify(t, verifier, k, true)
		is.change(func(is *issuer) {
			is.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) }
		})
		time.Sleep(2 * time.Hour)
		identify(t, verifier, k, true)
		is.change(func(is *issuer) { is.answer = nil })
		identify(t, verifier, k, true)
		time.Sleep(time.Minute)
		identify(t, verifier, k, true)
	})
}

func TestWhileOneRequestRenewsTheKeysTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		verifier := is.verifier(t, nil)
		identify(t, verifier, k, true)
		time.Sleep(2 * time.Hour)
		is.change(func(is *issuer) {
			is.answer = func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(3 * time.Second)
				is.ServeHTTP(w, r)
			}
		})
		go identify(t, verifier, k, true)
		synctest.Wait()
		begun := time.Now()
		identify(t, verifier, k, true)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("a request waited %s", waited)
		}
		time.Sleep(time.Minute)
	})
}

func TestATransportThatPanicsHangsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKey(t, "key", jose.ES256)
		is := newIssuer(k)
		is.answer = func(http.ResponseWriter, *http.Request) { panic("broken") }
		verifier := is.verifier(t, nil)
		func() {
			defer func() { _ = recover() }()
			identify(t, verifier, k, true)
		}()
		if _, err := verifier.Identify(withToken(k.sign(t, claims(nil)))); !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRedirectsOfTheIssuer(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	var other, own *httptest.Server
	other = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	defer other.Close()
	is := newIssuer(k)
	for name, test := range map[string]struct {
		target func() string
		taken  bool
	}{
		"to another host are refused":  {func() string { return other.URL + "/elsewhere" }, false},
		"within the host are followed": {func() string { return own.URL + "/moved" }, true},
		"in a circle end":              {func() string { return own.URL + "/.well-known/openid-configuration" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			own = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/.well-known/openid-configuration":
					http.Redirect(w, r, test.target(), http.StatusFound)
				case "/moved":
					writeJSON(w, map[string]any{"issuer": own.URL, "jwks_uri": own.URL + "/keys"})
				default:
					is.ServeHTTP(w, r)
				}
			}))
			defer own.Close()
			verifier := is.verifier(t, func(c *oidc.Config) { c.Issuer, c.HTTPClient = own.URL, nil })
			_, err := verifier.Identify(withToken(k.sign(t, claims(map[string]any{"iss": own.URL}))))
			if test.taken != (err == nil) || err != nil && !errors.Is(err, access.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// identify asks who has a token of a key, which is taken or refused.
func identify(t *testing.T, verifier *oidc.Verifier, k *key, taken bool) {
	t.Helper()
	_, err := verifier.Identify(withToken(k.sign(t, claims(nil))))
	if taken && err != nil || !taken && !refused(err) {
		t.Errorf("got %v", err)
	}
}
