package sqlite_test

import (
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// FuzzOpen opens a store in a directory of its own, with any name and parameters. The
// file must be where the address says.
func FuzzOpen(f *testing.F) {
	for _, seed := range [][2]string{
		{"a.db", ""}, {"a b?c#d%41.db", "busy_timeout=5s"}, {"é", "retention=24h"}, {"x&_pragma=y", "busy_timeout=-1s"}, {"a'b\"c;", "nope=1"}, {":memory:", ""}, {"file:x", "mode=memory"}, {"%2e", "%zz"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, query string) {
		if name == "" || name == "." || name == ".." || len(name) > 200 || strings.ContainsAny(name, "/\x00") {
			return // no name of a file
		}
		path := filepath.Join(t.TempDir(), name)
		address := neturl.URL{Scheme: "sqlite", Path: path, RawQuery: query}
		opened, err := sqlite.Open(t.Context(), address.String())
		if err != nil {
			return
		}
		if err := opened.Close(); err != nil {
			t.Errorf("%q: %v", address.String(), err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", address.String(), err)
		}
	})
}
