package oidc_test

import (
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// FuzzToken sends tokens that nobody has signed.
func FuzzToken(f *testing.F) {
	k := newKey(f, "key", jose.ES256)
	good := k.sign(f, claims(nil))
	head, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.'):]
	f.Add(head + ".")
	f.Add(head + "." + strings.Repeat("A", len(signature)-1))
	f.Add("eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".")
	f.Add("..")
	f.Add(`{"payload":"","signatures":[]}`)
	verifier := newIssuer(k).verifier(f, nil)
	f.Fuzz(func(t *testing.T, token string) {
		if token == good {
			t.Skip()
		}
		user, err := verifier.Identify(withToken(token))
		if !refused(err) {
			t.Fatalf("got %+v, %v", user, err)
		}
		if len(token) > 40 && strings.Contains(err.Error(), token) {
			t.Errorf("the reason quotes the token: %v", err)
		}
	})
}
