// Command licences lists the modules that the shipped programs link, with their
// licences. With -texts it writes the licences and notices of all that a program links
// instead, as they have to come with its copies. It fails if a licence isn't allowed.
//
//	go run ./licences [-dir folder of a module] packages...
//	go run ./licences [-dir folder of a module] -texts program
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/test/tools/internal/licence"
)

func main() {
	dir := flag.String("dir", "../..", "folder of the module to check")
	program := flag.String("texts", "", "program whose licences are to be written")
	flag.Parse()
	var err error
	if *program != "" {
		err = writeTexts(*dir, *program, os.Stdout)
	} else {
		err = check(*dir, flag.Args(), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func writeTexts(dir, program string, out io.Writer) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	components, err := licence.Components(dir, info)
	if err != nil {
		return err
	}
	return licence.WriteTexts(out, components)
}

func check(dir string, packages []string, out io.Writer) error {
	modules, err := linked(dir, packages)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		licences, err := licence.Of(modules[path].Dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
			continue
		}
		fmt.Fprintf(out, "%-60s %-12s %s\n", path, modules[path].Version, strings.Join(licences, ", "))
	}
	return errors.Join(errs...)
}

type module struct{ Path, Version, Dir string }

// linked returns the other modules that packages are built from, by path.
func linked(dir string, packages []string) (map[string]module, error) {
	// What the image alone has is linked with its tag.
	command := exec.Command("go", append([]string{"list", "-deps", "-json=Module", "-tags=image"}, packages...)...)
	command.Dir, command.Stderr = dir, os.Stderr
	listed, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	modules := make(map[string]module)
	for decoder := json.NewDecoder(strings.NewReader(string(listed))); ; {
		var one struct{ Module *module }
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("list the packages: %w", err)
		}
		if one.Module != nil && one.Module.Version != "" {
			modules[one.Module.Path] = *one.Module
		}
	}
}
