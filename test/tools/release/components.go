package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/test/tools/internal/licence"
)

// standard is the path under which Go's own packages are listed.
const standard = "stdlib"

// component is a module that programs are built from, or Go itself.
type component struct {
	path, version string
	sum           string   // as go.sum has it; empty for Go
	licences      []string // SPDX identifiers
	texts         []string // paths of its licences and notices
}

func (c component) key() string { return c.path + "@" + c.version }

// componentsOf returns what a program is built from besides this repository, as the program
// itself says, without licences.
func componentsOf(p *product) []component {
	list := []component{{path: standard, version: strings.TrimPrefix(p.info.GoVersion, "go")}}
	for _, module := range p.info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		list = append(list, component{path: module.Path, version: module.Version, sum: module.Sum})
	}
	return list
}

// readComponents returns what the programs are built from, with licences, by key. It fails
// if a licence isn't allowed.
func readComponents(root string, products []*product) (map[string]component, error) {
	components := make(map[string]component)
	for _, p := range products {
		for _, c := range componentsOf(p) {
			components[c.key()] = c
		}
	}
	folders, err := foldersOf(root, components)
	if err != nil {
		return nil, err
	}
	for key, c := range components {
		if c.licences, err = licence.Of(folders[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if c.texts, err = licence.Files(folders[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		notices, err := filepath.Glob(filepath.Join(folders[key], "NOTICE*"))
		if err != nil {
			return nil, err
		}
		c.texts = append(c.texts, notices...)
		components[key] = c
	}
	return components, nil
}

// foldersOf returns where the sources of components are, by key.
func foldersOf(root string, components map[string]component) (map[string]string, error) {
	folders := make(map[string]string)
	arguments := []string{"mod", "download", "-json"}
	for key, c := range components {
		if c.path != standard {
			arguments = append(arguments, key)
			continue
		}
		out, err := run(root, "env", "GOROOT")
		if err != nil {
			return nil, err
		}
		folders[key] = strings.TrimSpace(string(out))
	}
	slices.Sort(arguments[3:])
	out, err := run(root, arguments...)
	if err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var module debugModule
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, fmt.Errorf("find the modules: %w", err)
		}
		key := module.Path + "@" + module.Version
		if module.Sum != components[key].sum {
			return nil, fmt.Errorf("%s has the checksum %s, and a program was built from %s", key, module.Sum, components[key].sum)
		}
		folders[key] = module.Dir
	}
}

// debugModule is a module as go mod download has it.
type debugModule struct {
	debug.Module
	Dir string
}

func run(dir string, arguments ...string) ([]byte, error) {
	command := exec.Command("go", arguments...)
	command.Dir, command.Stderr = dir, os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(arguments[:2], " "), err)
	}
	return out, nil
}

// licencesFile has the licences and notices of all that the programs link, which most of
// them want to come with every copy.
const licencesFile = "third-party-licences.txt"

func writeLicences(name string, components map[string]component) error {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(components)) {
		for _, path := range components[key].texts {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&text, "%s\n%s, %s\n\n%s\n", strings.Repeat("=", 80), key, filepath.Base(path), data)
		}
	}
	return os.WriteFile(name, []byte(text.String()), 0o644)
}
