package platformtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Compile compiles a package of the module in a folder as deployments are. What one suite
// has compiled is there for all, and what it has linked stays in the repository's .cache:
// Go links it again only if something has changed. Linking takes half of what it would
// with the symbols of debuggers.
func Compile(module, program, pkg string, flags ...string) error {
	folder, err := filepath.Abs(module)
	if err != nil {
		return err
	}
	name := hash(append([]string{folder, pkg}, flags...)...)
	return inCache(name, func(cached string) error {
		arguments := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", cached}, flags...)
		if err := Command(module, []string{"CGO_ENABLED=0"}, "go", append(arguments, pkg)...); err != nil {
			return err
		}
		return link(cached, program)
	})
}

// Reuse calls make with a new folder, unless it was called for the same content of these
// packages of the module in a folder, and of what they import. It links the file that was
// made, by its path in that folder, to program. It is for programs that Go alone doesn't
// make, or that it can't compare.
func Reuse(module, program string, packages, flags []string, file string, make func(dir string) error) error {
	arguments := append([]string{"list", "-deps", "-export", "-trimpath", "-f", "{{.BuildID}}"}, flags...)
	list := exec.Command("go", append(arguments, packages...)...)
	list.Dir = module
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	var complaints bytes.Buffer
	list.Stderr = &complaints
	content, err := list.Output()
	if err != nil {
		return fmt.Errorf("go %v: %w\n%s", list.Args[1:], err, &complaints)
	}
	name := hash(append(packages, file)...)
	return inCache(name, func(cached string) error {
		// One result is kept, with the content that it is of.
		of := hash(string(content), strings.Join(flags, " "))
		if kept, err := os.ReadFile(cached + ".of"); err == nil && string(kept) == of {
			return link(cached, program)
		}
		made, err := os.MkdirTemp(filepath.Dir(cached), "made-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		if err := make(made); err != nil {
			return err
		}
		if err := os.Remove(cached + ".of"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Rename(filepath.Join(made, file), cached); err != nil {
			return err
		}
		if err := os.WriteFile(cached+".of", []byte(of), 0o644); err != nil {
			return err
		}
		return link(cached, program)
	})
}

// inCache calls do with the path of a file in the repository's .cache, which no other
// process uses meanwhile.
func inCache(name string, do func(cached string) error) error {
	root, err := repository()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, ".cache", "programs")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(folder, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	return do(filepath.Join(folder, name))
}

// repository returns the folder of the repository that the working directory is in.
func repository() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "Makefile")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("the tests run in no copy of the repository")
		}
		folder = parent
	}
}

// link makes program a name of a file in the cache. The file isn't written to any more:
// what takes its place there is another one. Nor does this process write a copy, which
// none could run while a child that is just being started has it open.
func link(cached, program string) error {
	if err := os.Remove(program); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(cached, program) == nil {
		return nil
	}
	return Command(".", nil, "cp", cached, program) // on another disk
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}
