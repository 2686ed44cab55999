package licence

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
)

// standard is the path under which Go's own packages are listed.
const standard = "stdlib"

// Component is a module that programs are built from, or Go itself.
type Component struct {
	Path, Version string
	Sum           string   // as go.Sum has it; empty for Go
	Licences      []string // SPDX identifiers
	Texts         []string // paths of its licences and notices
}

// Key returns the path and version, as the go command takes them.
func (c Component) Key() string { return c.Path + "@" + c.Version }

// Linked returns what a program is built from besides this repository, as the program itself
// says, without licences.
func Linked(program *debug.BuildInfo) []Component {
	list := []Component{{Path: standard, Version: strings.TrimPrefix(program.GoVersion, "go")}}
	for _, module := range program.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		list = append(list, Component{Path: module.Path, Version: module.Version, Sum: module.Sum})
	}
	return list
}

// Components returns what programs of the repository at root are built from, with licences, by
// key. It fails if a licence isn't allowed.
func Components(root string, programs ...*debug.BuildInfo) (map[string]Component, error) {
	components := make(map[string]Component)
	for _, program := range programs {
		for _, c := range Linked(program) {
			components[c.Key()] = c
		}
	}
	folders, err := foldersOf(root, components)
	if err != nil {
		return nil, err
	}
	for key, c := range components {
		if c.Licences, err = Of(folders[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if c.Texts, err = Files(folders[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		notices, err := filepath.Glob(filepath.Join(folders[key], "NOTICE*"))
		if err != nil {
			return nil, err
		}
		c.Texts = append(c.Texts, notices...)
		components[key] = c
	}
	return components, nil
}

// WriteTexts writes the licences and notices of components, most of which want them to come
// with every copy.
func WriteTexts(out io.Writer, components map[string]Component) error {
	for _, key := range slices.Sorted(maps.Keys(components)) {
		for _, path := range components[key].Texts {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s\n%s, %s\n\n%s\n", strings.Repeat("=", 80), key, filepath.Base(path), data); err != nil {
				return err
			}
		}
	}
	return nil
}

// foldersOf returns where the sources of components are, by key.
func foldersOf(root string, components map[string]Component) (map[string]string, error) {
	folders := make(map[string]string)
	arguments := []string{"mod", "download", "-json"}
	for key, c := range components {
		if c.Path != standard {
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
		if module.Sum != components[key].Sum {
			return nil, fmt.Errorf("%s has the checksum %s, and a program was built from %s", key, module.Sum, components[key].Sum)
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
