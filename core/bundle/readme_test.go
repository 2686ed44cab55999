package bundle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// The README promises a table of the variables and programs that compile.

func TestReadmeListsEveryVariable(t *testing.T) {
	readme := readFile(t, "README.md")
	for _, v := range slices.Concat(variables, providerVariables()) {
		row := regexp.MustCompile(`(?m)^\|.*` + "`" + v.name + "`" + `.*\|$`).FindString(readme)
		if row == "" {
			t.Errorf("%s is in no table", v.name)
		} else if !strings.Contains(row, v.value) {
			t.Errorf("%s has the default %s, but its row is %s", v.name, v.value, row)
		}
	}
	for _, name := range regexp.MustCompile(`COPILOTKIT_[A-Z_]+[A-Z]`).FindAllString(readme, -1) {
		if !isVariable(name) {
			t.Errorf("there is no variable %s", name)
		}
	}
}

func TestReadmeProgramsCompile(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(blocks) < 2 {
		t.Fatalf("found %d programs, want at least 2", len(blocks))
	}
	for i, block := range blocks {
		t.Run(fmt.Sprintf("program %d", i+1), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(file, []byte(block[1]), 0o600); err != nil {
				t.Fatal(err)
			}
			vet := exec.CommandContext(t.Context(), "go", "vet", file)
			vet.Dir = root
			if out, err := vet.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if out, err := exec.CommandContext(t.Context(), "gofmt", "-l", file).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("not formatted: %v %s", err, out)
			}
		})
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
