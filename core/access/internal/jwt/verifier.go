package jwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/copilotkit-go/runtime/core/access"
)

// Algorithms are the algorithms of signatures that are taken: those whose keys are
// public. With "none" there would be no signature, and with HMAC the public key would be
// the secret.
var Algorithms = [...]string{
	oidc.RS256, oidc.RS384, oidc.RS512,
	oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512,
	oidc.EdDSA,
}

// types are the values of typ that tokens for users have, in lower case (RFC 7519 and
// RFC 9068). Issuers sign other things with the same keys, such as logout tokens.
var types = []string{"", "jwt", "at+jwt", "application/at+jwt"}

var (
	errSignature  = errors.New("the token's signature is wrong, or its claims are malformed")
	errUnknownKey = errors.New("the issuer has no such key as the token is signed with")
)

// Verifier verifies the tokens of one issuer.
type Verifier struct {
	// Issuer is the value of iss.
	Issuer string
	// Audiences are those of which a token must name one.
	Audiences []string
	// Algorithms are the names of the algorithms that are taken.
	Algorithms []string
	// Keys has the issuer's keys.
	Keys *Source[Keys]
}

// Verify returns what a token says, if it is signed by the issuer, for one of the
// audiences, and valid now. The error is [access.ErrUnavailable] if the issuer can't be
// asked for a key that it may have; any other error says what is wrong with the token,
// without quoting it.
func (v *Verifier) Verify(ctx context.Context, text string) (Claims, error) {
	token, err := Parse(text)
	if err != nil {
		return nil, err
	}
	// What can be seen without keys comes first: for such tokens nobody is asked.
	if !slices.Contains(v.Algorithms, token.Header.Algorithm) {
		return nil, fmt.Errorf("tokens signed with the algorithm %s aren't taken", quote(token.Header.Algorithm))
	}
	if !slices.Contains(types, strings.ToLower(token.Header.Type)) {
		return nil, fmt.Errorf("tokens of the type %s aren't taken", quote(token.Header.Type))
	}
	if issuer := token.Claims.Text("iss"); issuer != v.Issuer {
		return nil, fmt.Errorf("the token's issuer is %s, not %q", quote(issuer), v.Issuer)
	}
	if err := token.Claims.checkAudience(v.Audiences); err != nil {
		return nil, err
	}
	if err := token.Claims.CheckTimes(time.Now()); err != nil {
		return nil, err
	}
	if err := v.checkSignature(ctx, text, token); err != nil {
		return nil, err
	}
	return token.Claims, nil
}

// checkSignature checks the signature with the keys at hand, and with newer ones if it
// isn't of these.
func (v *Verifier) checkSignature(ctx context.Context, text string, token *Token) error {
	began := wallTime()
	got, err := v.Keys.Get(ctx)
	if err != nil {
		return err
	}
	verified, known := v.verifies(ctx, got.Value, text, token.Header)
	if verified {
		return nil
	}
	newer := got
	if got.Fetched.Before(began) {
		if newer, err = v.Keys.Renew(ctx, got.Fetched); err != nil {
			return err
		}
	}
	if newer.Fetched != got.Fetched {
		if verified, known = v.verifies(ctx, newer.Value, text, token.Header); verified {
			return nil
		}
	}
	switch issued, _ := token.Claims["iat"].(float64); {
	case known:
		return errSignature
	case !newer.Fetched.Before(began):
		return errUnknownKey
	case newer.Stale != nil:
		return fmt.Errorf("%w: the token may be signed with a new key: %w", access.ErrUnavailable, newer.Stale)
	case issued >= float64(newer.Fetched.Unix()):
		return fmt.Errorf("%w: the token is newer than the keys, which were fetched just now", access.ErrUnavailable)
	}
	return errUnknownKey
}

// verifies reports whether one of the keys has signed the token, and whether the key
// that it names is among them.
func (v *Verifier) verifies(ctx context.Context, keys Keys, text string, header Header) (verified, known bool) {
	candidates, known := keys.named(header)
	if len(candidates) == 0 {
		return false, known
	}
	verifier := oidc.NewVerifier(v.Issuer, &oidc.StaticKeySet{PublicKeys: candidates}, &oidc.Config{
		SupportedSigningAlgs: v.Algorithms,
		// Checked before, with several audiences and the same leeway for all times.
		SkipClientIDCheck: true,
		SkipExpiryCheck:   true,
	})
	_, err := verifier.Verify(ctx, text)
	return err == nil, known
}
