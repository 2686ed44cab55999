package bundle_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/bundle"
)

func TestWhoMayCall(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, test := range map[string]struct {
		env      []string
		header   http.Header
		status   int // of /info
		variable string
		says     string
	}{
		"production without a word":       {nil, nil, 0, "COPILOTKIT_AUTH", "none, session, token"},
		"development without a word":      {[]string{"COPILOTKIT_ENV=development"}, nil, 200, "", ""},
		"an unknown way":                  {[]string{"COPILOTKIT_AUTH=basic"}, nil, 0, "COPILOTKIT_AUTH", `"basic" is none of none, session, token`},
		"everybody":                       {[]string{"COPILOTKIT_AUTH=none"}, nil, 200, "", ""},
		"tokens, without one":             {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a"}, nil, 401, "", ""},
		"tokens, with a wrong one":        {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a"}, http.Header{"Authorization": {"Bearer b"}}, 401, "", ""},
		"tokens, with the right one":      {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a"}, http.Header{"Authorization": {"Bearer a"}}, 200, "", ""},
		"tokens in development too":       {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a", "COPILOTKIT_ENV=development"}, nil, 401, "", ""},
		"tokens that are missing":         {[]string{"COPILOTKIT_AUTH=token"}, nil, 0, "COPILOTKIT_AUTH_TOKENS", "COPILOTKIT_AUTH=token needs it"},
		"tokens that are wrong":           {[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=secret"}, nil, 0, "COPILOTKIT_AUTH_TOKENS", "name:token"},
		"tokens without effect":           {[]string{"COPILOTKIT_AUTH=none", "COPILOTKIT_AUTH_TOKENS=ann:a"}, nil, 0, "COPILOTKIT_AUTH_TOKENS", "COPILOTKIT_AUTH=token only"},
		"sessions":                        {[]string{"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=" + key}, nil, 200, "", ""},
		"sessions without a key":          {[]string{"COPILOTKIT_AUTH=session"}, nil, 0, "COPILOTKIT_SESSION_KEY", "needs it"},
		"sessions with a short key":       {[]string{"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=secret"}, nil, 0, "COPILOTKIT_SESSION_KEY", "6 bytes"},
		"an issuer, without a token":      {oidcEnv(), nil, 401, "", ""},
		"an issuer that can't be asked":   {oidcEnv(), http.Header{"Authorization": {"Bearer " + signedByNobody}}, 503, "", ""},
		"an issuer that is missing":       {[]string{"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_AUDIENCE=a"}, nil, 0, "COPILOTKIT_OIDC_ISSUER", "needs it"},
		"an audience that is missing":     {[]string{"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_ISSUER=https://issuer.test"}, nil, 0, "COPILOTKIT_OIDC_AUDIENCE", "needs it"},
		"an issuer without encryption":    {oidcEnv("COPILOTKIT_OIDC_ISSUER=http://issuer.test"), nil, 0, "COPILOTKIT_OIDC_ISSUER", "https://"},
		"an empty audience among others":  {oidcEnv("COPILOTKIT_OIDC_AUDIENCE=a,,b"), nil, 0, "COPILOTKIT_OIDC_AUDIENCE", "no audience"},
		"a scope that can't be one":       {oidcEnv(`COPILOTKIT_OIDC_SCOPES=chat,"`), nil, 0, "COPILOTKIT_OIDC_SCOPES", "can't be a scope"},
		"an issuer without effect":        {[]string{"COPILOTKIT_AUTH=none", "COPILOTKIT_OIDC_ISSUER=https://issuer.test"}, nil, 0, "COPILOTKIT_OIDC_ISSUER", "COPILOTKIT_AUTH=oidc only"},
		"the platform, on AWS Lambda":     {[]string{"COPILOTKIT_AUTH=platform", "AWS_LAMBDA_FUNCTION_NAME=f"}, http.Header{"X-Amzn-Oidc-Identity": {"ann"}}, 401, "", ""},
		"the platform, behind an ALB":     {[]string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_ALB_ARN=arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/0123456789abcdef"}, nil, 401, "", ""},
		"the platform, behind IAP":        {[]string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_IAP_AUDIENCE=/projects/1/apps/a"}, nil, 401, "", ""},
		"the platform, where it is none":  {[]string{"COPILOTKIT_AUTH=platform"}, nil, 0, "COPILOTKIT_AUTH", "COPILOTKIT_ALB_ARN"},
		"the platform, on Vercel":         {[]string{"COPILOTKIT_AUTH=platform", "VERCEL=1", "COPILOTKIT_IAP_AUDIENCE=/projects/1/apps/a"}, nil, 0, "COPILOTKIT_AUTH", "Vercel"},
		"a load balancer that is none":    {[]string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_ALB_ARN=front"}, nil, 0, "COPILOTKIT_ALB_ARN", "ARN"},
		"an audience of IAP that is none": {[]string{"COPILOTKIT_AUTH=platform", "COPILOTKIT_IAP_AUDIENCE=copilot"}, nil, 0, "COPILOTKIT_IAP_AUDIENCE", "/projects/"},
		"a load balancer without effect":  {append(oidcEnv(), "COPILOTKIT_ALB_ARN=arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/0123456789abcdef"), nil, 0, "COPILOTKIT_ALB_ARN", "COPILOTKIT_AUTH=platform only"},
		"a list that everybody sees of":   {[]string{"COPILOTKIT_AUTH=session", "COPILOTKIT_SESSION_KEY=" + key, "COPILOTKIT_PUBLIC_THREADS=on"}, nil, 0, "COPILOTKIT_PUBLIC_THREADS", "COPILOTKIT_AUTH=none only"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			environment := func() []string { return append(test.env, "COPILOTKIT_MODEL=demo") }
			handler, err := bundle.New(t.Context(), environment, bundle.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			if test.variable != "" {
				var wrong *bundle.EnvError
				if !errors.As(err, &wrong) || wrong.Name != test.variable || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer handler.Close()
			if got := get(handler, info, test.header); got.Code != test.status {
				t.Errorf("got %d %s, want %d", got.Code, got.Body, test.status)
			}
			if open := strings.Contains(strings.Join(test.env, " "), "AUTH=none"); strings.Count(log.String(), "level=WARN") != map[bool]int{true: 1}[open] && test.status != 503 {
				t.Errorf("the log: %s", &log)
			}
		})
	}
}

// oidcEnv returns the environment of an issuer on this machine that nobody runs, with
// changes.
func oidcEnv(changes ...string) []string {
	return append([]string{"COPILOTKIT_AUTH=oidc", "COPILOTKIT_OIDC_ISSUER=http://127.0.0.1:1", "COPILOTKIT_OIDC_AUDIENCE=a"}, changes...)
}

// signedByNobody is a token for that environment: {"alg":"ES256"}, and the claims iss,
// aud, sub and exp.
const signedByNobody = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEiLCJhdWQiOiJhIiwic3ViIjoiYW5uIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA"

func TestTheProgramMayIdentifyCallersItself(t *testing.T) {
	handler, err := bundle.New(t.Context(), func() []string { return []string{"COPILOTKIT_MODEL=demo"} },
		bundle.WithConfig(func(config *core.Config) {
			config.Identify = func(*http.Request) (access.User, error) { return access.User{}, &access.Error{} }
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	if got := get(handler, info, nil); got.Code != http.StatusUnauthorized {
		t.Errorf("got %d", got.Code)
	}
}

func TestAdminsAreListed(t *testing.T) {
	var seen []string
	handler, err := bundle.New(t.Context(), func() []string {
		return []string{"COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:a,bob:b", "COPILOTKIT_AUTH_ADMINS=eve, bob"}
	}, bundle.WithConfig(func(config *core.Config) {
		config.Hooks.OnBeforeHandler = func(r *http.Request, _ core.Route) (*http.Request, error) {
			if user, _ := access.UserFrom(r.Context()); user.Admin {
				seen = append(seen, user.ID)
			}
			return nil, nil
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	for _, token := range []string{"a", "b"} {
		get(handler, info, http.Header{"Authorization": {"Bearer " + token}})
	}
	if len(seen) != 1 || seen[0] != "bob" {
		t.Errorf("got %q", seen)
	}
}
