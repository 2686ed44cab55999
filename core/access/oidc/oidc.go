// Package oidc finds out who calls by the tokens of an OpenID Connect issuer, such as
// Auth0, Cognito or Keycloak.
//
// A token must be signed with a key of the issuer (RS256, ES256, EdDSA and their
// stronger kin), name the issuer and the audience, and be valid now, give or take a
// minute.
package oidc

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/internal/jwt"
)

// Config describes an issuer and its tokens.
type Config struct {
	// Issuer is the issuer's address, exactly as its tokens name it. It must begin with
	// https://, except on this machine.
	Issuer string
	// Audience are the names of this runtime, of which a token must have one in aud. A
	// token without aud must have one in client_id, or without that in azp. At least one
	// is required: the issuer's tokens for other services count for nothing here.
	Audience []string
	// UserClaim is the claim with the user's id. If empty, defaults to "sub".
	UserClaim string
	// Scopes are what a token must allow, all of them, in scope or scp. If nil, there
	// are none to check.
	Scopes []string
	// HTTPClient asks the issuer for its keys. Its rules for redirects don't apply: those
	// to other hosts are refused. If nil, defaults to one with the default transport.
	HTTPClient *http.Client
	// Logger is told when the issuer can't be asked. If nil, defaults to [slog.Default].
	Logger *slog.Logger
}

// Verifier finds out who calls. It is safe for concurrent use.
//
// The issuer's keys are fetched when the first token needs them, and again after an
// hour, or when a token is signed with a key that isn't known; in that case at most
// every 30 seconds. While the issuer can't be reached its last keys count for a day, so
// that users go on; only a token that needs other keys is answered with
// [access.ErrUnavailable].
type Verifier struct {
	tokens    *jwt.Verifier
	userClaim string
	scopes    []string
}

// New returns a verifier. It does no I/O.
func New(config Config) (*Verifier, error) {
	if err := jwt.CheckAddress(config.Issuer); err != nil {
		return nil, fmt.Errorf("oidc: the issuer is %w", err)
	}
	if len(config.Audience) == 0 || slices.Contains(config.Audience, "") {
		return nil, errors.New("oidc: no audience, without which tokens for any service of the issuer would do")
	}
	for _, scope := range config.Scopes {
		if !isScope(scope) {
			return nil, fmt.Errorf("oidc: %q can't be a scope", scope)
		}
	}
	if config.UserClaim == "" {
		config.UserClaim = "sub"
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	d := &discovery{issuer: config.Issuer, client: jwt.NewClient(config.HTTPClient), logger: config.Logger}
	return &Verifier{
		tokens: &jwt.Verifier{
			Issuer:     config.Issuer,
			Audiences:  slices.Clone(config.Audience),
			Algorithms: jwt.Algorithms[:],
			Keys:       jwt.NewSource(d.fetch),
		},
		userClaim: config.UserClaim,
		scopes:    slices.Clone(config.Scopes),
	}, nil
}

// Identify returns the user whose token the request has in its Authorization header. The
// error is an [*access.Error] if there is none or it isn't good enough, and
// [access.ErrUnavailable] if the issuer would have to be asked and can't be.
func (v *Verifier) Identify(r *http.Request) (access.User, error) {
	token, err := access.Bearer(r)
	if err != nil {
		return access.User{}, err
	}
	claims, err := v.tokens.Verify(r.Context(), token)
	if errors.Is(err, access.ErrUnavailable) {
		return access.User{}, err
	}
	if err != nil {
		return access.User{}, access.InvalidToken(err)
	}
	id := claims.Text(v.userClaim)
	if id == "" {
		return access.User{}, access.InvalidToken(fmt.Errorf("the token has no claim %q, or it isn't a text", v.userClaim))
	}
	if missing := v.missingScope(claims); missing != "" {
		return access.User{}, access.InsufficientScope(strings.Join(v.scopes, " "), fmt.Errorf("the token hasn't the scope %s", missing))
	}
	return access.User{ID: id, Name: claims.Name(), Claims: claims, Anonymous: isAnonymous(claims)}, nil
}

// isAnonymous reports whether anybody can get such a token, as with the anonymous
// sign-ins of Supabase and Firebase.
func isAnonymous(claims jwt.Claims) bool {
	firebase, _ := claims["firebase"].(map[string]any)
	return claims["is_anonymous"] == true || jwt.Claims(firebase).Text("sign_in_provider") == "anonymous"
}

// missingScope returns a scope that is required and that the token hasn't, or "". Issuers
// send scopes as one text or as a list, under either name.
func (v *Verifier) missingScope(claims jwt.Claims) string {
	var has []string
	for _, name := range []string{"scope", "scp"} {
		for _, text := range claims.Texts(name) {
			has = append(has, strings.Fields(text)...)
		}
	}
	for _, scope := range v.scopes {
		if !slices.Contains(has, scope) {
			return scope
		}
	}
	return ""
}

// isScope reports whether s is a scope as RFC 6749, 3.3 has it, which can't break out of
// the quotes of a challenge.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r > '~' })
}
