package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
)

// IntelligenceSettings are those of CopilotKit's managed platform, which keeps the threads
// if Key is set.
type IntelligenceSettings struct {
	// Key is the project's key.
	Key Secret
	// APIURL and WSURL are where the platform is, "" for CopilotKit's own.
	APIURL, WSURL string
	// User is whose threads all are, in development without users.
	User string
	// LockTTL and the others are how patient to be, 0 for the platform's defaults.
	LockTTL, LockHeartbeat, ReconnectMax, RejoinMax time.Duration
	// LockKeyPrefix sets the locks of this deployment apart, "" for the platform's own.
	LockKeyPrefix string
	// Memory says what may be done with memories, nil if there are none.
	Memory *intelligence.Grant
	// Container is the learning container of new threads, "" for none.
	Container string
	// Background says that this process goes on when it has answered, where that can't be
	// seen.
	Background bool
}

// GatewayOrigin returns the scheme and host of the gateway, from which browsers get the
// events of runs, "" if no platform keeps the threads.
func (s IntelligenceSettings) GatewayOrigin() string {
	if s.Key == "" {
		return ""
	}
	address, err := url.Parse(cmp.Or(s.WSURL, managed.DefaultWSURL))
	if err != nil {
		return "" // the runtime can't be built with it
	}
	scheme := address.Scheme
	if rest, ok := strings.CutPrefix(scheme, "http"); ok {
		scheme = "ws" + rest
	}
	return scheme + "://" + address.Host
}

const (
	intelligenceKey        = "CPK_INTELLIGENCE_API_KEY"
	intelligencePrefix     = "COPILOTKIT_INTELLIGENCE_"
	intelligenceUser       = intelligencePrefix + "USER"
	intelligenceBackground = intelligencePrefix + "BACKGROUND"
)

// setText returns what sets a text.
func setText(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		*field(s) = value
		return checkPrintable(value)
	}
}

// setMemories reads what may be done with memories: the same with a user's own and the
// project's, or "user=read-write,project=read".
func setMemories(s *Settings, value string) error {
	grant := intelligence.Grant{User: intelligence.Scope(value), Project: intelligence.Scope(value)}
	if strings.Contains(value, "=") {
		grant = intelligence.Grant{}
		for _, part := range splitList(value) {
			name, scope, _ := strings.Cut(part, "=")
			switch name {
			case "user":
				grant.User = intelligence.Scope(scope)
			case "project":
				grant.Project = intelligence.Scope(scope)
			default:
				return fmt.Errorf("%q is neither user nor project", name)
			}
		}
	}
	for _, scope := range []intelligence.Scope{grant.User, grant.Project} {
		switch scope {
		case "", intelligence.None, intelligence.Read, intelligence.ReadWrite, "off":
		default:
			return fmt.Errorf("%q is none of off, read, read-write", scope)
		}
	}
	if value != "off" {
		s.Intelligence.Memory = &grant
	}
	return nil
}

// checkIntelligence finds what doesn't go with the platform, and what it needs.
func (s *Settings) checkIntelligence(values map[string]string) []error {
	if s.Intelligence.Key == "" {
		var errs []error
		for _, v := range intelligenceVariables {
			if values[v.name] != "" && v.name != intelligenceKey {
				errs = append(errs, &EnvError{Name: v.name, Err: fmt.Errorf("it has an effect with %s only, which isn't set", intelligenceKey)})
			}
		}
		return errs
	}
	var errs []error
	add := func(name, message string) { errs = append(errs, &EnvError{Name: name, Err: errors.New(message)}) }
	if s.Store.Scheme() != "" {
		add("COPILOTKIT_STORE", "it and "+intelligenceKey+" exclude each other: either a store of yours keeps the threads, or CopilotKit's platform does")
	}
	if s.SupersedeRuns {
		add("COPILOTKIT_ON_CONCURRENT_RUN", "supersede has no effect with "+intelligenceKey+": the platform refuses the second run of a thread")
	}
	if s.CancelOnDisconnect {
		add("COPILOTKIT_ON_DISCONNECT", "cancel has no effect with "+intelligenceKey+": a run's client has its answer, and leaves, before the run goes on")
	}
	if s.AgentCore {
		add("COPILOTKIT_AGENTCORE", "on doesn't go with "+intelligenceKey+": who calls an agent there wants its events in the answer, and in this mode they are at the platform's gateway")
	}
	switch auth := s.auth(); {
	case auth == AuthNone && !s.Development:
		add("COPILOTKIT_AUTH", "none doesn't go with "+intelligenceKey+": the platform keeps each user's threads, and in production users are session's, token's, oidc's or platform's")
	case auth == AuthNone && s.Intelligence.User == "":
		add(intelligenceUser, "not set, and without COPILOTKIT_AUTH it says whose threads all are: any id, such as dev")
	case auth != AuthNone && s.Intelligence.User != "":
		add(intelligenceUser, "it has an effect in development with COPILOTKIT_AUTH=none only: users come from "+auth)
	}
	switch {
	case values["VERCEL"] != "":
		add(intelligenceKey, "a run goes on when its request is answered, and Vercel freezes instances then: use AWS Lambda, Cloud Run or a server for this mode, or COPILOTKIT_STORE for threads of your own")
	case values["K_SERVICE"] != "" && !s.Intelligence.Background:
		add(intelligenceBackground, "not set, and a run goes on when its request is answered: deploy with --no-cpu-throttling (billing by instance), and set it to on when that is done")
	}
	return errs
}

// keeper names who keeps the threads.
func (s *Settings) keeper() string {
	if s.Intelligence.Key != "" {
		return "intelligence"
	}
	return cmp.Or(s.Store.Scheme(), "memory")
}

// buildIntelligence adds the platform to the configuration, and lets everybody be the one
// user of development.
func buildIntelligence(settings *Settings, parts parts, config *core.Config) error {
	s := settings.Intelligence
	if s.Key == "" {
		return nil
	}
	platform, err := managed.New(managed.Options{
		APIKey: s.Key.Reveal(), APIURL: s.APIURL, WSURL: s.WSURL,
		LockTTL: s.LockTTL, LockHeartbeat: s.LockHeartbeat, LockKeyPrefix: s.LockKeyPrefix,
		ReconnectMax: s.ReconnectMax, RejoinMax: s.RejoinMax, Logger: parts.logger,
	})
	if err != nil {
		return &EnvError{Name: intelligenceKey, Err: err}
	}
	parts.opened.add(platform)
	config.Intelligence = &intelligence.Config{Platform: platform}
	if s.Memory != nil {
		config.Intelligence.Memory = func(context.Context, access.User, intelligence.Consumer) (intelligence.Grant, error) {
			return *s.Memory, nil
		}
	}
	if s.Container != "" {
		config.Intelligence.Container = func(context.Context, intelligence.ContainerRequest) (string, error) {
			return s.Container, nil
		}
	}
	if s.User != "" && config.Identify == nil {
		config.Identify = func(*http.Request) (access.User, error) { return access.User{ID: s.User}, nil }
	}
	return nil
}
