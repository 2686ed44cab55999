package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// here is the target of the machine that tests.
const here = runtime.GOOS + "/" + runtime.GOARCH

// makeRelease makes a release and returns its folder.
func makeRelease(t *testing.T, repository string, targets ...string) (string, error) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "release")
	r := release{root: repository, folder: folder, tag: tagged, targets: targets, out: io.Discard}
	return folder, r.run()
}

func TestARelease(t *testing.T) {
	repository := newRepository(t)
	folder, err := makeRelease(t, repository, here, "lambda/arm64")
	if err != nil {
		t.Fatal(err)
	}
	ours := "copilotkit_0.9.1_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	files := unpack(t, filepath.Join(folder, ours))

	t.Run("has an archive with the program and what comes with it", func(t *testing.T) {
		names := slices.Sorted(maps.Keys(files))
		if want := []string{"CHANGELOG.md", "LICENSE", "README.md", "copilotkit", licencesFile}; !slices.Equal(names, want) {
			t.Errorf("it holds %q, want %q", names, want)
		}
		for _, part := range []string{"stdlib@", "Copyright 2009 The Go Authors", "modernc.org/sqlite@", "LICENSE-SQLITE\n", "github.com/aws/aws-sdk-go-v2@", "NOTICE.txt"} {
			if !bytes.Contains(files[licencesFile], []byte(part)) {
				t.Errorf("%s lacks %q", licencesFile, part)
			}
		}
	})
	t.Run("says of which version and commit it is", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "copilotkit")
		if err := os.WriteFile(program, files["copilotkit"], 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program, "version").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, part := range []string{"v0.9.1", git(t, repository, "rev-parse", "HEAD"), commitTime, "go1."} {
			if !strings.Contains(string(out), part) {
				t.Errorf("it says %q, without %q", out, part)
			}
		}
		if strings.Contains(string(out), "modified") {
			t.Errorf("it says %q of a commit without changes", out)
		}
	})
	t.Run("has Lambda packages of the same version", func(t *testing.T) {
		bootstrap := unzip(t, filepath.Join(folder, "lambda-arm64.zip"))["bootstrap"]
		info, err := buildinfo.Read(bytes.NewReader(bootstrap))
		if err != nil || info.Main.Version != tagged {
			t.Errorf("got %v, %v", info, err)
		}
	})
	t.Run("has checksums of all files", func(t *testing.T) { checkChecksums(t, folder) })
	t.Run("has a list of what each is made of", func(t *testing.T) {
		checkSBOM(t, filepath.Join(folder, ours), files["copilotkit"], "modernc.org/sqlite")
		checkSBOM(t, filepath.Join(folder, "lambda-arm64.zip"), unzip(t, filepath.Join(folder, "lambda-arm64.zip"))["bootstrap"], "github.com/aws/aws-lambda-go")
	})
	t.Run("has the notes of its version, with links that lead there from anywhere", func(t *testing.T) {
		want := "- [More](https://github.com/copilotkit-go/runtime/blob/v0.9.1/docs/limits.md#a), [elsewhere](https://example.com/a).\n"
		if notes := read(t, folder+"-notes.md"); string(notes) != want {
			t.Errorf("got %q, want %q", notes, want)
		}
	})
	t.Run("is the same when made again elsewhere, by somebody with settings", func(t *testing.T) {
		setGo(t, "GOFLAGS=-gcflags=-N\nGOAMD64=v3\n")
		again, err := makeRelease(t, newRepository(t), here)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, filepath.Join(folder, ours)), read(t, filepath.Join(again, ours))) {
			t.Error("two archives of the same commit differ")
		}
	})
}

