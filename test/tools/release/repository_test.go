package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root   = "../../.."
	tagged = "v0.9.1"
	// A commit made again has the same id if it has the same time.
	commitTime = "2026-01-02T03:04:05Z"
)

// newRepository returns a repository with the files of this one, changed or not, in one
// commit with a tag, and a changelog that has a section for it.
func newRepository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	listed, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), data)
	}
	write(t, filepath.Join(folder, "CHANGELOG.md"),
		[]byte("# Changelog\n\n## Unreleased\n\nNothing.\n\n## 0.9.1 - 2026-01-02\n\n- [More](docs/limits.md#a), [elsewhere](https://example.com/a).\n\n## 0.9.0\n\n- Before.\n"))
	git(t, folder, "init", "--quiet")
	// Most files are objects of this repository, and needn't be written again.
	write(t, filepath.Join(folder, ".git", "objects", "info", "alternates"),
		[]byte(git(t, root, "rev-parse", "--path-format=absolute", "--git-path", "objects")+"\n"))
	git(t, folder, "add", "--all")
	git(t, folder, "commit", "--quiet", "--message=Everything")
	git(t, folder, "tag", tagged)
	return folder
}

// setGo sets what go env -w would.
func setGo(t *testing.T, settings string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "env")
	write(t, file, []byte(settings))
	t.Setenv("GOENV", file)
	t.Setenv("GOFLAGS", "")
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// git runs git as nobody in particular, with nobody's configuration.
func git(t *testing.T, folder string, arguments ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", folder}, arguments...)...)
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+commitTime,
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE="+commitTime)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", arguments, err, out)
	}
	return strings.TrimSpace(string(out))
}
