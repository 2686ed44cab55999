package architecture_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// SQLite and its C library are translated for each other: with another version of the
// library SQLite may read and write memory wrongly, and nothing says so.
func TestSQLiteHasTheLibcThatItWasTranslatedFor(t *testing.T) {
	listing := exec.Command("git", "ls-files", "go.mod", "*/go.mod")
	listing.Dir = root
	out, err := listing.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for file := range strings.FieldsSeq(string(out)) {
		folder := filepath.Join(root, filepath.Dir(file))
		// Not every module of the repository knows them.
		sqlite, libc := chosen(t, folder, "modernc.org/sqlite"), chosen(t, folder, "modernc.org/libc")
		if sqlite.Version == "" {
			continue
		}
		found++
		wanted := requirement(t, sqlite.GoMod, libc.Path)
		if libc.Version != wanted || wanted == "" {
			t.Errorf("%s has %s %s with %s %s, which wants %s: go get %[2]s@%[6]s", file, libc.Path, libc.Version, sqlite.Path, sqlite.Version, wanted)
		}
	}
	if found == 0 {
		t.Error("no module has modernc.org/sqlite")
	}
}

type chosenModule struct{ Path, Version, GoMod string }

// chosen returns the version of a module that builds in a folder use, none if they don't
// know the module.
func chosen(t *testing.T, folder, path string) chosenModule {
	t.Helper()
	command := exec.Command("go", "list", "-m", "-e", "-json=Path,Version,GoMod", path)
	command.Dir, command.Stderr = folder, os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var module chosenModule
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	return module
}

// requirement returns the version of a module that a go.mod file requires.
func requirement(t *testing.T, file, path string) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, required := range mod.Require {
		if required.Path == path {
			return required.Version
		}
	}
	return ""
}
