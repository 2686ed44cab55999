// Command licences lists the modules that the shipped programs link, with their
// licences. It fails if a licence isn't allowed.
//
//	go run ./licences [-dir folder of a module] packages...
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are licences under which a program may be distributed without its own source.
// MPL-2.0 only requires the source of the licensed files, which are unchanged here;
// CC-BY-4.0 is for the documentation of a module.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "ISC", "MIT", "MIT-0", "MPL-2.0"}

func main() {
	dir := flag.String("dir", "../..", "folder of the module to check")
	flag.Parse()
	if err := check(*dir, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func check(dir string, packages []string, out io.Writer) error {
	modules, err := linked(dir, packages)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		licences, err := licencesOf(modules[path].Dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		fmt.Fprintf(out, "%-60s %-12s %s\n", path, modules[path].Version, strings.Join(licences, ", "))
	}
	return errors.Join(errs...)
}

type module struct{ Path, Version, Dir string }

// linked returns the other modules that packages are built from, by path.
func linked(dir string, packages []string) (map[string]module, error) {
	// What the image alone has is linked with its tag.
	command := exec.Command("go", append([]string{"list", "-deps", "-json=Module", "-tags=image"}, packages...)...)
	command.Dir, command.Stderr = dir, os.Stderr
	listed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	modules := make(map[string]module)
	for decoder := json.NewDecoder(strings.NewReader(string(listed))); ; {
		var one struct{ Module *module }
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("list the packages: %w", err)
		}
		if one.Module != nil && one.Module.Version != "" {
			modules[one.Module.Path] = *one.Module
		}
	}
}

// licencesOf returns the licences in a module's licence files. It fails if one is
// unknown or isn't allowed.
func licencesOf(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
	if err != nil || len(files) == 0 {
		return nil, errors.New("there is no licence file")
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range licensecheck.Scan(text).Match {
			if !slices.Contains(found, match.ID) {
				found = append(found, match.ID)
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the licence file holds no known licence")
	}
	for _, licence := range found {
		if !slices.Contains(allowed, licence) {
			return nil, fmt.Errorf("the licence %s isn't allowed", licence)
		}
	}
	return found, nil
}
