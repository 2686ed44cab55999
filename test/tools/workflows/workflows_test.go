// Package workflows checks what GitHub runs of this repository.
package workflows_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

const root = "../../.."

func TestTheWorkflowsAreRight(t *testing.T) {
	var out bytes.Buffer
	linter, err := actionlint.NewLinter(&out, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.LintDir(filepath.Join(root, ".github", "workflows"), nil)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestTheWorkflowsAreSafe(t *testing.T) {
	for name, w := range workflows(t) {
		t.Run(name, func(t *testing.T) {
			// Code of a stranger's pull request would run with this repository's rights.
			for _, event := range w.On {
				if event.EventName() == "pull_request_target" || event.EventName() == "workflow_run" {
					t.Errorf("it runs for %s", event.EventName())
				}
			}
			if w.Permissions == nil || w.Permissions.All != nil || len(w.Permissions.Scopes) > 0 {
				t.Error("it must begin with permissions: {}, so that each job says what it needs")
			}
			if w.Concurrency == nil {
				t.Error("it may run twice at once: it has no concurrency")
			}
			for id, job := range w.Jobs {
				if job.Permissions == nil || job.Permissions.All != nil {
					t.Errorf("%s doesn't say what it may do", id)
				}
				if job.WorkflowCall == nil && job.TimeoutMinutes == nil {
					t.Errorf("%s has no time limit", id)
				}
				for _, step := range job.Steps {
					checkStep(t, id, step)
				}
			}
		})
	}
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

func checkStep(t *testing.T, job string, step *actionlint.Step) {
	t.Helper()
	switch exec := step.Exec.(type) {
	case *actionlint.ExecRun:
		// What a title or a tag says would be part of the script. Variables aren't.
		if strings.Contains(exec.Run.Value, "${{") {
			t.Errorf("%s: an expression is in the script %q", job, exec.Run.Value)
		}
	case *actionlint.ExecAction:
		if !pinned.MatchString(exec.Uses.Value) {
			t.Errorf("%s: %s isn't pinned to a commit", job, exec.Uses.Value)
		}
		if strings.HasPrefix(exec.Uses.Value, "actions/checkout@") {
			if kept := exec.Inputs["persist-credentials"]; kept == nil || kept.Value.Value != "false" {
				t.Errorf("%s: the token is left in the clone, where all later steps can read it", job)
			}
		}
	}
}

func TestPinsSayTheirVersion(t *testing.T) {
	versions := make(map[string]string)
	uses := regexp.MustCompile(`uses: ([\w./-]+@[0-9a-f]{40})(?: # (v\d+\.\d+\.\d+))?\n`)
	for name := range workflows(t) {
		for _, match := range uses.FindAllStringSubmatch(string(read(t, name)), -1) {
			action, _, _ := strings.Cut(match[1], "@")
			if seen, ok := versions[action]; match[2] == "" || ok && seen != match[1]+match[2] {
				t.Errorf("%s: %s is of version %q, elsewhere %q", name, match[1], match[2], seen)
			}
			versions[action] = match[1] + match[2]
		}
	}
	if len(versions) < 5 {
		t.Errorf("only %d actions were found", len(versions))
	}
}

func TestTheTargetsThatWorkflowsMakeAreThere(t *testing.T) {
	makefile := string(read(t, filepath.Join(root, "Makefile")))
	calls := regexp.MustCompile(`(?m)(?:^|[;&|(]\s*)make ([a-z-]+)`)
	found := 0
	for name, w := range workflows(t) {
		for id, job := range w.Jobs {
			for _, step := range job.Steps {
				run, ok := step.Exec.(*actionlint.ExecRun)
				if !ok {
					continue
				}
				for _, match := range calls.FindAllStringSubmatch(run.Run.Value, -1) {
					found++
					if !regexp.MustCompile(`(?m)^` + match[1] + `:.*##`).MatchString(makefile) {
						t.Errorf("%s: %s makes %s, and the Makefile has no such target", name, id, match[1])
					}
				}
			}
		}
	}
	if found < 4 {
		t.Errorf("only %d calls of make were found", found)
	}
}

func TestUpdatesAreProposedForEveryModuleAndPackage(t *testing.T) {
	updates := string(read(t, filepath.Join(root, ".github", "dependabot.yml")))
	listed, err := exec.Command("git", "-C", root, "ls-files", "go.mod", "*/go.mod", "*package-lock.json").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file := range strings.FieldsSeq(string(listed)) {
		folder := strings.TrimPrefix("/"+filepath.ToSlash(filepath.Dir(file)), "/.")
		if folder == "" {
			folder = "/"
		}
		if !strings.Contains(updates, "      - "+folder+"\n") {
			t.Errorf("dependabot.yml lacks %s", folder)
		}
	}
}

// workflows returns all workflows, by path.
func workflows(t *testing.T) map[string]*actionlint.Workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	all := make(map[string]*actionlint.Workflow)
	for _, name := range files {
		w, problems := actionlint.Parse(read(t, name))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", name, problems)
		}
		all[name] = w
	}
	return all
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
