package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// made returns the images of a program that is none, and their index.
func made(t *testing.T) (map[string]*platformImage, v1.ImageIndex) {
	t.Helper()
	images := make(map[string]*platformImage)
	for _, architecture := range []string{"amd64", "arm64"} {
		image, err := newImage(architecture, &program{
			binary: []byte("for " + architecture), licence: []byte("ours"), thirdParty: []byte("theirs"), version: "v1.2.3", revision: strings.Repeat("a", 40),
			created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
		images[architecture] = image
	}
	index, err := newIndex(images)
	if err != nil {
		t.Fatal(err)
	}
	return images, index
}

func digestOf(t *testing.T, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func TestAnImageHasTheProgramAndFewFiles(t *testing.T) {
	images, _ := made(t)
	layers, err := images["arm64"].Layers()
	if err != nil {
		t.Fatal(err)
	}
	files, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	var list strings.Builder
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&list, "%s %d:%d %s %s\n", header.FileInfo().Mode(), header.Uid, header.Gid, header.ModTime.UTC().Format(time.RFC3339), header.Name)
	}
	want := `-rwxr-xr-x 0:0 2026-01-02T03:04:05Z copilotkit
drwxrwx--- 65532:0 2026-01-02T03:04:05Z data/
drwxr-xr-x 0:0 2026-01-02T03:04:05Z etc/
-rw-r--r-- 0:0 2026-01-02T03:04:05Z etc/group
-rw-r--r-- 0:0 2026-01-02T03:04:05Z etc/nsswitch.conf
-rw-r--r-- 0:0 2026-01-02T03:04:05Z etc/passwd
drwxr-xr-x 0:0 2026-01-02T03:04:05Z licences/
-rw-r--r-- 0:0 2026-01-02T03:04:05Z licences/LICENSE
-rw-r--r-- 0:0 2026-01-02T03:04:05Z licences/third-party-licences.txt
dtrwxrwxrwx 0:0 2026-01-02T03:04:05Z tmp/
`
	if list.String() != want {
		t.Errorf("it has\n%swant\n%s", list.String(), want)
	}
	config, err := images["arm64"].ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Platform().String() != "linux/arm64/v8" || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/copilotkit" ||
		config.Config.Labels["org.opencontainers.image.version"] != "v1.2.3" {
		t.Errorf("its configuration is %+v", config)
	}
}

func TestImagesOfTheSameProgramAreTheSame(t *testing.T) {
	_, one := made(t)
	_, other := made(t)
	if digestOf(t, one) != digestOf(t, other) {
		t.Errorf("two indexes are %s and %s", digestOf(t, one), digestOf(t, other))
	}
}

func TestTheArchiveIsReadByOthers(t *testing.T) {
	images, index := made(t)
	folder := t.TempDir()
	var archives [][sha256.Size]byte
	for _, file := range []string{"one.tar", "other.tar"} {
		file = filepath.Join(folder, "dist", file)
		if err := writeArchive(file, "copilotkit:test", index, images); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, sha256.Sum256(content))
	}
	if archives[0] != archives[1] {
		t.Error("two archives of the same images differ")
	}
	file := filepath.Join(folder, "dist", "one.tar")

	t.Run("as docker load does without containerd", func(t *testing.T) {
		for architecture, image := range images {
			tag, err := name.NewTag("copilotkit:test-" + architecture)
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := tarball.ImageFromPath(file, &tag)
			if err != nil {
				t.Fatal(err)
			}
			got, err := loaded.ConfigName()
			if err != nil {
				t.Fatal(err)
			}
			if want, err := image.ConfigName(); err != nil || got != want {
				t.Errorf("the image for %s is %s, want %s", architecture, got, want)
			}
			layers, err := loaded.Layers()
			if err != nil || len(layers) != 1 {
				t.Fatalf("%d layers, %v", len(layers), err)
			}
			if err := validate.Layer(layers[0]); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("as an OCI layout", func(t *testing.T) {
		loaded, err := layout.ImageIndexFromPath(untar(t, file))
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := loaded.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if got := manifest.Manifests[0]; got.Digest.String() != digestOf(t, index) || got.Annotations["io.containerd.image.name"] != "docker.io/library/copilotkit:test" {
			t.Errorf("it has %+v", got)
		}
		if err := validate.Index(loaded); err != nil {
			t.Error(err)
		}
	})
	if left, err := filepath.Glob(filepath.Join(folder, "dist", ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func untar(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for archive := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return folder
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, header.Name)
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheImageIsPushedByWhoeverHasSignedIn(t *testing.T) {
	blobs := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ann" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		blobs.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	_, index := made(t)
	tag, err := parseTag(host + "/team/copilotkit:v1")
	if err != nil {
		t.Fatal(err)
	}

	t.Setenv("DOCKER_CONFIG", t.TempDir())
	if err := pushIndex(t.Context(), tag, index); err == nil {
		t.Error("who hasn't signed in pushes")
	}
	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("ann:secret")))
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time all is there
		if err := pushIndex(t.Context(), tag, index); err != nil {
			t.Fatal(err)
		}
	}
	pulled, err := remote.Head(tag, remote.WithTransport(signedIn{}))
	if err != nil || pulled.Digest.String() != digestOf(t, index) {
		t.Errorf("the registry has %+v (%v), want %s", pulled, err, digestOf(t, index))
	}
}

// signedIn adds the password to requests.
type signedIn struct{}

func (signedIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth("ann", "secret")
	return http.DefaultTransport.RoundTrip(r)
}

func TestWhatCanNotBeNamedIsNotBuilt(t *testing.T) {
	for _, arguments := range [][]string{{"extra"}, {"-arch", "none", "-root", t.TempDir()}} {
		if err := run(t.Context(), arguments, io.Discard); err == nil {
			t.Errorf("%v is taken", arguments)
		}
	}
	for _, reference := range []string{"UPPER:case", "registry.example/no-tag", "registry.example/a:b c"} {
		err := run(t.Context(), []string{"-root", t.TempDir(), "-push", reference}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "push to "+reference) {
			t.Errorf("%q is built for: %v", reference, err)
		}
	}
}
