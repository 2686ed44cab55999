// Command fuzz runs the fuzz targets of the module, several side by side. An input that
// fails a target is written to testdata/fuzz beside it, as go test does, and fails the
// unit tests from then on. Of the inputs that it found interesting, the few that reach
// code which no other one does are kept there too, as seeds.
//
//	go run ./scripts/fuzz [-time 10m] [-jobs 2] [-only text]
package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fuzz: ")
	each := flag.Duration("time", 10*time.Minute, "how long each target runs")
	jobs := flag.Int("jobs", runtime.NumCPU(), "targets at once")
	only := flag.String("only", "", "a part of the folders and names of the targets to run; all if empty")
	flag.Parse()
	all, err := find(".")
	if err != nil {
		log.Fatal(err)
	}
	var failed []string
	var mu sync.Mutex // guards failed and standard output
	var running sync.WaitGroup
	slots := make(chan struct{}, max(*jobs, 1))
	for _, t := range all {
		if !strings.Contains(t.String(), *only) {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			report, err := t.run(*each, max(1, runtime.NumCPU()/cap(slots)))
			mu.Lock()
			defer mu.Unlock()
			fmt.Printf("== %s\n%s", t, report)
			if err != nil {
				fmt.Println(err)
				failed = append(failed, t.String())
			}
		})
	}
	running.Wait()
	if len(failed) > 0 {
		log.Fatalf("failed: %s", strings.Join(failed, ", "))
	}
}

// target is a fuzz target.
type target struct{ folder, name string }

func (t target) String() string { return t.folder + " " + t.name }

// find returns the fuzz targets of a module, in the order of their files. Modules
// within it are others.
func find(root string) ([]target, error) {
	var all []target
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if name := entry.Name(); path != root && (err == nil || name == "node_modules" || name == "testdata" || name[0] == '.') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil && strings.HasPrefix(function.Name.Name, "Fuzz") {
				all = append(all, target{filepath.Dir(path), function.Name.Name})
			}
		}
		return nil
	})
	return all, err
}

// run fuzzes the target for a while, and keeps what it found. The report says how far
// it came.
func (t target) run(long time.Duration, workers int) (report string, err error) {
	output, err := command(t.folder, "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+long.String(), fmt.Sprintf("-parallel=%d", workers))
	if err != nil {
		return output, err
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	report = strings.Join(lines[max(0, len(lines)-3):], "\n") + "\n"
	cache, err := command(t.folder, "env", "GOCACHE")
	if err != nil {
		return report, err
	}
	kept, err := t.keep(strings.TrimSpace(cache))
	if err != nil {
		return report, fmt.Errorf("keep the inputs: %w", err)
	}
	return fmt.Sprintf("%skept %d new inputs\n", report, kept), nil
}

// command runs the go command in a folder. Its error has no output.
func command(folder string, arguments ...string) (output string, err error) {
	c := exec.Command("go", arguments...)
	c.Dir = folder
	data, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go %s: %w", strings.Join(arguments, " "), err)
	}
	return string(data), err
}
