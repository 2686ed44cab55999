package costs

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables into the page")

const page = "../../docs/costs.md"

// The tables of the page are between these lines.
const (
	begin = "<!-- costs: written by `go generate ./test/costs` -->\n\n"
	end   = "\n<!-- end of costs -->"
)

func TestThePageHasTheTables(t *testing.T) {
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rest := string(content)
	var written strings.Builder
	for i, table := range tables() {
		before, after, found := strings.Cut(rest, begin)
		old, after, closed := strings.Cut(after, end)
		if !found || !closed {
			t.Fatalf("the page has no place for table %d", i+1)
		}
		if old != table && !*update {
			t.Errorf("table %d isn't what the prices make: go generate ./test/costs", i+1)
		}
		written.WriteString(before + begin + table + end)
		rest = after
	}
	if strings.Contains(rest, begin) {
		t.Error("the page has one table too many")
	}
	if *update {
		if err := os.WriteFile(page, []byte(written.String()+rest), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
