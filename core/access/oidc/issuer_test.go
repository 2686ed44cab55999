package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/copilotkit-go/runtime/core/access/oidc"
)

const (
	issuerAddress = "https://issuer.test"
	audience      = "https://copilot.test"
)

// key is a key of an issuer.
type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newKey(t testing.TB, id string, algorithm jose.SignatureAlgorithm) *key {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES512:
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &key{id, algorithm, private}
}

// sign returns a token with these claims.
func (k *key) sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	return k.signAs(t, claims, "JWT")
}

func (k *key) signAs(t testing.TB, claims map[string]any, typ jose.ContentType) string {
	t.Helper()
	options := new(jose.SignerOptions)
	if typ != "" {
		options.WithType(typ)
	}
	if k.id != "" {
		options.WithHeader("kid", k.id)
	}
	return sign(t, jose.SigningKey{Algorithm: k.algorithm, Key: k.private}, options, claims)
}

func sign(t testing.TB, key jose.SigningKey, options *jose.SignerOptions, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// claims returns the claims of an ordinary token, with changes; nil removes a claim.
func claims(changes map[string]any) map[string]any {
	now := time.Now().Unix()
	all := map[string]any{"iss": issuerAddress, "aud": audience, "sub": "user-1", "iat": now, "exp": now + 300}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// issuer is an issuer that is reached without a network.
type issuer struct {
	// discoveries and fetches count requests.
	discoveries, fetches atomic.Int32

	mu   sync.Mutex
	keys []*key
	// down makes every request fail.
	down bool
	// answer, if not nil, replaces the issuer's answers.
	answer http.HandlerFunc
}

func newIssuer(keys ...*key) *issuer { return &issuer{keys: keys} }

func (i *issuer) change(change func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	down, answer := i.down, i.answer
	i.mu.Unlock()
	if answer == nil {
		answer = i.ServeHTTP
	}
	if r.URL.Path == "/.well-known/openid-configuration" {
		i.discoveries.Add(1)
	} else {
		i.fetches.Add(1)
	}
	if down {
		return nil, http.ErrServerClosed
	}
	w := httptest.NewRecorder()
	answer(w, r)
	response := w.Result()
	response.Request = r
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return response, nil
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/.well-known/openid-configuration" {
		writeJSON(w, map[string]any{"issuer": issuerAddress, "jwks_uri": issuerAddress + "/keys"})
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	set := jose.JSONWebKeySet{}
	for _, k := range i.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"})
	}
	writeJSON(w, set)
}

func writeJSON(w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err)
	}
}

// verifier returns a verifier of the issuer's tokens.
func (i *issuer) verifier(t testing.TB, change func(*oidc.Config)) *oidc.Verifier {
	t.Helper()
	config := oidc.Config{
		Issuer:     issuerAddress,
		Audience:   []string{audience},
		HTTPClient: &http.Client{Transport: i},
		Logger:     slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&config)
	}
	verifier, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// withToken returns a request with a token.
func withToken(token string) *http.Request {
	r := httptest.NewRequest("GET", "/info", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
