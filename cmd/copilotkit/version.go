package main

import (
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/bundle"
)

const versionUsage = `  copilotkit version [--json]

Prints the version, the commit and when it was made, and the version of Go, a line each;
what isn't known is left out. With --json it is an object.
`

// version prints what the program was built from, and returns the exit code.
func version(args []string, s streams) int {
	flags := newFlags("version", s)
	asJSON := flags.Bool("json", false, "")
	if flags.parse(args) != nil {
		return 2
	}
	build := bundle.ReadBuild()
	if *asJSON {
		return writeJSON(s, struct {
			Version  string `json:"version"`
			Commit   string `json:"commit,omitempty"`
			Modified bool   `json:"modified,omitempty"`
			Date     string `json:"date,omitempty"`
			Go       string `json:"go"`
		}{build.Version, build.Commit, build.Modified, build.Time, build.Go})
	}
	commit := build.Commit
	if build.Modified {
		commit += " (modified)"
	}
	for _, line := range []struct{ name, text string }{
		{"copilotkit", build.Version}, {"commit", commit}, {"date", build.Time}, {"go", build.Go},
	} {
		if line.text == "" {
			continue
		}
		if _, err := fmt.Fprintln(s.out, line.name, line.text); err != nil {
			return 1
		}
	}
	return 0
}

// writeJSON prints a value as JSON, and returns the exit code.
func writeJSON(s streams, value any) int {
	encoder := json.NewEncoder(s.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
	return 0
}
