package main

import "testing"

func TestTheNewestPatchOfAGoVersion(t *testing.T) {
	known := []string{
		"v0.0.1-go1.25.12.linux-amd64", "v0.0.1-go1.26rc1.linux-amd64", "v0.0.1-go1.26.0.linux-amd64",
		"v0.0.1-go1.26.9.linux-amd64", "v0.0.1-go1.26.11.linux-amd64", "v0.0.1-go1.26.12.plan9-386", "v0.0.1-go1.27.0.linux-amd64",
	}
	for name, test := range map[string]struct {
		toolchain string
		versions  []string
		want      string
	}{
		"the newest itself":                    {"go1.26.11", known, "go1.26.11"},
		"an older one, by number":              {"go1.26.9", known, "go1.26.11"},
		"of another Go version":                {"go1.25.3", known, "go1.25.12"},
		"of a Go version that nobody knows":    {"go1.28.0", known, ""},
		"where nothing is known":               {"go1.26.11", nil, ""},
		"of a go.mod without a toolchain line": {"", known, ""},
		"of a release candidate":               {"go1.27rc1", known, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newestPatch(test.toolchain, test.versions)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}
