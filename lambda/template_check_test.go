package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// checked is what the checker says of a template.
type checked struct {
	Problems []string
	Template *template
}

// checker is a process of cfn-lint, which has SAM's own translator and the schemas of
// CloudFormation's resources.
type checker struct {
	files      *json.Encoder
	answers    *json.Decoder
	complaints *strings.Builder
	// end ends the process, and waits for it.
	end func()
}

func startChecker(t *testing.T) *checker {
	t.Helper()
	command := exec.Command("python3", filepath.Join("..", "test", "tools", "aws", "check-templates.py"))
	c := &checker{complaints: &strings.Builder{}}
	command.Stderr = c.complaints
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	c.files, c.answers = json.NewEncoder(input), json.NewDecoder(output)
	c.end = sync.OnceFunc(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	t.Cleanup(c.end)
	return c
}

// check checks templates.
func (c *checker) check(t *testing.T, files ...string) []checked {
	t.Helper()
	var all []checked
	err := c.files.Encode(files)
	if err == nil {
		err = c.answers.Decode(&all)
	}
	if err != nil {
		c.end() // all that it complains of has arrived
		t.Fatalf("cfn-lint, which make test-tools installs: %v\n%s", err, c.complaints)
	}
	return all
}
