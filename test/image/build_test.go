// Package image tests the container image: it unpacks what make image writes, and runs
// the entry point where nothing else is.
package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

const root = "../.."

// image is the unpacked archive of an image.
type image struct {
	// files is the folder with its files.
	files string
	// index is the digest of its index.
	index string
	// packed is how many bytes its layers have.
	packed int64
	config config
}

type config struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Created      string `json:"created"`
	Config       struct {
		User         string
		Env          []string
		Entrypoint   []string
		Cmd          []string
		ExposedPorts map[string]struct{}
		Labels       map[string]string
	} `json:"config"`
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	Platform  *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
}

// build returns the image of this source, as a commit, for this machine's architecture. It
// is built once; each test has files of its own.
func build(t testing.TB) *image {
	t.Helper()
	dir := built(t)
	image := unpack(t, dir)
	shared := image.files
	image.files = t.TempDir()
	err := filepath.WalkDir(shared, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		own := filepath.Join(image.files, strings.TrimPrefix(path, shared))
		if !entry.IsDir() {
			return os.Link(path, own)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		return errors.Join(os.MkdirAll(own, 0o755), os.Chown(own, int(owner.Uid), int(owner.Gid)), os.Chmod(own, info.Mode()))
	})
	if err != nil {
		t.Fatal(err)
	}
	// Temporary folders are their maker's alone, and the image's user must get in.
	for dir := image.files; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return image
}

// built returns the folder with the source, the program that builds images, the image's
// archive, and what is in that.
func built(t testing.TB) string {
	t.Helper()
	return platformtest.Build(t, "image", func(dir string) error {
		source := filepath.Join(dir, "source")
		if err := commit(source); err != nil {
			return err
		}
		// With these most of it is compiled for other suites, too.
		env := []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath"}
		if err := platformtest.Command(filepath.Join(root, "scripts", "image"), env, "go", "build", "-o", filepath.Join(dir, "builder"), "."); err != nil {
			return err
		}
		if err := archiveOf(dir, source, "image.tar", nil); err != nil {
			return err
		}
		return untar(filepath.Join(dir, "image.tar"), filepath.Join(dir, "layout"))
	})
}

// commit copies the source to a folder and commits it there.
func commit(folder string) error {
	if err := platformtest.CopySource(root, os.DevNull, folder); err != nil {
		return err
	}
	env := []string{
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a.example", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@a.example", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}
	if err := platformtest.Command(folder, env, "git", "init", "--quiet"); err != nil {
		return err
	}
	// Most files are objects of this repository, and needn't be written again.
	objects, err := exec.Command("git", "-C", root, "rev-parse", "--path-format=absolute", "--git-path", "objects").Output()
	if err != nil {
		return fmt.Errorf("find the objects of the repository: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".git", "objects", "info", "alternates"), objects, 0o644); err != nil {
		return err
	}
	return errors.Join(
		platformtest.Command(folder, env, "git", "add", "--all"),
		platformtest.Command(folder, env, "git", "commit", "--quiet", "--message=all"),
	)
}

// archiveOf has the builder in a folder write the archive of a source, with variables in
// addition to those of this process.
func archiveOf(folder, source, name string, env []string) error {
	return platformtest.Command(folder, env, "./builder", "-root", source, "-arch", runtime.GOARCH, "-output", name)
}

// unpack reads the image in a folder, and unpacks its layers there if they aren't yet.
func unpack(t testing.TB, dir string) *image {
	t.Helper()
	blob := func(digest string) string {
		return filepath.Join(dir, "layout", "blobs", filepath.FromSlash(strings.Replace(digest, ":", "/", 1)))
	}
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	read(t, filepath.Join(dir, "layout", "index.json"), &index)
	image := &image{index: index.Manifests[0].Digest}
	read(t, blob(image.index), &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Platform == nil || index.Manifests[0].Platform.Architecture != runtime.GOARCH {
		t.Fatalf("the index has %+v, want one manifest for %s", index.Manifests, runtime.GOARCH)
	}
	var manifest struct {
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	read(t, blob(index.Manifests[0].Digest), &manifest)
	read(t, blob(manifest.Config.Digest), &image.config)
	for _, layer := range manifest.Layers {
		image.packed += layer.Size
	}
	image.files = platformtest.Build(t, "files", func(files string) error {
		var errs []error
		for _, layer := range manifest.Layers {
			errs = append(errs, untar(blob(layer.Digest), files))
		}
		return errors.Join(errs...)
	})
	return image
}

// untar unpacks an archive, which may be compressed. It keeps owners if it may. With the race
// detector Go's own reader would take seconds.
func untar(archive, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return platformtest.Command(".", nil, "tar", "--extract", "--preserve-permissions", "--numeric-owner", "--file="+archive, "--directory="+folder)
}

func read(t testing.TB, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("decode %s: %v", file, err)
	}
}
