// Package licence knows the licences of Go modules, and which of them what is deployed may
// have.
package licence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/licensecheck"
)

// allowed are licences under which a program may be distributed without its own source.
// MPL-2.0 only requires the source of the licensed files, which are unchanged here;
// CC-BY-4.0 is for the documentation of a module.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "ISC", "MIT", "MIT-0", "MPL-2.0"}

// Of returns the licences in the licence files of a module's folder, by their SPDX
// identifiers, without duplicates. It fails if one is unknown or isn't allowed, and if
// there is none.
func Of(dir string) ([]string, error) {
	files, err := Files(dir)
	if err != nil {
		return nil, err
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

// Files returns the paths of the licence files of a module's folder, sorted. It fails if
// there is none.
func Files(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
	if err != nil || len(files) == 0 {
		return nil, errors.New("there is no licence file")
	}
	return files, nil
}
