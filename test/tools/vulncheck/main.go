// Command vulncheck fails if this repository's Go code calls something with a known
// vulnerability, in a dependency or in the Go version that go.mod names.
//
//	go run ./vulncheck [-dir folder of a module]
//
// It runs govulncheck on the database in the module golang.org/x/vulndb, so that it
// needs no server but the module proxy.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	dir := flag.String("dir", "../..", "folder of the module to check")
	flag.Parse()
	if err := check(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "vulncheck:", err)
		os.Exit(1)
	}
}

func check(dir string) error {
	reports, err := download()
	if err != nil {
		return fmt.Errorf("download the vulnerability database: %w", err)
	}
	database, err := os.MkdirTemp("", "vulndb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(database)
	if err := writeDatabase(database, reports); err != nil {
		return fmt.Errorf("write the vulnerability database: %w", err)
	}
	tool, err := output("go", "tool", "-n", "govulncheck")
	if err != nil {
		return fmt.Errorf("find govulncheck: %w", err)
	}
	toolchain, err := toolchainOf(dir)
	if err != nil {
		return err
	}
	// Finding out what is called takes most of the time, and is only of interest where a
	// package that is imported has a vulnerability.
	scan := func(level string) *exec.Cmd {
		command := exec.Command(tool, "-C", dir, "-db", "file://"+database, "-tags=image", "-scan="+level, "./...")
		// The standard library of deployments is checked, not that of this machine.
		// It keeps nearly all that it reads, and would spend a fifth of its time on collecting
		// garbage.
		command.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain, "GOGC="+cmp.Or(os.Getenv("GOGC"), "400"))
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		return command
	}
	if scan("package").Run() == nil {
		return nil
	}
	return scan("symbol").Run()
}

// download returns the folder of the newest reports, one JSON file each.
func download() (string, error) {
	described, err := output("go", "mod", "download", "-json", "golang.org/x/vulndb@latest")
	if err != nil {
		return "", err
	}
	var module struct{ Version, Dir string }
	if err := json.Unmarshal([]byte(described), &module); err != nil {
		return "", err
	}
	fmt.Println("vulndb", module.Version)
	return filepath.Join(module.Dir, "data", "osv"), nil
}

// toolchainOf returns the Go version that a module's builds use.
func toolchainOf(dir string) (string, error) {
	edited, err := output("go", "-C", dir, "mod", "edit", "-json")
	if err != nil {
		return "", fmt.Errorf("read go.mod: %w", err)
	}
	var mod struct{ Go, Toolchain string }
	if err := json.Unmarshal([]byte(edited), &mod); err != nil {
		return "", fmt.Errorf("read go.mod: %w", err)
	}
	return cmp.Or(mod.Toolchain, "go"+mod.Go), nil
}

// report is a vulnerability in the database's index.
type report struct {
	ID       string   `json:"id"`
	Modified string   `json:"modified"`
	Aliases  []string `json:"aliases,omitempty"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		Ranges []struct {
			Events []struct {
				Fixed string `json:"fixed"`
			} `json:"events"`
		} `json:"ranges"`
	} `json:"affected,omitempty"`
}

type indexedModule struct {
	Path            string          `json:"path"`
	Vulnerabilities []vulnerability `json:"vulns"`
}

type vulnerability struct {
	ID       string `json:"id"`
	Modified string `json:"modified"`
	Fixed    string `json:"fixed,omitempty"`
}

// writeDatabase writes a database for govulncheck: the reports and two indexes.
//
// Source: https://go.dev/doc/security/vuln/database
func writeDatabase(dir string, reports string) error {
	files, err := filepath.Glob(filepath.Join(reports, "GO-*.json"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no reports in %s: %w", reports, err)
	}
	for _, folder := range []string{"ID", "index"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	modules := make(map[string]*indexedModule)
	var all []report
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var r report
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		if err := os.WriteFile(filepath.Join(dir, "ID", r.ID+".json"), data, 0o644); err != nil {
			return err
		}
		for _, affected := range r.Affected {
			path := affected.Package.Name
			if modules[path] == nil {
				modules[path] = &indexedModule{Path: path}
			}
			modules[path].Vulnerabilities = append(modules[path].Vulnerabilities, vulnerability{ID: r.ID, Modified: r.Modified})
		}
		r.Affected = nil
		all = append(all, r)
	}
	list := make([]*indexedModule, 0, len(modules))
	for _, module := range modules {
		list = append(list, module)
	}
	slices.SortFunc(list, func(a, b *indexedModule) int { return strings.Compare(a.Path, b.Path) })
	for name, content := range map[string]any{
		"db": map[string]string{"modified": "0001-01-01T00:00:00Z"}, "modules": list, "vulns": all,
	} {
		data, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "index", name+".json"), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	data, err := command.Output()
	return strings.TrimSpace(string(data)), err
}
