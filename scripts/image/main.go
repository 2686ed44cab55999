// Command image builds the runtime's container image, without a container engine and
// without another image below it: one static binary, a few files, nothing else. Builds
// are reproducible: the same commit and Go version result in the same digests.
//
//	go run . [-arch amd64,arm64] [-output image.tar] [-name copilotkit:latest] [-push registry/name:tag]
//
// The output is an archive of the OCI layout, with the list that older versions of docker
// load want. Registries are signed in to as docker login, podman login and the like have
// noted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("image: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

// run builds the image that arguments ask for, and says what has become of it.
func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	root := flags.String("root", "../..", "folder of the repository")
	architectures := flags.String("arch", "amd64,arm64", "architectures to build for, with commas between them")
	output := flags.String("output", "", "archive to write, none if empty")
	called := flags.String("name", "copilotkit:latest", "what the archive calls the image")
	push := flags.String("push", "", "registry, repository and tag to push to, none if empty")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	var pushed name.Tag
	if *push != "" { // what can be wrong is found before a minute is spent on builds
		var err error
		if pushed, err = parseTag(*push); err != nil {
			return fmt.Errorf("push to %s: %w", *push, err)
		}
	}
	images := make(map[string]*platformImage)
	for architecture := range strings.SplitSeq(*architectures, ",") {
		program, err := compile(ctx, *root, architecture)
		if err != nil {
			return fmt.Errorf("build for %s: %w", architecture, err)
		}
		if images[architecture], err = newImage(architecture, program); err != nil {
			return fmt.Errorf("make the image for %s: %w", architecture, err)
		}
		if err := images[architecture].describe(out, architecture); err != nil {
			return err
		}
	}
	index, err := newIndex(images)
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "index %s\n", digest)
	if *output != "" {
		if err := writeArchive(*output, *called, index, images); err != nil {
			return fmt.Errorf("write %s: %w", *output, err)
		}
		fmt.Fprintln(out, *output)
	}
	if *push != "" {
		if err := pushIndex(ctx, pushed, index); err != nil {
			return fmt.Errorf("push to %s: %w", *push, err)
		}
		fmt.Fprintf(out, "pushed %s@%s\n", *push, digest)
	}
	return nil
}
