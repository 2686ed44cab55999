package bundle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/access/session"
)

// The values of COPILOTKIT_AUTH.
const (
	// AuthNone lets everybody in who knows the address.
	AuthNone = "none"
	// AuthSession makes each browser a user of its own.
	AuthSession = "session"
	// AuthToken lets those in who have one of a list of tokens.
	AuthToken = "token"
	// AuthOIDC lets those in who have a token of an OpenID Connect issuer.
	AuthOIDC = "oidc"
	// AuthPlatform lets those in whom the platform's front door has verified.
	AuthPlatform = "platform"
)

var authModes = []string{AuthNone, AuthSession, AuthToken, AuthOIDC, AuthPlatform}

func setAuth(s *Settings, value string) error {
	if !slices.Contains(authModes, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(authModes, ", "))
	}
	s.Auth = value
	return nil
}

func setAdmins(s *Settings, value string) error {
	if s.AuthAdmins = splitList(value); slices.Contains(s.AuthAdmins, "") {
		return errors.New("there is an empty id in it")
	}
	return nil
}

func setSessionKey(field func(*Settings) *Secret) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if len(value) < session.MinKeyBytes {
			return fmt.Errorf("it has %d bytes, and must have %d at least; openssl rand -hex 32 makes one", len(value), session.MinKeyBytes)
		}
		*field(s) = Secret(value)
		return nil
	}
}

// checkAuth finds variables of another mode than the one that is set, which somebody
// believes to have an effect, and those that are missing.
func (s *Settings) checkAuth(values map[string]string) []error {
	mode := s.auth()
	var errs []error
	for _, v := range variables {
		switch {
		case v.auth == "":
		case v.auth != mode && mode != "" && values[v.name] != "" && values[v.name] != v.value:
			errs = append(errs, &EnvError{Name: v.name, Err: fmt.Errorf("it has an effect with COPILOTKIT_AUTH=%s only, and that is %s", v.auth, mode)})
		case v.auth == mode && v.required && values[v.name] == "":
			errs = append(errs, &EnvError{Name: v.name, Err: fmt.Errorf("not set, and COPILOTKIT_AUTH=%s needs it", mode)})
		}
	}
	if err := checkPlatform(values); err != nil && mode == AuthPlatform {
		errs = append(errs, &EnvError{Name: "COPILOTKIT_AUTH", Err: err})
	}
	return errs
}

// auth returns the mode, "" if it must be set and isn't.
func (s *Settings) auth() string {
	if s.Auth == "" && s.Development {
		return AuthNone
	}
	return s.Auth
}

// buildIdentify returns what identifies callers, nil for nothing.
func buildIdentify(settings *Settings, logger *slog.Logger) (func(*http.Request) (access.User, error), error) {
	var identify func(*http.Request) (access.User, error)
	switch settings.auth() {
	case AuthToken:
		identify = settings.AuthTokens.Identify
	case AuthSession:
		config := session.Config{
			Keys:     []string{settings.SessionKey.Reveal()},
			SameSite: settings.SessionSameSite,
			Origins:  settings.namedOrigins(),
			Insecure: settings.Development && settings.SessionSameSite != http.SameSiteNoneMode,
		}
		if settings.SessionOldKey != "" {
			config.Keys = append(config.Keys, settings.SessionOldKey.Reveal())
		}
		sessions, err := session.New(config)
		if err != nil {
			return nil, &EnvError{Name: "COPILOTKIT_SESSION_KEY", Err: err}
		}
		identify = sessions.Identify
	case AuthOIDC:
		verifier, err := settings.oidcVerifier(logger)
		if err != nil {
			return nil, err
		}
		identify = verifier.Identify
	case AuthPlatform:
		verifier, err := settings.platformVerifier(logger)
		if err != nil {
			return nil, err
		}
		identify = verifier.Identify
	default:
		return nil, nil
	}
	return withAdmins(identify, settings.AuthAdmins), nil
}

// withAdmins marks the users of a list.
func withAdmins(identify func(*http.Request) (access.User, error), admins []string) func(*http.Request) (access.User, error) {
	if len(admins) == 0 {
		return identify
	}
	return func(r *http.Request) (access.User, error) {
		user, err := identify(r)
		user.Admin = user.Admin || err == nil && slices.Contains(admins, user.ID)
		return user, err
	}
}

// checkIdentified fails if nobody has decided who may call, and warns if everybody may.
func checkIdentified(ctx context.Context, settings *Settings, config core.Config) error {
	switch {
	case config.Identify != nil || settings.Development:
		return nil
	case settings.Auth == "":
		return &EnvError{Name: "COPILOTKIT_AUTH", Err: fmt.Errorf("not set, and it says who may call this deployment: %s", strings.Join(authModes, ", "))}
	}
	config.Logger.WarnContext(ctx, "COPILOTKIT_AUTH is none: everybody who knows the address can call, and who knows a thread's id can read it",
		"threads listed", config.PublicThreads)
	return nil
}
