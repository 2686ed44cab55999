package access_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func init() { schemes["OpenID Connect"] = oidcScheme }

// oidcScheme has an issuer of its own, and signs its tokens.
func oidcScheme(t *testing.T, _ string) scheme {
	issuer := newIssuer(t)
	good := func(user string) map[string]any {
		return map[string]any{
			"iss": issuer.URL, "aud": "copilotkit", "sub": user, "scope": "openid chat",
			"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		}
	}
	bearer := func(name, token string) credential {
		return credential{name: name, header: http.Header{"Authorization": {"Bearer " + token}}}
	}
	const ask = `Bearer realm="copilotkit"`
	refused := func(name, token string) credential {
		c := bearer(name, token)
		c.refused, c.challenge = http.StatusUnauthorized, ask+`, error="invalid_token"`
		return c
	}
	// but is Ann's token with another value of a claim.
	but := func(name, claim string, value any) credential {
		claims := good("ann")
		claims[claim] = value
		return refused(name, issuer.sign(issuer.key, claims))
	}
	right := issuer.sign(issuer.key, good("ann"))
	head, rest, _ := strings.Cut(right, ".")
	_, signature, _ := strings.Cut(rest, ".")
	poor := but("missing scope", "scope", "openid")
	poor.refused, poor.challenge = http.StatusForbidden, ask+`, error="insufficient_scope", scope="chat"`
	return scheme{
		env: []string{
			"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_ISSUER=" + issuer.URL,
			"COPILOTKIT_OIDC_AUDIENCE=copilotkit", "COPILOTKIT_OIDC_SCOPES=chat",
		},
		ann: bearer("right", right),
		bob: bearer("bob", issuer.sign(issuer.key, good("bob"))),
		others: []credential{
			{name: "none", refused: http.StatusUnauthorized, challenge: ask},
			refused("wrong", "token-of-ann"),
			refused("tampered with", head+"."+encoded(good("bob"))+"."+signature),
			but("expired", "exp", time.Now().Add(-time.Hour).Unix()),
			but("not yet valid", "nbf", time.Now().Add(time.Hour).Unix()),
			but("wrong audience", "aud", "another service"),
			but("wrong issuer", "iss", issuer.URL+"/another"),
			but("without a user", "sub", ""),
			refused("signed by another key", issuer.sign(anotherKey(), good("ann"))),
			refused("without a signature", encoded(map[string]any{"alg": "none"})+"."+encoded(good("ann"))+"."),
			refused("signed with the public key as a secret", issuer.signWithPublicKey(good("ann"))),
			poor,
		},
	}
}

// issuer is an issuer of tokens that has one key.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{key: issuersKey()}
	mux := http.NewServeMux()
	answer := func(path string, body func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body())
		})
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"}
	})
	answer("/keys", func() any {
		public := base64.RawURLEncoding.EncodeToString
		return map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig",
			"n": public(i.key.N.Bytes()), "e": public(big.NewInt(int64(i.key.E)).Bytes()),
		}}}
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// Keys take long to make.
var issuersKey, anotherKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func (i *issuer) sign(key *rsa.PrivateKey, claims map[string]any) string {
	signed := encoded(map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"}) + "." + encoded(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// signWithPublicKey returns a token whose signature is right if the verifier takes the
// issuer's public key for a shared secret.
func (i *issuer) signWithPublicKey(claims map[string]any) string {
	signed := encoded(map[string]any{"alg": "HS256", "kid": "1", "typ": "JWT"}) + "." + encoded(claims)
	mac := hmac.New(sha256.New, x509.MarshalPKCS1PublicKey(&i.key.PublicKey))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// encoded returns a part of a token.
func encoded(part map[string]any) string {
	data, err := json.Marshal(part)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}
