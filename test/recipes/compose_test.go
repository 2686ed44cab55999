package recipes

import (
	"os"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// composeEnvironment returns the variables of the runtime in compose.yaml, with what
// Compose would resolve replaced.
func composeEnvironment(t *testing.T, replace *strings.Replacer) []string {
	t.Helper()
	file, err := os.ReadFile(behindPython + "/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, service, _ := strings.Cut(string(file), "\n  runtime:\n")
	_, block, found := strings.Cut(service, "\n    environment:\n")
	if !found {
		t.Fatal("compose.yaml has no environment of the runtime")
	}
	var env []string
	for line := range strings.Lines(block) {
		if !strings.HasPrefix(line, "      ") {
			break
		}
		name, value, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		env = append(env, name+"="+replace.Replace(strings.Trim(value, `"`)))
	}
	return env
}

func TestTheRuntimeTakesTheVariablesOfCompose(t *testing.T) {
	env := composeEnvironment(t, strings.NewReplacer("${COPILOTKIT_SESSION_KEY:?}", strings.Repeat("k", 32)))
	settings, err := bundle.Read(func() []string { return env }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if settings.Agents["default"].URL.String() == "" || settings.Store.Scheme() != "redis" || settings.Auth != bundle.AuthSession {
		t.Errorf("it reads %v as %+v", env, settings)
	}
}
