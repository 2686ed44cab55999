// Package architecture checks the pages against the code: the table of imports in
// CONTRIBUTING.md, and the links.
package architecture_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/copilotkit-go/runtime"
)

// room is a row of the table: a folder with everything below it that has no row of
// its own.
type room struct {
	folder string
	// imports are the folders of this module that it may import besides itself,
	// libraries the prefixes of the other import paths.
	imports, libraries []string
}

// pkg is a package of this module. Imports doesn't include those of its tests.
type pkg struct {
	ImportPath string
	Imports    []string
}

func TestThePictureIsTrue(t *testing.T) {
	rooms := readRooms(t)
	used := make(map[string]bool)
	for _, p := range listPackages(t) {
		folder := folderOf(p.ImportPath)
		if strings.HasPrefix(folder, "test/") {
			continue // tests may import everything
		}
		r := roomOf(rooms, folder)
		if r == nil {
			t.Errorf("%s has no row in the picture", folder)
			continue
		}
		used[r.folder] = true
		for _, path := range p.Imports {
			switch {
			case path == module || strings.HasPrefix(path, module+"/"):
				imported := roomOf(rooms, folderOf(path))
				if imported == nil || imported.folder != r.folder && !slices.Contains(r.imports, imported.folder) {
					t.Errorf("%s imports %s, and the picture has no such arrow", folder, folderOf(path))
				}
			case isLibrary(path):
				if !slices.ContainsFunc(r.libraries, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
					t.Errorf("%s imports %s, which isn't among its libraries", folder, path)
				}
			}
		}
	}
	for _, r := range rooms {
		if !used[r.folder] {
			t.Errorf("the picture has a row %s, and there is no such package", r.folder)
		}
	}
}

func TestAllArrowsPointUpThePicture(t *testing.T) {
	above := make(map[string]bool)
	for _, r := range readRooms(t) {
		for _, imported := range r.imports {
			if !above[imported] {
				t.Errorf("%s may import %s, which isn't above it", r.folder, imported)
			}
		}
		above[r.folder] = true
	}
}

func TestAProgramLinksOnlyWhatItsPlatformCanUse(t *testing.T) {
	foreign := map[string][]string{
		"lambda":         {"functions-framework-go", "modernc.org/sqlite"},
		"gcf":            {"aws-lambda-go", "modernc.org/sqlite"},
		"vercel/server":  {"aws-lambda-go", "functions-framework-go", "modernc.org/sqlite"},
		"cmd/copilotkit": {"aws-lambda-go", "functions-framework-go"},
	}
	// What a system has is in the image's program alone.
	systems := []string{"x509roots", "time/tzdata"}
	// With templates, which may call any method by its name, the linker keeps the methods that
	// nobody calls: ten megabytes of them.
	templates := "\ntext/template\n"
	for folder, libraries := range foreign {
		command := exec.Command("go", "list", "-tags", "lambda.norpc", "-deps", "./"+folder)
		command.Dir, command.Stderr = root, os.Stderr
		dependencies, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, library := range slices.Concat(libraries, systems, []string{module + "/test/", templates}) {
			if strings.Contains(string(dependencies), library) {
				t.Errorf("%s is linked with %s", folder, library)
			}
		}
	}
}

var row = regexp.MustCompile("^\\| `([^`]+)` \\|([^|]*)\\|([^|]*)\\|$")

// readRooms reads the table between its marks.
func readRooms(t *testing.T) []room {
	t.Helper()
	text, err := os.ReadFile(root + "/CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "<!-- picture: ")
	table, _, found := strings.Cut(after, "<!-- end of the picture -->")
	if !found {
		t.Fatal("CONTRIBUTING.md has no picture between its marks")
	}
	var rooms []room
	for line := range strings.Lines(table) {
		if cells := row.FindStringSubmatch(strings.TrimSpace(line)); cells != nil {
			rooms = append(rooms, room{cells[1], quoted(cells[2]), quoted(cells[3])})
		}
	}
	return rooms
}

// quoted returns the texts between backquotes.
func quoted(cell string) []string {
	var names []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		names = append(names, match[1])
	}
	return names
}

// roomOf returns the innermost room of a folder, nil if it has none.
func roomOf(rooms []room, folder string) *room {
	var found *room
	for i, r := range rooms {
		in := folder == r.folder || r.folder != "." && strings.HasPrefix(folder, r.folder+"/")
		if in && (found == nil || len(r.folder) > len(found.folder)) {
			found = &rooms[i]
		}
	}
	return found
}

func folderOf(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// isLibrary reports whether an import path is neither ours nor the standard
// library's.
func isLibrary(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir, command.Stderr = root, os.Stderr
	listed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(listed))); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
