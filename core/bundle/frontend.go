package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/static"
)

const (
	staticVariable = "COPILOTKIT_STATIC"
	policyVariable = "COPILOTKIT_STATIC_CSP"
)

// frontEndVariables say which front end stands beside the routes.
var frontEndVariables = []variable{
	{
		name: staticVariable,
		meaning: "a folder with a built front end, which servers and Google Cloud serve [beside the routes](docs/static.md): to everybody, " +
			"whatever `COPILOTKIT_AUTH` says",
		set: func(s *Settings, value string) error { s.Static = value; return nil },
	},
	{
		name: policyVariable,
		meaning: "directives in the place of those of the front end's [Content-Security-Policy](docs/static.md#the-content-security-policy), such as " +
			"`connect-src 'self' https://api.example.com`; or `off`",
		fallback: "lets CopilotKit's UI work",
		set: func(s *Settings, value string) error {
			s.StaticPolicy = value
			if value == "off" {
				return nil
			}
			_, err := static.MergePolicy("", value)
			return err
		},
	},
}

// WithFrontEnd serves an app's files, such as those that are embedded in the program, beside the
// routes, as COPILOTKIT_STATIC does with a folder; that variable takes their place.
func WithFrontEnd(files fs.FS) Option {
	return func(p *parts) { p.frontEnd = files }
}

// WithoutFrontEnd makes COPILOTKIT_STATIC an error that says what serves a front end instead. It is
// for platforms where that isn't the runtime.
func WithoutFrontEnd(instead string) Option {
	return func(p *parts) { p.noFrontEnd = instead }
}

// addFrontEnd adds what serves the front end to the configuration, if there is one.
func addFrontEnd(config *core.Config, settings *Settings, parts parts) error {
	files := parts.frontEnd
	if settings.Static != "" {
		if err := checkStatic(settings.Static, config, parts); err != nil {
			return &EnvError{Name: staticVariable, Err: err}
		}
		files = static.Dir(settings.Static)
	}
	if files == nil {
		return nil
	}
	policy, err := settings.frontEndPolicy(config)
	if err != nil {
		return err
	}
	handler, err := static.New(files, static.Config{Policy: policy, Logger: parts.logger})
	switch {
	case errors.Is(err, fs.ErrNotExist) && settings.Static != "":
		return &EnvError{Name: staticVariable, Err: fmt.Errorf("%s has no index.html: it is to be the folder that the front end's build writes", settings.Static)}
	case err != nil:
		return fmt.Errorf("serve the front end: %w", err)
	}
	config.FrontEnd = handler
	return nil
}

// checkStatic says why a folder's files can't be served.
func checkStatic(folder string, config *core.Config, parts parts) error {
	if parts.noFrontEnd != "" {
		return errors.New("no front end is served here: " + parts.noFrontEnd)
	}
	if config.FrontEnd != nil {
		return errors.New("this program serves a front end of its own")
	}
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s", folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s isn't a folder", folder)
	}
	return nil
}

// frontEndPolicy returns the Content-Security-Policy of the front end. It lets models draw if
// there is something to draw, and pages connect to the platform that keeps the threads.
func (s *Settings) frontEndPolicy(config *core.Config) (string, error) {
	if s.StaticPolicy == "off" {
		return "off", nil
	}
	policy := static.DefaultPolicy
	var changes []string
	if len(s.MCPApps) > 0 || s.OpenGenerativeUI {
		changes = append(changes, static.DrawingPolicy)
	}
	if config.Intelligence != nil && config.Intelligence.Platform != nil {
		if address, err := url.Parse(config.Intelligence.Platform.ClientURL()); err == nil && address.Host != "" {
			changes = append(changes, "connect-src 'self' "+address.Scheme+"://"+address.Host)
		}
	}
	for _, change := range append(changes, s.StaticPolicy) {
		var err error
		if policy, err = static.MergePolicy(policy, change); err != nil {
			return "", &EnvError{Name: policyVariable, Err: err}
		}
	}
	return policy, nil
}

// checkFrontEnd checks the variables of a front end against others.
func (s *Settings) checkFrontEnd() []error {
	if s.Static == "" {
		return nil
	}
	if s.AgentCore {
		return []error{&EnvError{Name: staticVariable, Err: errors.New("with COPILOTKIT_AGENTCORE=on nothing reaches a front end: AgentCore passes on requests to " +
			agentCorePath + " alone. Serve the files elsewhere")}}
	}
	if strings.TrimRight(cmp.Or(s.BasePath, "/"), "/") != "" {
		return nil
	}
	return []error{&EnvError{Name: staticVariable, Err: errors.New("the routes are at the root, which leaves no path to the front end: set COPILOTKIT_BASE_PATH to another")}}
}
