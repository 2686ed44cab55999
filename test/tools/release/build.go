package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// targets are the systems and architectures of the local server, as GOOS/GOARCH, and the
// architectures of the Lambda packages. The SQLite store has no code for other systems
// that people asked for.
var targets = []string{
	"darwin/amd64", "darwin/arm64", "freebsd/amd64", "freebsd/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64",
	"lambda/amd64", "lambda/arm64",
}

// product is a file of the release that holds a program.
type product struct {
	target       string // as targets has it
	system, arch string
	binary       string           // path of the program
	packed       string           // path of the package, if it has been made with the program
	info         *debug.BuildInfo // what the program says of itself
	commit       string           // of the repository; empty if it isn't under version control
	time         time.Time        // of the commit

	name string // of the file
	size int64  // in bytes
	sum  string // its SHA-256, in hexadecimal digits
}

// build builds the program of a target in the folder work.
func build(root, work, target string) (*product, error) {
	p := &product{target: target}
	p.system, p.arch, _ = strings.Cut(target, "/")
	var command *exec.Cmd
	if p.system == "lambda" {
		p.packed = filepath.Join(work, "lambda-"+p.arch+".zip")
		p.binary = filepath.Join(work, "lambda-"+p.arch, "bootstrap")
		command = exec.Command("go", "run", "./scripts/packagelambda", "-stamp", "-arch", p.arch, work)
		command.Env = os.Environ()
	} else {
		p.binary = filepath.Join(work, p.system+"-"+p.arch, p.binaryName())
		command = exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -buildid=", "-o", p.binary, "./cmd/copilotkit")
		// What the user has set must not change the result. What go env -w has set takes
		// the place of what is empty, so that GOFLAGS isn't.
		command.Env = append(os.Environ(), "GOOS="+p.system, "GOARCH="+p.arch,
			"CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0")
	}
	command.Dir, command.Stderr = root, os.Stderr
	if err := command.Run(); err != nil {
		return nil, err
	}
	return p, p.readInfo()
}

// readInfo reads what the program says of itself.
func (p *product) readInfo() (err error) {
	if p.info, err = buildinfo.ReadFile(p.binary); err != nil {
		return err
	}
	p.time = time.Unix(0, 0).UTC()
	for _, setting := range p.info.Settings {
		switch setting.Key {
		case "GOEXPERIMENT":
			return fmt.Errorf("the program was built with an experiment of Go's, %s: go env -u GOEXPERIMENT", setting.Value)
		case "vcs.revision":
			p.commit = setting.Value
		case "vcs.time":
			if p.time, err = time.Parse(time.RFC3339, setting.Value); err != nil {
				return err
			}
		}
	}
	if p.commit == "" {
		return errors.New("the program doesn't say of which commit it is: releases are made in a clone of the repository, not in a worktree beside one")
	}
	return nil
}

// version returns the version as Go has it, such as "v1.2.3".
func (p *product) version() string { return p.info.Main.Version }

// fileName returns the name of the file. Those of the Lambda packages are those that the
// template and the examples expect.
func (p *product) fileName() string {
	switch p.system {
	case "lambda":
		return filepath.Base(p.packed)
	case "windows":
		return fmt.Sprintf("copilotkit_%s_%s_%s.zip", strings.TrimPrefix(p.version(), "v"), p.system, p.arch)
	default:
		return fmt.Sprintf("copilotkit_%s_%s_%s.tar.gz", strings.TrimPrefix(p.version(), "v"), p.system, p.arch)
	}
}

func (p *product) binaryName() string {
	switch p.system {
	case "lambda":
		return "bootstrap"
	case "windows":
		return "copilotkit.exe"
	default:
		return "copilotkit"
	}
}
