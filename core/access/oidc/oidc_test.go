package oidc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/oidc"
)

func TestTokensOfEveryAlgorithmAreTaken(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			k := newKey(t, "key", algorithm)
			verifier := newIssuer(newKey(t, "other", jose.RS256), k).verifier(t, nil)
			user, err := verifier.Identify(withToken(k.sign(t, claims(nil))))
			if err != nil || user.ID != "user-1" || user.Claims["aud"] != audience {
				t.Errorf("got %+v, %v", user, err)
			}
			// Another key's signature under the same name isn't.
			forged := newKey(t, "key", algorithm)
			if _, err := verifier.Identify(withToken(forged.sign(t, claims(nil)))); !refused(err) {
				t.Errorf("a forged token gives %v", err)
			}
		})
	}
}

func TestWhatATokenMustSay(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	now := time.Now().Unix()
	for _, test := range []struct {
		name    string
		changes map[string]any
		// refused is what the reason has in it, "" if the token is taken.
		refused string
	}{
		{"an ordinary token is taken", nil, ""},
		{"one of several audiences is enough", map[string]any{"aud": []string{"other", audience}}, ""},
		{"another audience is refused", map[string]any{"aud": "https://other.test"}, `audience "https://other.test"`},
		{"an audience that begins alike is refused", map[string]any{"aud": audience + ".evil.test"}, "audience"},
		{"other audiences are refused", map[string]any{"aud": []string{"a", "b"}}, `audience "a b"`},
		{"no audience is refused", map[string]any{"aud": nil}, "audience"},
		{"an empty list of audiences is refused", map[string]any{"aud": []string{}}, "audience"},
		{"without an audience the client counts", map[string]any{"aud": nil, "client_id": audience}, ""},
		{"without a client too the authorized party counts", map[string]any{"aud": nil, "azp": audience}, ""},
		{"with another audience the client doesn't count", map[string]any{"aud": "other", "client_id": audience, "azp": audience}, "audience"},
		{"with an audience of null the client doesn't count", map[string]any{"aud": jose.JSONWebKeySet{}, "client_id": audience}, "audience"},
		{"another issuer is refused", map[string]any{"iss": "https://evil.test"}, `issuer is "https://evil.test"`},
		{"an issuer that differs by a slash is refused", map[string]any{"iss": issuerAddress + "/"}, "issuer"},
		{"no issuer is refused", map[string]any{"iss": nil}, "issuer"},
		{"a token that expired within the leeway is taken", map[string]any{"exp": now - 50}, ""},
		{"an expired token is refused", map[string]any{"exp": now - 61}, "expired, 1m"},
		{"a token that expired long ago is refused", map[string]any{"exp": now - 30*24*3600}, "expired, 30 days ago"},
		{"a token of the beginning of time is refused", map[string]any{"exp": -1e300}, "expired, 1000000 days ago"},
		{"a token that never expires is refused", map[string]any{"exp": nil}, "no time at which it expires"},
		{"a time that is a text is refused", map[string]any{"exp": "9999999999"}, "no time at which it expires"},
		{"fractions of a second are taken", map[string]any{"exp": float64(now) + 1.5}, ""},
		{"a token that is valid soon is taken", map[string]any{"nbf": now + 50}, ""},
		{"a token that isn't valid yet is refused", map[string]any{"nbf": now + 3*3600}, "isn't valid yet, for another"},
		{"a beginning that is a text is refused", map[string]any{"nbf": "1"}, "isn't valid yet"},
		{"no user is refused", map[string]any{"sub": nil}, `no claim "sub"`},
		{"an empty user is refused", map[string]any{"sub": ""}, `no claim "sub"`},
		{"a user that is a number is refused", map[string]any{"sub": 1}, "claims are malformed"},
		{"a claim in capitals is another claim", map[string]any{"sub": nil, "SUB": "user-1"}, `no claim "sub"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, err := newIssuer(k).verifier(t, nil).Identify(withToken(k.sign(t, claims(test.changes))))
			if test.refused == "" {
				if err != nil || user.ID != "user-1" {
					t.Errorf("got %+v, %v", user, err)
				}
				return
			}
			if !refused(err) || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("got %v, want %s", err, test.refused)
			}
		})
	}
}

func TestTokensThatAreNoneAreRefusedWithoutAskingTheIssuer(t *testing.T) {
	k := newKey(t, "key", jose.RS256)
	good := k.sign(t, claims(nil))
	parts := strings.Split(good, ".")
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	withPublicKey := sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: publicKey}, new(jose.SignerOptions).WithHeader("kid", "key"), claims(nil))

	for name, header := range map[string][]string{
		"no header":                               nil,
		"an empty header":                         {""},
		"another scheme":                          {"Basic " + good},
		"no scheme":                               {good},
		"no token":                                {"Bearer"},
		"an empty token":                          {"Bearer "},
		"two headers":                             {"Bearer " + good, "Bearer " + good},
		"two tokens":                              {"Bearer " + good + "," + good},
		"words":                                   {"Bearer let me in"},
		"two parts":                               {"Bearer " + parts[0] + "." + parts[1]},
		"four parts":                              {"Bearer " + good + ".x"},
		"five parts, as encrypted tokens have":    {"Bearer " + good + ".x.y"},
		"a header that isn't base64":              {"Bearer !." + parts[1] + "." + parts[2]},
		"a header that isn't JSON":                {"Bearer " + part("{") + "." + parts[1] + "." + parts[2]},
		"a header that is null":                   {"Bearer " + part("null") + "." + parts[1] + "." + parts[2]},
		"claims that are a list":                  {"Bearer " + parts[0] + "." + part("[]") + "." + parts[2]},
		"no algorithm":                            {"Bearer " + part(`{"kid":"key"}`) + "." + parts[1] + "." + parts[2]},
		"the algorithm none":                      {"Bearer " + part(`{"alg":"none"}`) + "." + parts[1] + "."},
		"the algorithm None with a signature":     {"Bearer " + part(`{"alg":"None"}`) + "." + parts[1] + "." + parts[2]},
		"an algorithm that is a list":             {"Bearer " + part(`{"alg":["RS256"]}`) + "." + parts[1] + "." + parts[2]},
		"an HMAC whose secret is the public key":  {"Bearer " + withPublicKey},
		"a token of more than sixteen kilobytes":  {"Bearer " + good + strings.Repeat("A", 16<<10)},
		"JSON in the place of a compact token":    {`Bearer {"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`},
		"a logout token":                          {"Bearer " + k.signAs(t, claims(nil), "logout+jwt")},
		"a security event token":                  {"Bearer " + k.signAs(t, claims(nil), "secevent+jwt")},
		"a token of another issuer":               {"Bearer " + k.sign(t, claims(map[string]any{"iss": "https://evil.test"}))},
		"a token that has expired":                {"Bearer " + k.sign(t, claims(map[string]any{"exp": 1}))},
		"a token of another service":              {"Bearer " + k.sign(t, claims(map[string]any{"aud": "https://other.test"}))},
		"a token with nothing but a good payload": {"Bearer ." + parts[1] + "."},
	} {
		t.Run(name, func(t *testing.T) {
			is := newIssuer(k)
			r := withToken("")
			r.Header["Authorization"] = header
			_, err := is.verifier(t, nil).Identify(r)
			if !refused(err) {
				t.Fatalf("got %v", err)
			}
			if asked := is.discoveries.Load() + is.fetches.Load(); asked != 0 {
				t.Errorf("the issuer was asked %d times", asked)
			}
			for _, part := range parts {
				if strings.Contains(err.Error(), part) {
					t.Errorf("the reason quotes the token: %v", err)
				}
			}
		})
	}
}

func TestATokenElsewhereDoesNotCount(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	token := k.sign(t, claims(nil))
	r, err := http.NewRequest("POST", "/info?access_token="+token, strings.NewReader("access_token="+token))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", "access_token="+token)
	if _, err := newIssuer(k).verifier(t, nil).Identify(r); !refused(err) {
		t.Errorf("got %v", err)
	}
}

func TestOneTokenWithOddButAllowedForms(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	nameless := newKey(t, "", jose.ES256)
	verifier := newIssuer(k, nameless).verifier(t, nil)
	for name, header := range map[string]string{
		"the scheme in lower case": "bearer " + k.sign(t, claims(nil)),
		"two spaces":               "Bearer  " + k.sign(t, claims(nil)),
		"no type":                  "Bearer " + k.signAs(t, claims(nil), ""),
		"the type of RFC 9068":     "Bearer " + k.signAs(t, claims(nil), "at+jwt"),
		"a key without a name":     "Bearer " + nameless.sign(t, claims(nil)),
	} {
		r := withToken("")
		r.Header.Set("Authorization", header)
		if user, err := verifier.Identify(r); err != nil || user.ID != "user-1" {
			t.Errorf("%s: got %+v, %v", name, user, err)
		}
	}
}

func TestScopes(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	verifier := newIssuer(k).verifier(t, func(c *oidc.Config) { c.Scopes = []string{"chat", "read:threads"} })
	for _, test := range []struct {
		name    string
		changes map[string]any
		let     bool
	}{
		{"a text with all of them", map[string]any{"scope": "openid read:threads chat"}, true},
		{"a list of all of them", map[string]any{"scope": []string{"chat", "read:threads"}}, true},
		{"scp as a text", map[string]any{"scp": "chat read:threads"}, true},
		{"scp as a list", map[string]any{"scp": []string{"chat", "read:threads"}}, true},
		{"none", nil, false},
		{"one of two", map[string]any{"scope": "chat"}, false},
		{"one that begins alike", map[string]any{"scope": "chats read:threads"}, false},
		{"something else than a text", map[string]any{"scope": map[string]any{"chat": true}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verifier.Identify(withToken(k.sign(t, claims(test.changes))))
			if test.let {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var failure *access.Error
			want := `Bearer realm="copilotkit", error="insufficient_scope", scope="chat read:threads"`
			if !errors.As(err, &failure) || !failure.Forbidden || failure.Challenge != want {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestWhatTheUserIsCalled(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	for _, test := range []struct {
		name, claim string
		changes     map[string]any
		id, want    string
	}{
		{"by name", "", map[string]any{"name": "Ada", "preferred_username": "ada", "email": "ada@example.com"}, "user-1", "Ada"},
		{"by user name", "", map[string]any{"preferred_username": "ada", "email": "ada@example.com"}, "user-1", "ada"},
		{"by address", "", map[string]any{"name": "", "email": "ada@example.com"}, "user-1", "ada@example.com"},
		{"by nothing", "", map[string]any{"name": 7}, "user-1", ""},
		{"with another claim as the id", "oid", map[string]any{"oid": "object-1"}, "object-1", ""},
		{"with a claim whose name is an address", "https://copilot.test/id", map[string]any{"https://copilot.test/id": "u"}, "u", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			verifier := newIssuer(k).verifier(t, func(c *oidc.Config) { c.UserClaim = test.claim })
			user, err := verifier.Identify(withToken(k.sign(t, claims(test.changes))))
			if err != nil || user.ID != test.id || user.Name != test.want {
				t.Errorf("got %+v, %v", user, err)
			}
		})
	}
}

func TestUsersWhoSignedInAnonymously(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	verifier := newIssuer(k).verifier(t, nil)
	type object = map[string]any
	for _, test := range []struct {
		name    string
		changes object
		want    bool
	}{
		{"an ordinary user", nil, false},
		{"a user of Supabase", object{"is_anonymous": false}, false},
		{"an anonymous user of Supabase", object{"is_anonymous": true}, true},
		{"a user of Firebase", object{"firebase": object{"sign_in_provider": "google.com"}}, false},
		{"an anonymous user of Firebase", object{"firebase": object{"sign_in_provider": "anonymous"}}, true},
		{"a list in the place of an answer", object{"is_anonymous": []bool{true}, "firebase": "anonymous"}, false},
	} {
		if user, err := verifier.Identify(withToken(k.sign(t, claims(test.changes)))); err != nil || user.Anonymous != test.want {
			t.Errorf("%s: got %+v, %v", test.name, user, err)
		}
	}
}

func TestChallenges(t *testing.T) {
	k := newKey(t, "key", jose.ES256)
	verifier := newIssuer(k).verifier(t, nil)
	for challenge, r := range map[string]*http.Request{
		`Bearer realm="copilotkit"`:                        {Header: http.Header{}},
		`Bearer realm="copilotkit", error="invalid_token"`: withToken("a.b.c"),
	} {
		var failure *access.Error
		if _, err := verifier.Identify(r); !errors.As(err, &failure) || failure.Challenge != challenge || failure.Forbidden {
			t.Errorf("got %#v, want the challenge %s", err, challenge)
		}
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	for _, test := range []struct {
		name   string
		config oidc.Config
		want   string
	}{
		{"no issuer", oidc.Config{Audience: []string{"a"}}, "issuer"},
		{"an issuer without encryption", oidc.Config{Issuer: "http://issuer.test", Audience: []string{"a"}}, "https://"},
		{"an issuer that only looks local", oidc.Config{Issuer: "http://localhost.evil.test", Audience: []string{"a"}}, "https://"},
		{"an issuer that is no address", oidc.Config{Issuer: "issuer.test", Audience: []string{"a"}}, "not an address"},
		{"an issuer with a password", oidc.Config{Issuer: "https://user:secret@issuer.test", Audience: []string{"a"}}, "with a user"},
		{"no audience", oidc.Config{Issuer: issuerAddress}, "audience"},
		{"an empty audience", oidc.Config{Issuer: issuerAddress, Audience: []string{"a", ""}}, "audience"},
		{"a scope with quotes", oidc.Config{Issuer: issuerAddress, Audience: []string{"a"}, Scopes: []string{`a" b`}}, "scope"},
	} {
		if _, err := oidc.New(test.config); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	for _, local := range []string{"http://localhost:8080", "http://127.0.0.1:1/realm", "http://[::1]:8080"} {
		if _, err := oidc.New(oidc.Config{Issuer: local, Audience: []string{"a"}}); err != nil {
			t.Errorf("%s: got %v", local, err)
		}
	}
}

// refused reports whether an error is a 401.
func refused(err error) bool {
	var failure *access.Error
	return errors.As(err, &failure) && !failure.Forbidden && failure.Challenge != "" && !errors.Is(err, access.ErrUnavailable)
}

func BenchmarkIdentify(b *testing.B) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			k := newKey(b, "key", algorithm)
			verifier := newIssuer(k).verifier(b, nil)
			r := withToken(k.sign(b, claims(nil)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Identify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
