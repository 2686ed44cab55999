package main

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// parseTag parses what is pushed to: a registry, a repository and a tag, none of which goes
// without saying.
func parseTag(reference string) (name.Tag, error) {
	return name.NewTag(reference, name.StrictValidation)
}

// pushIndex pushes the index and its images, as whoever has signed in to the registry on
// this machine. What the registry has already isn't sent again.
func pushIndex(ctx context.Context, tag name.Tag, index v1.ImageIndex) error {
	return remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}
