package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

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

// buildFrontEnd returns what serves the front end, nil if there is none.
func buildFrontEnd(settings *Settings, parts parts) (http.Handler, error) {
	files := parts.frontEnd
	if settings.Static != "" {
		if parts.noFrontEnd != "" {
			return nil, &EnvError{Name: staticVariable, Err: errors.New("no front end is served here: " + parts.noFrontEnd)}
		}
		if err := checkFolder(settings.Static); err != nil {
			return nil, &EnvError{Name: staticVariable, Err: err}
		}
		files = static.Dir(settings.Static)
	}
	if files == nil {
		return nil, nil
	}
	policy, err := settings.frontEndPolicy()
	if err != nil {
		return nil, err
	}
	handler, err := static.New(files, static.Config{Policy: policy, Logger: parts.logger})
	switch {
	case errors.Is(err, fs.ErrNotExist) && settings.Static != "":
		return nil, &EnvError{Name: staticVariable, Err: fmt.Errorf("%s has no index.html: it is to be the folder that the front end's build writes", settings.Static)}
	case err != nil:
		return nil, fmt.Errorf("serve the front end: %w", err)
	}
	return handler, nil
}

// checkFolder says what is wrong with a path that should be a folder's.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s", path)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s isn't a folder", path)
	}
	return nil
}

// frontEndPolicy returns the Content-Security-Policy of the front end. It lets models draw if
// there is something to draw.
func (s *Settings) frontEndPolicy() (string, error) {
	if s.StaticPolicy == "off" {
		return "off", nil
	}
	policy := static.DefaultPolicy
	changes := []string{s.StaticPolicy}
	if len(s.MCPApps) > 0 || s.OpenGenerativeUI {
		changes = []string{static.DrawingPolicy, s.StaticPolicy}
	}
	for _, change := range changes {
		var err error
		if policy, err = static.MergePolicy(policy, change); err != nil {
			return "", &EnvError{Name: policyVariable, Err: err}
		}
	}
	return policy, nil
}

// checkFrontEnd checks the variables of a front end against others.
func (s *Settings) checkFrontEnd() []error {
	if s.Static == "" || strings.TrimRight(cmp.Or(s.BasePath, "/"), "/") != "" {
		return nil
	}
	return []error{&EnvError{Name: staticVariable, Err: errors.New("the routes are at the root, which leaves no path to the front end: set COPILOTKIT_BASE_PATH to another")}}
}
