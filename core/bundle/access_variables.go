package bundle

import (
	"github.com/copilotkit-go/runtime/core/access/oidc"
	"github.com/copilotkit-go/runtime/core/access/platform"
	"github.com/copilotkit-go/runtime/core/access/session"
	"github.com/copilotkit-go/runtime/core/access/token"
)

// accessVariables say who may call, and what each may spend.
var accessVariables = []variable{
	{
		name:     "COPILOTKIT_AUTH",
		meaning:  "who may call: `none`, `session`, `token`, `oidc` or `platform`; see [Access](docs/access.md)",
		fallback: "must be set in production; in development and for the local server `none`",
		set:      setAuth,
	},
	{
		name:     "COPILOTKIT_AUTH_TOKENS",
		auth:     AuthToken,
		required: true,
		meaning:  "the tokens of `token`: `name:token` or `name:sha256:digest`, comma-separated; the name is the user",
		set: func(s *Settings, value string) (err error) {
			s.AuthTokens, err = token.Parse(value)
			return err
		},
	},
	{
		name:    "COPILOTKIT_AUTH_ADMINS",
		meaning: "users who may read what all have used, comma-separated",
		set:     setAdmins,
	},
	{
		name:     "COPILOTKIT_SESSION_KEY",
		auth:     AuthSession,
		required: true,
		meaning:  "signs the cookies of `session`: at least 32 random bytes, such as those of `openssl rand -hex 32`",
		set:      setSessionKey(func(s *Settings) *Secret { return &s.SessionKey }),
	},
	{
		name:    "COPILOTKIT_SESSION_OLD_KEY",
		auth:    AuthSession,
		meaning: "the key before that, whose cookies are still accepted",
		set:     setSessionKey(func(s *Settings) *Secret { return &s.SessionOldKey }),
	},
	{
		name:    "COPILOTKIT_SESSION_SAME_SITE",
		auth:    AuthSession,
		meaning: "to whose requests browsers add the cookie: `lax`, `strict`, or `none` if pages of another site call the runtime",
		value:   "lax",
		set: func(s *Settings, value string) (err error) {
			s.SessionSameSite, err = session.ParseSameSite(value)
			return err
		},
	},
	{
		name:     "COPILOTKIT_OIDC_ISSUER",
		auth:     AuthOIDC,
		required: true,
		meaning:  "whose tokens `oidc` takes: the issuer's address exactly as its tokens have it; see [identity providers](docs/identity-providers.md)",
		set: func(s *Settings, value string) error {
			s.OIDCIssuer = value
			return checkOIDC(oidc.Config{Issuer: value})
		},
	},
	{
		name:     "COPILOTKIT_OIDC_AUDIENCE",
		auth:     AuthOIDC,
		required: true,
		meaning:  "for whom those tokens must be: the name of this runtime at the issuer, or several, comma-separated",
		set: func(s *Settings, value string) error {
			s.OIDCAudience = splitList(value)
			return checkOIDC(oidc.Config{Audience: s.OIDCAudience})
		},
	},
	{
		name:    "COPILOTKIT_OIDC_USER_CLAIM",
		auth:    AuthOIDC,
		meaning: "the claim of those tokens with the user's id",
		value:   "sub",
		set: func(s *Settings, value string) error {
			s.OIDCUserClaim = value
			return checkPrintable(value)
		},
	},
	{
		name:    "COPILOTKIT_OIDC_SCOPES",
		auth:    AuthOIDC,
		meaning: "scopes that those tokens must have, all of them, comma-separated",
		set: func(s *Settings, value string) error {
			s.OIDCScopes = splitList(value)
			return checkOIDC(oidc.Config{Scopes: s.OIDCScopes})
		},
	},
	{
		name:    "COPILOTKIT_ALB_ARN",
		auth:    AuthPlatform,
		meaning: "the AWS Application Load Balancer whose signed header `platform` believes",
		set: func(s *Settings, value string) error {
			s.LoadBalancer = value
			_, err := platform.New(platform.Config{LoadBalancer: value})
			return err
		},
	},
	{
		name:    "COPILOTKIT_IAP_AUDIENCE",
		auth:    AuthPlatform,
		meaning: "the audience of Google's Identity-Aware Proxy whose signed header `platform` believes: `/projects/…`",
		set: func(s *Settings, value string) error {
			s.IAPAudience = value
			_, err := platform.New(platform.Config{IAPAudience: value})
			return err
		},
	},
	{
		name:     "COPILOTKIT_PUBLIC_THREADS",
		auth:     AuthNone,
		meaning:  "`on` lets everybody list the threads where `COPILOTKIT_AUTH` is `none`; or `off`",
		value:    "off",
		fallback: "`off`; in development they are always listed",
		set:      oneOf(func(s *Settings) *bool { return &s.PublicThreads }, "off", "on"),
	},
	{
		name:     "COPILOTKIT_TRUSTED_PROXIES",
		meaning:  "how many proxies in front each add their caller to `X-Forwarded-For`, from which the client's address is taken",
		value:    "0",
		fallback: "0; on Google Cloud and Vercel 1",
		set:      setInt(func(s *Settings) *int { return &s.TrustedProxies }, 0, 10),
	},
	{
		name:     "COPILOTKIT_LIMIT_RUNS_PER_MINUTE",
		meaning:  "runs that a user may begin within a minute; see [Usage](docs/usage.md)",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 20",
		set:      setInt(func(s *Settings) *int { return &s.LimitRunsPerMinute }, 0, 100_000),
	},
	{
		name:     "COPILOTKIT_LIMIT_CONCURRENT_RUNS",
		meaning:  "runs that a user may have at the same time",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 5",
		set:      setInt(func(s *Settings) *int { return &s.LimitConcurrentRuns }, 0, 100_000),
	},
	{
		name:     "COPILOTKIT_LIMIT_TOKENS_PER_DAY",
		meaning:  "tokens that a user may spend on a day, in UTC",
		value:    "0",
		fallback: "0: no limit; with `template.yaml` 1000000",
		set:      setInt(func(s *Settings) *int64 { return &s.LimitTokensPerDay }, 0, 1_000_000_000_000),
	},
	{
		name:    "COPILOTKIT_ON_LIMIT_FAILURE",
		meaning: "while the store can't count what users spend: `refuse` runs, or `allow` them",
		value:   "refuse",
		set:     oneOf(func(s *Settings) *bool { return &s.AllowUncounted }, "refuse", "allow"),
	},
}
