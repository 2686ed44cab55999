package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// program is a built binary, and what it says of itself.
type program struct {
	binary []byte
	// licence is the licence of this repository, and thirdParty has those of all else that is
	// in the binary.
	licence, thirdParty []byte
	// version is the module's, and revision the commit's, "" where it isn't known.
	version, revision string
	// created is when the commit was made, or what SOURCE_DATE_EPOCH says; 1970 where
	// neither is known.
	created time.Time
}

// compile builds the server. What comes out depends on the source, its commit, and the
// version of Go alone.
func compile(ctx context.Context, root, architecture string) (*program, error) {
	folder, err := os.MkdirTemp("", "copilotkit-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	output := filepath.Join(folder, "copilotkit")
	command := exec.CommandContext(ctx, "go", "build", "-tags", "image", "-trimpath", "-buildvcs=auto", "-ldflags", "-s -w -buildid=", "-o", output, "./cmd/copilotkit")
	command.Dir = root
	// What go env -w has set takes the place of what is empty, so that GOFLAGS isn't.
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+architecture,
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(output)
	if err != nil {
		return nil, err
	}
	p, err := describeProgram(binary)
	if err != nil {
		return nil, err
	}
	if p.licence, err = os.ReadFile(filepath.Join(root, "LICENSE")); err != nil {
		return nil, err
	}
	if p.thirdParty, err = thirdPartyLicences(ctx, root, output); err != nil {
		return nil, fmt.Errorf("collect the licences: %w", err)
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		p.created = time.Unix(seconds, 0).UTC()
	}
	return p, nil
}

// thirdPartyLicences returns the licences and notices of all that a binary links, as releases
// have them.
func thirdPartyLicences(ctx context.Context, root, binary string) ([]byte, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "run", "./licences", "-texts", binary)
	command.Dir = filepath.Join(root, "test", "tools")
	// With these most of it is compiled for the image, too.
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off", "GOEXPERIMENT=")
	command.Stderr = os.Stderr
	return command.Output()
}

// describeProgram reads what Go has written into a binary.
func describeProgram(binary []byte) (*program, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, err
	}
	p := &program{binary: binary, created: time.Unix(0, 0).UTC()}
	if info.Main.Version != "(devel)" {
		p.version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			p.revision = setting.Value
		case "vcs.time":
			if p.created, err = time.Parse(time.RFC3339, setting.Value); err != nil {
				return nil, err
			}
		case "CGO_ENABLED":
			if setting.Value != "0" {
				return nil, errors.New("the binary needs a C library")
			}
		case "GOEXPERIMENT":
			return nil, fmt.Errorf("the binary was built with an experiment of Go's, %s: go env -u GOEXPERIMENT", setting.Value)
		}
	}
	if strings.HasSuffix(p.version, "+dirty") {
		p.revision = "" // there is no commit with this source
	}
	return p, nil
}