// What is wrong is found when a program has been built, so that a small one takes the
// server's place.
func TestNoReleaseIsMade(t *testing.T) {
	repository := newRepository(t)
	folder := filepath.Join(repository, "cmd", "copilotkit")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() {}\n"))
	git(t, repository, "add", "--all")
	git(t, repository, "commit", "--quiet", "--message=A small program")
	git(t, repository, "tag", "--force", tagged)
	t.Run("with an experiment of Go's", func(t *testing.T) {
		setGo(t, "GOEXPERIMENT=nogreenteagc\n")
		if _, err := makeRelease(t, repository, here); err == nil || !strings.Contains(err.Error(), "GOEXPERIMENT") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of a commit with changes", func(t *testing.T) {
		write(t, filepath.Join(repository, "CHANGELOG.md"), []byte("## 0.9.1\n\nMore.\n"))
		folder, err := makeRelease(t, repository, here)
		if err == nil || !strings.Contains(err.Error(), "+dirty, not v0.9.1") {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(filepath.Join(folder, checksumsFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there are checksums: %v", err)
		}
	})
}

func TestWhatIsNotReleased(t *testing.T) {
	full := t.TempDir()
	write(t, filepath.Join(full, "a"), nil)
	for name, test := range map[string]struct {
		release release
		want    string
	}{
		"a version without a number":               {release{tag: "latest"}, "isn't one such as v1.2.3"},
		"a version that a shell would run":         {release{tag: "v1.2.3-$(id)"}, "isn't one such as v1.2.3"},
		"a system that there is no target for":     {release{targets: []string{"plan9/amd64"}}, `no target "plan9/amd64"`},
		"a version that the changelog lacks":       {release{tag: "v99.0.0"}, "CHANGELOG.md says nothing of 99.0.0"},
		"into a folder that has something already": {release{folder: full}, "isn't empty"},
	} {
		t.Run(name, func(t *testing.T) {
			test.release.root, test.release.out = root, io.Discard
			if err := test.release.run(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTheSectionOfAVersion(t *testing.T) {
	const changelog = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n\n## [1.2.3] - 2026-01-02\n\n- b\n\n## 1.2.30\n\n- c\n\n## 1.0.0\n\n## 0.1.0-rc.1\n- d\n"
	for name, test := range map[string]struct{ version, want string }{
		"has its subsections":                    {"Unreleased", "### Added\n\n- a\n"},
		"may have a heading that is a link":      {"1.2.3", "- b\n"},
		"isn't that of a longer number":          {"1.2.30", "- c\n"},
		"ends with the page":                     {"0.1.0-rc.1", "- d\n"},
		"has to say something":                   {"1.0.0", ""},
		"isn't that of a version that begins so": {"1.2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sectionOf(changelog, test.version)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestTheFormulaNamesTheArchivesOfItsSystems(t *testing.T) {
	folder := t.TempDir()
	info := &buildinfo.BuildInfo{}
	info.Main.Version = "v1.2.3"
	var products []*product
	for i, target := range targets {
		p := &product{target: target, info: info, sum: strings.Repeat(string(rune('a'+i)), 64)}
		p.system, p.arch, _ = strings.Cut(target, "/")
		p.name = p.fileName()
		products = append(products, p)
	}
	if err := writeFormula(folder, products); err != nil {
		t.Fatal(err)
	}
	text := string(read(t, filepath.Join(folder, "copilotkit.rb")))
	for _, want := range []string{
		`version "1.2.3"`,
		"on_macos do\n    on_intel do\n      url \"" + home + "/releases/download/v1.2.3/copilotkit_1.2.3_darwin_amd64.tar.gz\"\n      sha256 \"aaaa",
		"on_linux do\n    on_intel do\n      url \"" + home + "/releases/download/v1.2.3/copilotkit_1.2.3_linux_amd64.tar.gz\"\n      sha256 \"eeee",
		"on_arm do\n      url \"" + home + "/releases/download/v1.2.3/copilotkit_1.2.3_linux_arm64.tar.gz\"\n      sha256 \"ffff",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Count(text, "url ") != 4 || strings.Count(text, " do\n") != strings.Count(text, "  end\n")-1 {
		t.Errorf("it isn't whole:\n%s", text)
	}
}

// checkChecksums checks that the file of checksums has every other file of a folder.
func checkChecksums(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sums := make(map[string]string)
	for line := range strings.Lines(string(read(t, filepath.Join(folder, checksumsFile)))) {
		digits, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		sums[name] = digits
	}
	for _, entry := range entries {
		if entry.Name() == checksumsFile {
			continue
		}
		if _, digits, err := sum(filepath.Join(folder, entry.Name())); err != nil || sums[entry.Name()] != digits {
			t.Errorf("%s has %s, want %s (%v)", entry.Name(), sums[entry.Name()], digits, err)
		}
	}
	if len(sums) != len(entries)-1 {
		t.Errorf("there are %d checksums of %d files", len(sums), len(entries)-1)
	}
}

// unpack returns the files of a .tar.gz file, and checks that they belong to nobody and
// have the time of the commit.
func unpack(t *testing.T, name string) map[string][]byte {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for reader := tar.NewReader(compressed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
		mode := int64(0o644)
		if header.Name == "copilotkit" {
			mode = 0o755
		}
		if header.Mode != mode || header.Uid != 0 || header.Uname != "" || header.ModTime.UTC().Format(time.RFC3339) != commitTime {
			t.Errorf("%s has the header %+v", header.Name, header)
		}
	}
}

func unzip(t *testing.T, name string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := make(map[string][]byte)
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[file.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
