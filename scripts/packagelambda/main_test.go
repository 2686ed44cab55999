package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// The command is run as users run it, without the race detector, which would compress
// for minutes.
func TestThePackage(t *testing.T) {
	here, elsewhere := filepath.Join("..", ".."), t.TempDir()
	// This names no files to leave out.
	if err := platformtest.CopySource(here, os.DevNull, elsewhere); err != nil {
		t.Fatal(err)
	}
	// What one machine's user has set must not change the result either, also by go env -w.
	settings := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(settings, []byte("GOFLAGS=-gcflags=-N\nGOAMD64=v3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := map[string][]string{"elsewhere": {"GOFLAGS=", "GOENV=" + settings}}
	packages := t.TempDir()
	var commands sync.WaitGroup
	for name, source := range map[string]string{"here": here, "elsewhere": elsewhere} {
		commands.Go(func() {
			if err := platformtest.Command(source, env[name], "go", "run", "./scripts/packagelambda", filepath.Join(packages, name)); err != nil {
				t.Error(err)
			}
		})
	}
	commands.Wait()
	if t.Failed() {
		return
	}
	for architecture, machine := range map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64} {
		t.Run(architecture, func(t *testing.T) {
			name := "lambda-" + architecture + ".zip"
			packed := read(t, filepath.Join(packages, "here", name))
			if !bytes.Equal(packed, read(t, filepath.Join(packages, "elsewhere", name))) {
				t.Error("two packages of the same source, in different folders, differ")
			}

			archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode() != 0o755 {
				t.Fatalf("the package holds %v, want only an executable bootstrap", archive.File)
			}
			// Another reader unpacks it, also because this one takes seconds with the race detector.
			unpacked := t.TempDir()
			if err := platformtest.Command(unpacked, nil, "python3", "-m", "zipfile", "--extract", filepath.Join(packages, "here", name), "."); err != nil {
				t.Fatal(err)
			}
			program, err := elf.Open(filepath.Join(unpacked, "bootstrap"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = program.Close() }()
			if program.Machine != machine {
				t.Errorf("the bootstrap is for %v, want %v", program.Machine, machine)
			}
			if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
				t.Errorf("the bootstrap needs the libraries %v (%v), want none", libraries, err)
			}
			// A little above today's size. A larger binary starts more slowly.
			if most := 8_200_000; len(packed) > most {
				t.Errorf("the package has %d bytes, want %d at most", len(packed), most)
			}
		})
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
