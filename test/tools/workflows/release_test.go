package workflows_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

// gh stands in for GitHub's command. It writes down what is asked of it, and knows one release.
const gh = `#!/bin/sh
echo "$@" >>asked
case "$*" in
"release view "*) [ -n "$DRAFT" ] || exit 1; echo "$DRAFT" ;;
"api "*) echo "$LATEST" ;;
esac
`

// asked runs the script of a release's step, the one that says this, with a GitHub of ours, and
// returns what it has asked that for, and of make.
func asked(t *testing.T, says string, env ...string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	for name, script := range map[string]string{"gh": gh, "make": "#!/bin/sh\necho make \"$@\" >>asked\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("bash", "-e", "-c", script(t, says))
	command.Dir = folder
	command.Env = append([]string{"PATH=" + folder + ":" + os.Getenv("PATH"), "TAG=v1.2.3", "IMAGE=ghcr.io/copilotkit-go/runtime", "GITHUB_REPOSITORY=a/b"}, env...)
	failed := command.Run()
	list, err := os.ReadFile(filepath.Join(folder, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	return string(list), failed
}

// script returns the script of the release's step that says this.
func script(t *testing.T, says string) string {
	t.Helper()
	for _, job := range workflows(t)[filepath.Join(root, ".github", "workflows", "release.yml")].Jobs {
		for _, step := range job.Steps {
			if run, ok := step.Exec.(*actionlint.ExecRun); ok && strings.Contains(run.Run.Value, says) {
				return run.Run.Value
			}
		}
	}
	t.Fatalf("no step says %s", says)
	return ""
}

func TestAReleaseIsMadeOnceAndWhole(t *testing.T) {
	for name, test := range map[string]struct {
		draft  string
		want   []string
		refuse bool
	}{
		"the first time":                  {"", []string{"release create v1.2.3 --verify-tag --draft", "release edit v1.2.3 --draft=false"}, false},
		"after an attempt that failed":    {"DRAFT=true", []string{"release delete v1.2.3 --yes", "release create", "release edit"}, false},
		"when it is there for all to see": {"DRAFT=false", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asked(t, "gh release create", test.draft)
			if (err != nil) != test.refuse {
				t.Errorf("it ends with %v", err)
			}
			lines := strings.Split(strings.TrimSpace(got), "\n")[1:] // it has looked first
			if len(lines) != len(test.want) {
				t.Fatalf("it asks for\n%swant %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("it asks for %q, want %q", lines[i], want)
				}
			}
		})
	}
}

func TestTheRecipesImageIsTheNewestRelease(t *testing.T) {
	const push = "make image PUSH=ghcr.io/copilotkit-go/runtime:latest"
	if got, err := asked(t, ":latest", "LATEST=v1.2.3"); err != nil || !strings.Contains(got, push) {
		t.Errorf("the newest is pushed by %q, %v", got, err)
	}
	// Releases made again, of older versions, and those before a version.
	if got, err := asked(t, ":latest", "LATEST=v1.3.0"); err != nil || strings.Contains(got, push) {
		t.Errorf("an older one is pushed by %q, %v", got, err)
	}
	listed, err := exec.Command("git", "-C", root, "grep", "-hoE", "ghcr.io/copilotkit-go/runtime:[a-z]+", "--", "examples").Output()
	if err != nil || len(listed) == 0 {
		t.Fatalf("the recipes name no image: %v", err)
	}
	if other := regexp.MustCompile(`(?m)^.*:latest\n`).ReplaceAll(listed, nil); len(other) > 0 {
		t.Errorf("recipes name images that aren't pushed: %s", other)
	}
}
