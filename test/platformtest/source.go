package platformtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// CopySource copies the repository as a platform's CLI uploads it: without the files
// that git ignores, and without those that the ignore file in its root names.
func CopySource(root, ignoreFile, target string) error {
	files, err := listFiles(root, "--cached", "--others", "--exclude-standard", "--exclude-from="+ignoreFile)
	if err != nil {
		return err
	}
	ignored, err := listFiles(root, "--cached", "--ignored", "--exclude-from="+ignoreFile)
	if err != nil {
		return err
	}
	skip := make(map[string]bool, len(ignored))
	for _, name := range ignored {
		skip[name] = true
	}
	for _, name := range files {
		if skip[name] {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return err
		}
		copied := filepath.Join(target, name)
		if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(copied, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// listFiles returns files as git lists them, relative to the root.
func listFiles(root string, arguments ...string) ([]string, error) {
	command := exec.Command("git", append([]string{"-C", root, "ls-files", "-z"}, arguments...)...)
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var names []string
	for name := range bytes.SplitSeq(bytes.TrimSuffix(output, []byte{0}), []byte{0}) {
		if len(name) > 0 {
			names = append(names, string(name))
		}
	}
	return names, nil
}

// Tool returns the path of a tool that npm has installed below test/tools. It fails the
// test if it isn't installed.
func Tool(t testing.TB, root, path string) string {
	t.Helper()
	tool, err := filepath.Abs(filepath.Join(root, "test", "tools", path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tool); err != nil {
		t.Fatalf("%s is missing: make test-tools installs it", tool)
	}
	return tool
}
