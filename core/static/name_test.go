package static

import (
	"io/fs"
	"net/url"
	"testing"
)

func TestShortNamesOfWindowsAreOfNoFile(t *testing.T) {
	for path, test := range map[string]struct{ windows, elsewhere bool }{
		"/ENV~1":              {false, true},
		"/env%7E1":            {false, true},
		"/GIT~1/config":       {false, true},
		"/docs/HIDDEN~12.TXT": {false, true},
		"/ENV~1.":             {false, true},
		"/docs/A1B2~9/x.js":   {false, true},
		"/~":                  {true, true},
		"/~ann/index.html":    {true, true},
		"/vendors~main.1.js":  {true, true},
		"/1~/x.js":            {true, true},
	} {
		address, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		for windows, want := range map[bool]bool{true: test.windows, false: test.elsewhere} {
			// A page may have such a path, as one of an app's router.
			if name, ok := nameOf(address, windows); !ok || fs.ValidPath(name) != want {
				t.Errorf("%s, on Windows %v: got %q, %v, want a file's: %v", path, windows, name, ok, want)
			}
		}
	}
}
