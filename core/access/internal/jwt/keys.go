package jwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Keys are the public keys of an issuer.
type Keys []jose.JSONWebKey

// FetchKeys returns the keys of the set (RFC 7517) at an address. A set without a key
// that can verify a signature is an error.
func FetchKeys(ctx context.Context, client *http.Client, address string) (Keys, error) {
	document, err := Fetch(ctx, client, address)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("fetch keys: not a JSON Web Key Set: %w", err)
	}
	var keys Keys
	for _, encoded := range set.Keys {
		var key jose.JSONWebKey
		// Kinds that aren't known are left out, as the RFC asks.
		if json.Unmarshal(encoded, &key) == nil && key.Use != "enc" && prefixes(key.Key) != nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("fetch keys: the set has no key that can verify a signature")
	}
	return keys, nil
}

// named returns the keys that may have signed a token with this header. knows is set
// if one of them has the very name of the token's key.
func (k Keys) named(header Header) (candidates []crypto.PublicKey, knows bool) {
	for _, key := range k {
		if header.KeyID != "" && key.KeyID != header.KeyID {
			continue
		}
		knows = knows || header.KeyID != ""
		if fits(key, header.Algorithm) {
			candidates = append(candidates, key.Key)
		}
	}
	return candidates, knows
}

// fits reports whether a key may be used with an algorithm.
func fits(key jose.JSONWebKey, algorithm string) bool {
	if !slices.Contains(prefixes(key.Key), algorithm[:min(2, len(algorithm))]) {
		return false
	}
	// EdDSA is called Ed25519 too.
	return key.Algorithm == "" || key.Algorithm == algorithm || algorithm == "EdDSA"
}

// prefixes returns how the names of the algorithms begin for which there is such a key,
// none for what isn't a public key.
func prefixes(key any) []string {
	switch key.(type) {
	case *rsa.PublicKey:
		return []string{"RS", "PS"}
	case *ecdsa.PublicKey:
		return []string{"ES"}
	case ed25519.PublicKey:
		return []string{"Ed"}
	}
	return nil
}
