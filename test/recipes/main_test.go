// Package recipes runs what the examples tell people to run: agents in other languages,
// and the runtime in front of them.
package recipes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

const (
	behindPython = "../../examples/behind-python"
	behindAny    = "../../examples/behind-any"
)

// startRuntime starts the built server with an environment.
func startRuntime(t *testing.T, env ...string) *platformtest.Deployment {
	t.Helper()
	dir := platformtest.Build(t, "copilotkit", func(dir string) error {
		return platformtest.Compile("../..", filepath.Join(dir, "copilotkit"), "./cmd/copilotkit")
	})
	return platformtest.StartServer(t, dir, filepath.Join(dir, "copilotkit"), freeport.Take(t), env)
}

// startAgent runs the command of a page that contains a word, on a port instead of the
// one that the command names.
func startAgent(t *testing.T, example, word, itsPort, port string, env ...string) *platformtest.Deployment {
	t.Helper()
	example, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	// The page's command is typed in a terminal; here it has to replace its shell, which is
	// killed at the end.
	command := exec.Command("sh", "-c", "exec "+strings.ReplaceAll(commandOf(t, example, word), itsPort, port))
	command.Dir = example
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PORT=" + port}, env...)
	return platformtest.StartCommand(t, command, port)
}

// commandOf returns the line of a page's commands that contains a word.
func commandOf(t *testing.T, example, word string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(example, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "```") {
			inside = !inside && strings.HasPrefix(line, "```sh")
			continue
		}
		if inside && strings.Contains(line, word) {
			command, _, _ := strings.Cut(line, " #")
			return strings.TrimSpace(command)
		}
	}
	t.Fatalf("%s/README.md has no command with %q", example, word)
	return ""
}

// pathWithPython returns a PATH on which python3 is one that has FastAPI and Uvicorn, empty
// if there is none: on a machine with several it may be Debian's, into which
// scripts/install-test-tools.sh installs them.
var pathWithPython = sync.OnceValue(func() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import fastapi, uvicorn").Run() != nil {
			continue
		}
		if filepath.IsAbs(python) {
			return filepath.Dir(python) + string(filepath.ListSeparator) + os.Getenv("PATH")
		}
		return os.Getenv("PATH")
	}
	return ""
})

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// withAgent is what the page of an example tells the runtime of its agent, which is
// somewhere else here.
func withAgent(t *testing.T, example string, agent *platformtest.Deployment) string {
	t.Helper()
	variable, _, _ := strings.Cut(commandOf(t, example, "COPILOTKIT_AGENTS="), " ")
	return address.ReplaceAllString(variable, agent.URL)
}
