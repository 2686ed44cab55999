package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	source = `package grade

func Grade(s string) int {
	switch {
	case len(s) > 2 && s[0] == 'b':
		return 2
	case len(s) > 1:
		return 1
	}
	return 0
}
`
	tests = `package grade

import "testing"

func FuzzGrade(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) { Grade(s) })
}
`
)

// module writes a module with a fuzz target.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.test/grade\n\ngo 1.24\n", "grade.go": source, "grade_test.go": tests,
		"other/go.mod": "module example.test/other\n", "other/x_test.go": tests, "node_modules/x_test.go": tests,
		"testdata/x_test.go": tests, "within/x_test.go": tests,
	} {
		write(t, filepath.Join(root, name), text)
	}
	return root
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheTargetsOfAModuleAreFound(t *testing.T) {
	root := module(t)
	got, err := find(root)
	want := []target{{root, "FuzzGrade"}, {filepath.Join(root, "within"), "FuzzGrade"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestTheTargetsOfThisModuleAreFound(t *testing.T) {
	all, err := find(filepath.Join("..", ".."))
	if err != nil || len(all) < 16 {
		t.Errorf("got %d targets, %v", len(all), err)
	}
	for _, found := range all {
		if filepath.Base(found.folder) == "fuzz" {
			t.Errorf("%s is only in a string of this file", found)
		}
	}
}

func TestTheInputsThatReachSomethingNewAreKept(t *testing.T) {
	fuzzed := target{module(t), "FuzzGrade"}
	cache := t.TempDir()
	for name, input := range map[string]string{"one": "a", "two": "xx", "more": "xxx", "three": "bcd", "large": string(make([]byte, maxInput))} {
		write(t, filepath.Join(cache, "fuzz", "example.test", "grade", "FuzzGrade", name), fmt.Sprintf("go test fuzz v1\nstring(%q)\n", input))
	}
	for _, want := range []int{2, 0} { // a second time there is nothing new
		if kept, err := fuzzed.keep(cache); err != nil || kept != want {
			t.Fatalf("kept %d, %v, want %d", kept, err, want)
		}
	}
	seeds, err := filepath.Glob(filepath.Join(fuzzed.folder, "testdata", "fuzz", "FuzzGrade", "*"))
	if err != nil || len(seeds) != 2 || filepath.Base(seeds[0]) != "three" || filepath.Base(seeds[1]) != "two" {
		t.Errorf("kept %v, %v", seeds, err)
	}
}
