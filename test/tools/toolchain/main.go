// Command toolchain fails unless the toolchain line of a module's go.mod names the newest
// patch of its Go version that the module proxy has.
//
//	go run ./toolchain [-dir folder of a module] [-warn]
//
// Platforms that build from source take the version that go.mod names, so an old line
// deploys without the fixes of the newer patches. Without an answer of the proxy it fails
// too; with -warn it only says so, for machines without a network.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	dir := flag.String("dir", "../..", "folder of the module to check")
	warn := flag.Bool("warn", false, "say what is wrong, but don't fail")
	flag.Parse()
	if err := check(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "toolchain:", err)
		if !*warn {
			os.Exit(1)
		}
	}
}

func check(dir string) error {
	var module struct{ Toolchain string }
	if err := run(dir, &module, "mod", "edit", "-json"); err != nil {
		return err
	}
	var available struct{ Versions []string }
	if err := run(dir, &available, "list", "-m", "-versions", "-json", "golang.org/toolchain"); err != nil {
		return fmt.Errorf("ask which toolchains there are: %w", err)
	}
	newest, err := newestPatch(module.Toolchain, available.Versions)
	if err != nil {
		return err
	}
	if newest != module.Toolchain {
		return fmt.Errorf("go.mod names %s, and %s is there: go get toolchain@%s", module.Toolchain, newest, newest)
	}
	return nil
}

// run runs the go command and decodes what it prints.
func run(dir string, into any, arguments ...string) error {
	command := exec.Command("go", arguments...)
	command.Dir = dir
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(arguments, " "), err)
	}
	return json.Unmarshal(output, into)
}

var (
	named   = regexp.MustCompile(`^go(\d+\.\d+)\.(\d+)$`)
	release = regexp.MustCompile(`^v0\.0\.1-go(\d+\.\d+)\.(\d+)\.linux-amd64$`)
)

// newestPatch returns the newest patch of a toolchain's Go version.
func newestPatch(name string, versions []string) (string, error) {
	match := named.FindStringSubmatch(name)
	if match == nil {
		return "", fmt.Errorf("the toolchain %q isn't one such as go1.26.3", name)
	}
	newest := -1
	for _, version := range versions {
		if v := release.FindStringSubmatch(version); v != nil && v[1] == match[1] {
			patch, err := strconv.Atoi(v[2])
			if err != nil {
				return "", err
			}
			newest = max(newest, patch)
		}
	}
	if newest < 0 {
		return "", fmt.Errorf("no toolchain of Go %s is known", match[1])
	}
	return fmt.Sprintf("go%s.%d", match[1], newest), nil
}
