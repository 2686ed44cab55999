package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeArchive writes an archive of the OCI layout, and beside its index the list of
// images that docker load reads unless it has containerd's store: that one has no place
// for an index, so that of several architectures each has a tag of its own.
func writeArchive(path, called string, index v1.ImageIndex, images map[string]*platformImage) (err error) {
	tag, err := name.NewTag(called)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// Whoever reads the old archive goes on reading that one, and no half is left.
	file, err := os.CreateTemp(filepath.Dir(path), ".image-")
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	a := &archive{Writer: tar.NewWriter(file), written: make(map[v1.Hash]bool)}
	if err := a.layout(tag, index); err != nil {
		return err
	}
	var list []dockerImage
	for _, architecture := range slices.Sorted(maps.Keys(images)) {
		repoTag := called
		if len(images) > 1 {
			repoTag += "-" + architecture
		}
		entry, err := a.image(images[architecture], repoTag)
		if err != nil {
			return err
		}
		list = append(list, entry)
	}
	if err := a.index(index); err != nil {
		return err
	}
	if err := a.json("manifest.json", list); err != nil {
		return err
	}
	if err := errors.Join(a.Close(), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// archive is a layout that is being written.
type archive struct {
	*tar.Writer
	written map[v1.Hash]bool
}

// dockerImage is an entry of docker save's manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// layout writes what an archive of the layout begins with.
func (a *archive) layout(tag name.Tag, index v1.ImageIndex) error {
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	size, err := index.Size()
	if err != nil {
		return err
	}
	return errors.Join(
		a.json("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}),
		a.json("index.json", v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
			MediaType: types.OCIImageIndex, Digest: digest, Size: size,
			Annotations: map[string]string{"io.containerd.image.name": strings.Replace(tag.Name(), name.DefaultRegistry, "docker.io", 1), "org.opencontainers.image.ref.name": tag.TagStr()},
		}}}),
	)
}

// index writes the list of the images by architecture.
func (a *archive) index(index v1.ImageIndex) error {
	manifest, err := index.RawManifest()
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	return a.blob(digest, manifest)
}

// image writes an image, and returns its entry for docker load.
func (a *archive) image(image v1.Image, tag string) (dockerImage, error) {
	entry := dockerImage{RepoTags: []string{tag}}
	layers, err := image.Layers()
	if err != nil {
		return entry, err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return entry, err
		}
		packed, err := layer.Compressed()
		if err != nil {
			return entry, err
		}
		content, err := io.ReadAll(packed)
		if err := errors.Join(err, packed.Close(), a.blob(digest, content)); err != nil {
			return entry, err
		}
		entry.Layers = append(entry.Layers, blobPath(digest))
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return entry, err
	}
	configDigest, err := image.ConfigName()
	if err != nil {
		return entry, err
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return entry, err
	}
	digest, err := image.Digest()
	if err != nil {
		return entry, err
	}
	entry.Config = blobPath(configDigest)
	return entry, errors.Join(a.blob(configDigest, config), a.blob(digest, manifest))
}

func blobPath(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

// blob writes a blob, unless it is there.
func (a *archive) blob(digest v1.Hash, content []byte) error {
	if a.written[digest] {
		return nil
	}
	a.written[digest] = true
	return a.file(blobPath(digest), content)
}

func (a *archive) json(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return a.file(path, content)
}

// file writes a file without a time, so that archives of the same image are the same.
func (a *archive) file(path string, content []byte) error {
	if err := a.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	_, err := a.Write(content)
	return err
}
