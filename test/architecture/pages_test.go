package architecture_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fences   = regexp.MustCompile("(?ms)^```.*?^```")
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	// unspoken is what GitHub drops from a heading to make its anchor.
	unspoken = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	listing := exec.Command("git", "ls-files", "*.md")
	listing.Dir = root
	out, err := listing.Output()
	if err != nil {
		t.Fatal(err)
	}
	for page := range strings.FieldsSeq(string(out)) {
		for _, link := range links.FindAllStringSubmatch(read(t, page), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") {
				continue // another site
			}
			if target == "" {
				target = page
			} else {
				target = path.Join(path.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which doesn't exist", page, link[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", page, link[1], target)
			}
		}
	}
}

// read returns a page without its code blocks.
func read(t *testing.T, page string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return fences.ReplaceAllString(string(content), "")
}

// anchors returns the anchors that GitHub gives to the headings of a page.
func anchors(page string) []string {
	var list []string
	for _, heading := range headings.FindAllStringSubmatch(page, -1) {
		list = append(list, strings.ReplaceAll(unspoken.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return list
}
