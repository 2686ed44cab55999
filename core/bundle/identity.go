package bundle

import (
	"cmp"
	"errors"
	"log/slog"

	"github.com/copilotkit-go/runtime/core/access/oidc"
	"github.com/copilotkit-go/runtime/core/access/platform"
)

// oidcVerifier returns what verifies the tokens of the issuer. It asks the issuer
// nothing before the first token comes.
func (s *Settings) oidcVerifier(logger *slog.Logger) (*oidc.Verifier, error) {
	return oidc.New(oidc.Config{
		Issuer:    s.OIDCIssuer,
		Audience:  s.OIDCAudience,
		UserClaim: s.OIDCUserClaim,
		Scopes:    s.OIDCScopes,
		Logger:    logger,
	})
}

func (s *Settings) platformVerifier(logger *slog.Logger) (*platform.Verifier, error) {
	return platform.New(platform.Config{LoadBalancer: s.LoadBalancer, IAPAudience: s.IAPAudience, Origins: s.namedOrigins(), Logger: logger})
}

// checkOIDC checks what is set of a configuration.
func checkOIDC(config oidc.Config) error {
	config.Issuer = cmp.Or(config.Issuer, "https://localhost")
	if config.Audience == nil {
		config.Audience = []string{"any"}
	}
	_, err := oidc.New(config)
	return err
}

// checkPlatform returns an error if no front door can verify users, so that nobody could
// ever call.
func checkPlatform(values map[string]string) error {
	switch {
	case values["VERCEL"] != "":
		return errors.New("platform has no effect on Vercel, which verifies no users for a deployment; use oidc, session or token")
	case values["AWS_LAMBDA_FUNCTION_NAME"] == "" && values["COPILOTKIT_ALB_ARN"] == "" && values["COPILOTKIT_IAP_AUDIENCE"] == "":
		return errors.New("platform needs COPILOTKIT_ALB_ARN or COPILOTKIT_IAP_AUDIENCE outside of AWS Lambda, where events say whom the front door has verified")
	}
	return nil
}
