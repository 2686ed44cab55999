package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// maxInput is how many bytes an input that is kept may have.
	maxInput = 4 << 10
	// maxCandidates bounds how many inputs are looked at, small ones first.
	maxCandidates = 400
)

// keep adds to the target's seeds those inputs in a cache of go's that reach a statement
// of the module which no seed and no smaller input reaches. It returns how many.
func (t target) keep(cache string) (kept int, err error) {
	found, err := t.candidates(cache)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	scratch, err := os.MkdirTemp("", "fuzz-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	c := &coverage{target: t, binary: filepath.Join(scratch, "test"), profile: filepath.Join(scratch, "profile"), reached: make(map[string]bool)}
	module, err := command(t.folder, "list", "-m")
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, module)
	}
	if output, err := command(t.folder, "test", "-c", "-cover", "-coverpkg="+strings.TrimSpace(module)+"/...", "-o", c.binary, "."); err != nil {
		return 0, fmt.Errorf("%w: %s", err, output)
	}
	if _, err := c.adds(""); err != nil {
		return 0, err
	}
	seeds := filepath.Join(t.folder, "testdata", "fuzz", t.name)
	if err := os.MkdirAll(seeds, 0o755); err != nil {
		return 0, err
	}
	// Without a seed the folders are as they were.
	defer func() { _, _ = os.Remove(seeds), os.Remove(filepath.Dir(seeds)) }()
	for _, candidate := range found {
		name := filepath.Base(candidate.path)
		seed := filepath.Join(seeds, name)
		if _, err := os.Stat(seed); err == nil {
			continue
		}
		if err := os.WriteFile(seed, candidate.data, 0o644); err != nil {
			return kept, err
		}
		adds, err := c.adds(name)
		if err == nil && adds {
			kept++
			continue
		}
		if err := errors.Join(err, os.Remove(seed)); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

type candidate struct {
	path string
	data []byte
}

// candidates returns the target's small inputs in a cache, the smallest first.
func (t target) candidates(cache string) ([]candidate, error) {
	path, err := command(t.folder, "list", ".")
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, path)
	}
	folder := filepath.Join(cache, "fuzz", strings.TrimSpace(path), t.name)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []candidate
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if len(data) <= maxInput {
			all = append(all, candidate{path, data})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(len(a.data), len(b.data)), bytes.Compare(a.data, b.data))
	})
	return all[:min(len(all), maxCandidates)], nil
}

// coverage is what the seeds of a target reach.
type coverage struct {
	target          target
	binary, profile string
	reached         map[string]bool // blocks of statements
}

// adds plays the seed with a name, or all if it is empty. It reports whether that
// reached anything new.
func (c *coverage) adds(name string) (bool, error) {
	run := "^" + c.target.name + "$"
	if name != "" {
		run += "/^" + name + "$"
	}
	command := exec.Command(c.binary, "-test.run="+run, "-test.coverprofile="+c.profile)
	command.Dir = c.target.folder
	if output, err := command.CombinedOutput(); err != nil {
		return false, fmt.Errorf("play %s: %w: %s", run, err, output)
	}
	profile, err := os.ReadFile(c.profile)
	if err != nil {
		return false, err
	}
	before := len(c.reached)
	for line := range strings.Lines(string(profile)) {
		// file.go:1.2,3.4 statements count
		block, _, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(line, "mode:") && !strings.HasSuffix(line, " 0\n") {
			c.reached[block] = true
		}
	}
	return len(c.reached) > before, nil
}
