package oidc_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/copilotkit-go/runtime/core/access/oidc"
)

// The tokens have the shapes of the providers' documentation. docs/identity-providers.md
// has the same configurations.
func TestTokensOfKnownProviders(t *testing.T) {
	type object = map[string]any
	now := time.Now().Unix()
	for _, test := range []struct {
		name      string
		config    oidc.Config
		algorithm jose.SignatureAlgorithm
		typ       jose.ContentType
		claims    object
		id, user  string
	}{
		{
			"Auth0's access token",
			oidc.Config{Issuer: "https://example.eu.auth0.com/", Audience: []string{"https://copilot.example.com"}, Scopes: []string{"chat"}},
			jose.RS256, "at+jwt",
			object{"sub": "auth0|507f1f77bcf86cd799439020", "aud": []string{"https://copilot.example.com", "https://example.eu.auth0.com/userinfo"}, "azp": "my_client_id", "scope": "openid profile chat"},
			"auth0|507f1f77bcf86cd799439020", "",
		},
		{
			"Clerk's session token",
			oidc.Config{Issuer: "https://clerk.example.com", Audience: []string{"https://app.example.com"}},
			jose.RS256, "JWT",
			object{"azp": "https://app.example.com", "fva": []int{7, -1}, "nbf": now - 10, "sid": "sess_123", "sub": "user_123", "v": 2, "sts": "active"},
			"user_123", "",
		},
		{
			"Clerk's session token with a claim of its own for the audience",
			oidc.Config{Issuer: "https://clerk.example.com", Audience: []string{"copilotkit"}},
			jose.RS256, "JWT",
			object{"aud": "copilotkit", "azp": "https://app.example.com", "sid": "sess_123", "sub": "user_123", "v": 2},
			"user_123", "",
		},
		{
			"Cognito's access token",
			oidc.Config{Issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE", Audience: []string{"1example23456789"}, Scopes: []string{"copilot/chat"}},
			jose.RS256, "",
			object{"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "client_id": "1example23456789", "origin_jti": "x", "event_id": "y", "token_use": "access", "scope": "openid copilot/chat", "auth_time": now, "username": "ada", "cognito:groups": []string{"admin"}},
			"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "",
		},
		{
			"Cognito's ID token",
			oidc.Config{Issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE", Audience: []string{"1example23456789"}},
			jose.RS256, "",
			object{"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "aud": "1example23456789", "token_use": "id", "cognito:username": "ada", "email": "ada@example.com", "email_verified": true},
			"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "ada@example.com",
		},
		{
			"Firebase's ID token",
			oidc.Config{Issuer: "https://securetoken.google.com/my-project", Audience: []string{"my-project"}},
			jose.RS256, "JWT",
			object{"aud": "my-project", "auth_time": now, "user_id": "Xk893u23H9SI893", "sub": "Xk893u23H9SI893", "name": "Ada", "email": "ada@example.com", "email_verified": true, "firebase": object{"identities": object{}, "sign_in_provider": "password"}},
			"Xk893u23H9SI893", "Ada",
		},
		{
			"Supabase's access token",
			oidc.Config{Issuer: "https://abcdefghijklmnopqrst.supabase.co/auth/v1", Audience: []string{"authenticated"}},
			jose.ES256, "JWT",
			object{"aud": "authenticated", "sub": "123e4567-e89b-12d3-a456-426614174000", "role": "authenticated", "aal": "aal1", "session_id": "s", "email": "ada@example.com", "phone": "", "is_anonymous": false, "app_metadata": object{"provider": "email"}, "user_metadata": object{}},
			"123e4567-e89b-12d3-a456-426614174000", "ada@example.com",
		},
		{
			"Entra's access token of version 2",
			oidc.Config{Issuer: "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0", Audience: []string{"00001111-aaaa-2222-bbbb-3333cccc4444"}, UserClaim: "oid", Scopes: []string{"access_as_user"}},
			jose.RS256, "JWT",
			object{"aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "nbf": now, "azp": "client", "azpacr": "0", "name": "Ada", "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "preferred_username": "ada@contoso.com", "scp": "access_as_user", "sub": "pairwise", "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee", "ver": "2.0"},
			"aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "Ada",
		},
		{
			"Entra's access token of version 1",
			oidc.Config{Issuer: "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/", Audience: []string{"api://00001111-aaaa-2222-bbbb-3333cccc4444"}, UserClaim: "oid"},
			jose.RS256, "JWT",
			object{"aud": "api://00001111-aaaa-2222-bbbb-3333cccc4444", "nbf": now, "appid": "client", "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "unique_name": "ada@contoso.com", "scp": "access_as_user", "sub": "pairwise", "ver": "1.0"},
			"aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "",
		},
		{
			"Keycloak's access token",
			oidc.Config{Issuer: "https://keycloak.example.com/realms/main", Audience: []string{"copilotkit"}},
			jose.RS256, "JWT",
			object{"aud": []string{"copilotkit", "account"}, "sub": "f1a2", "typ": "Bearer", "azp": "web", "acr": "1", "realm_access": object{"roles": []string{"offline_access"}}, "scope": "profile email", "preferred_username": "ada", "email": "ada@example.com"},
			"f1a2", "ada",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKey(t, "key", test.algorithm)
			is := newIssuer(k)
			is.answer = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/keys" {
					_, _ = io.WriteString(w, fmt.Sprintf(`{"issuer":%q,"jwks_uri":"https://keys.example.com/keys"}`, test.config.Issuer))
					return
				}
				is.ServeHTTP(w, r)
			}
			test.claims["iss"], test.claims["iat"], test.claims["exp"] = test.config.Issuer, now, now+60
			verifier := is.verifier(t, func(c *oidc.Config) {
				c.Issuer, c.Audience, c.UserClaim, c.Scopes = test.config.Issuer, test.config.Audience, test.config.UserClaim, test.config.Scopes
			})
			user, err := verifier.Identify(withToken(k.signAs(t, test.claims, test.typ)))
			if err != nil || user.ID != test.id || user.Name != test.user {
				t.Errorf("got %+v, %v", user, err)
			}
		})
	}
}
