package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// platformImage is the image for one architecture.
type platformImage struct {
	v1.Image
	// labels say where it comes from.
	labels map[string]string
	// packed and unpacked are the sizes of its files in bytes.
	packed, unpacked int
}

// newImage puts a program into an image.
func newImage(architecture string, p *program) (*platformImage, error) {
	files, err := rootfs(p)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{
		Created: v1.Time{Time: p.created}, CreatedBy: "make image",
	}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	if architecture == "arm64" {
		config.Variant = "v8"
	}
	config.Created = v1.Time{Time: p.created}
	labels := labels(p)
	config.Config = v1.Config{
		User:         fmt.Sprintf("%d:%d", user, user),
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Env:          []string{"PATH=/", "PORT=8080"},
		Entrypoint:   []string{"/" + binaryPath},
		Cmd:          []string{"serve"},
		WorkingDir:   "/",
		Labels:       labels,
		StopSignal:   "SIGTERM",
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	return &platformImage{Image: image, labels: labels, packed: len(files), unpacked: len(p.binary)}, nil
}

// labels are the names that OCI has for where an image comes from.
func labels(p *program) map[string]string {
	const name = "org.opencontainers.image."
	labels := map[string]string{
		name + "title":       "CopilotKit runtime",
		name + "description": "The CopilotKit runtime in Go: agents and threads for CopilotKit's front ends",
		name + "source":      "https://github.com/copilotkit-go/runtime",
		name + "licenses":    "MIT",
		name + "created":     p.created.Format(time.RFC3339),
		name + "version":     p.version,
		name + "revision":    p.revision,
	}
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	return labels
}

// newIndex returns the list of the images by architecture, from which a registry's
// clients choose.
func newIndex(images map[string]*platformImage) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range slices.Sorted(maps.Keys(images)) {
		image := images[architecture]
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image.Image, Descriptor: v1.Descriptor{Platform: config.Platform()}})
		index = mutate.Annotations(index, image.labels).(v1.ImageIndex)
	}
	return index, nil
}

// describe writes the image's digest and size.
func (i *platformImage) describe(out io.Writer, architecture string) error {
	digest, err := i.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s: %.1f MB, unpacked %.1f MB\n", architecture, digest, float64(i.packed)/1e6, float64(i.unpacked)/1e6)
	return err
}
