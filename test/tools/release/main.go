// Command release makes the files of a release: the local server for each system in an
// archive, the Lambda packages, a list of what each is made of (SPDX 2.3, in JSON), the
// licences of all that, a Homebrew formula, and checksums.txt over everything.
//
//	go run ./release [-dir folder of the repository] [-version v1.2.3] [-only linux/amd64,lambda/arm64] folder
//
// With -version the commit must have that tag and no changes, and the changelog a section
// for it. Without it the files are a snapshot, named as Go names the version of the commit.
// The release's notes are written beside the folder, as folder-notes.md. The folder must be
// empty or not there. checksums.txt is written last: a folder without it isn't whole.
//
// The files depend on the commit and the version of Go alone, not on the machine, the user
// or the time: everything in them has the time of the commit.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/test/tools/internal/licence"
)

func main() {
	var r release
	flag.StringVar(&r.root, "dir", "../..", "folder of the repository")
	flag.StringVar(&r.tag, "version", "", "the version to release; a snapshot if empty")
	only := flag.String("only", "", "targets, with commas between them; all if empty")
	flag.Parse()
	r.folder, r.targets, r.out = flag.Arg(0), targets, os.Stdout
	if *only != "" {
		r.targets = strings.Split(*only, ",")
	}
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release says what to make.
type release struct {
	root    string // folder of the repository
	folder  string // where the files go
	tag     string // "v1.2.3"; a snapshot if empty
	targets []string
	out     io.Writer // what was made, a line each
}

const home = "https://github.com/copilotkit-go/runtime"

var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z][0-9A-Za-z.-]*)?$`)

func (r *release) run() error {
	// What can be wrong is found before minutes are spent on builds.
	if r.tag != "" && !semantic.MatchString(r.tag) {
		return fmt.Errorf("the version %q isn't one such as v1.2.3", r.tag)
	}
	for _, target := range r.targets {
		if !slices.Contains(targets, target) {
			return fmt.Errorf("there is no target %q, only %s", target, strings.Join(targets, ", "))
		}
	}
	notes, err := readNotes(r.root, r.tag)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(r.folder); len(entries) > 0 {
		return fmt.Errorf("%s isn't empty", r.folder)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := r.make(work); err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(r.folder)+"-notes.md", notes, 0o644)
}

// make makes everything but the notes. Files that aren't part of the release are in work.
func (r *release) make(work string) error {
	var products []*product
	for _, target := range r.targets {
		p, err := build(r.root, work, target)
		if err != nil {
			return fmt.Errorf("build for %s: %w", target, err)
		}
		if r.tag != "" && p.version() != r.tag {
			return fmt.Errorf("the build for %s is of version %s, not %s: is the commit tagged, and nothing changed?", target, p.version(), r.tag)
		}
		fmt.Fprintf(r.out, "built %s for %s\n", p.version(), target)
		products = append(products, p)
	}
	var programs []*debug.BuildInfo
	for _, p := range products {
		programs = append(programs, p.info)
	}
	components, err := licence.Components(r.root, programs...)
	if err != nil {
		return fmt.Errorf("read the licences: %w", err)
	}
	// The Lambda packages hold nothing but the program.
	if err := writeLicences(filepath.Join(r.folder, licencesFile), components); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	for _, p := range products {
		if err := r.finish(p, components); err != nil {
			return fmt.Errorf("pack for %s: %w", p.target, err)
		}
	}
	if err := writeFormula(r.folder, products); err != nil {
		return fmt.Errorf("write the formula: %w", err)
	}
	if err := writeChecksums(r.folder); err != nil {
		return fmt.Errorf("write the checksums: %w", err)
	}
	return nil
}

// finish packs a product, and lists what it is made of.
func (r *release) finish(p *product, components map[string]licence.Component) error {
	p.name = p.fileName()
	name := filepath.Join(r.folder, p.name)
	own := make(map[string]licence.Component)
	for _, c := range licence.Linked(p.info) {
		own[c.Key()] = components[c.Key()]
	}
	var err error
	if p.packed != "" {
		err = copyFile(name, p.packed)
	} else {
		licences := filepath.Join(filepath.Dir(p.binary), licencesFile)
		if err := writeLicences(licences, own); err != nil {
			return err
		}
		err = archive(name, p, []source{
			{p.binaryName(), p.binary, 0o755},
			{"CHANGELOG.md", filepath.Join(r.root, "CHANGELOG.md"), 0o644},
			{"LICENSE", filepath.Join(r.root, "LICENSE"), 0o644},
			{"README.md", filepath.Join(r.root, "README.md"), 0o644},
			{licencesFile, licences, 0o644},
		})
	}
	if err != nil {
		return err
	}
	if p.size, p.sum, err = sum(name); err != nil {
		return err
	}
	if err := writeSBOM(name+".spdx.json", p, own); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%s: %.1f MB\n", p.name, float64(p.size)/1e6)
	return nil
}

// licencesFile has the licences and notices of all that the programs link.
const licencesFile = "third-party-licences.txt"

func writeLicences(name string, components map[string]licence.Component) error {
	var text bytes.Buffer
	if err := licence.WriteTexts(&text, components); err != nil {
		return err
	}
	return os.WriteFile(name, text.Bytes(), 0o644)
}
