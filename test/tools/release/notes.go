package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// readNotes returns the changelog's section for a version, or the one of what isn't
// released yet, as the notes of a release.
func readNotes(root, tag string) ([]byte, error) {
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	section, err := sectionOf(string(changelog), cmp.Or(strings.TrimPrefix(tag, "v"), "Unreleased"))
	if err != nil {
		return nil, err
	}
	return absolute([]byte(section), cmp.Or(tag, "main")), nil
}

// sectionOf returns the text below a heading such as "## 1.2.3 - 2026-12-01". The name may
// have brackets around it, which make it a link.
func sectionOf(changelog, name string) (string, error) {
	heading := regexp.MustCompile(`^## \[?` + regexp.QuoteMeta(name) + `(\]|\s|$)`)
	var section strings.Builder
	inside := false
	for line := range strings.Lines(changelog) {
		if strings.HasPrefix(line, "## ") {
			inside = heading.MatchString(line)
		} else if inside {
			section.WriteString(line)
		}
	}
	text := strings.TrimSpace(section.String())
	if text == "" {
		return "", fmt.Errorf("CHANGELOG.md says nothing of %s: it needs a section ## %[1]s", name)
	}
	return text + "\n", nil
}

var relative = regexp.MustCompile(`\]\(([^)\s:#][^)\s:]*)\)`)

// absolute makes links to files of the repository lead there from anywhere.
func absolute(text []byte, revision string) []byte {
	return relative.ReplaceAllFunc(text, func(link []byte) []byte {
		target := bytes.TrimSuffix(bytes.TrimPrefix(link, []byte("](")), []byte(")"))
		return fmt.Appendf(nil, "](%s/blob/%s/%s)", home, revision, target)
	})
}
