package static_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/copilotkit-go/runtime/core/static"
)

func TestTheBestCompressedFileThatTheClientTakesIsSent(t *testing.T) {
	const script = "assets/index-DMm9YOAa.js"
	files := app()
	for name, content := range map[string]string{script + ".br": "BR", script + ".gz": "GZ", "about.html.gz": "GZ", "only.gz": "GZ"} {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	handler := newHandler(t, files, static.Config{})
	tests := map[string]struct{ path, accepts, coding, body string }{
		"a browser":                             {script, "gzip, deflate, br, zstd", "br", "BR"},
		"one that has no Brotli":                {script, "gzip, deflate", "gzip", "GZ"},
		"who says nothing":                      {script, "", "", "run()"},
		"who takes something else":              {script, "zstd", "", "run()"},
		"who would rather have gzip":            {script, "br;q=0.5, gzip;q=0.9", "gzip", "GZ"},
		"who likes both as much":                {script, "gzip;q=0.5, br;q=0.5", "br", "BR"},
		"who wants no Brotli":                   {script, "br;q=0, gzip", "gzip", "GZ"},
		"who takes anything":                    {script, "*", "br", "BR"},
		"who takes anything but Brotli":         {script, "*, br; q=0", "gzip", "GZ"},
		"who would rather have it as it is":     {script, "identity, br;q=0.5, gzip;q=0.5", "", "run()"},
		"who wants it as it is not at all":      {script, "identity;q=0, gzip", "gzip", "GZ"},
		"who takes nothing":                     {script, "identity;q=0, *;q=0", "", "run()"},
		"a weight that isn't one":               {script, "br;q=NaN, gzip;q=x", "", "run()"},
		"capitals":                              {script, "GZIP;Q=1", "gzip", "GZ"},
		"a page":                                {"about", "br, gzip", "gzip", "GZ"},
		"a file that has no other":              {"robots.txt", "br, gzip", "", "User-agent: *"},
		"the compressed file itself":            {script + ".br", "br, gzip", "", "BR"},
		"a compressed file without an original": {"only.gz", "gzip", "", "GZ"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			header := page.Clone()
			header.Set("Accept-Encoding", test.accepts)
			answer := request(handler, http.MethodGet, "/"+test.path, header)
			if answer.Code != http.StatusOK || answer.Header().Get("Content-Encoding") != test.coding || answer.Body.String() != test.body {
				t.Errorf("got %d %q %s", answer.Code, answer.Header().Get("Content-Encoding"), answer.Body)
			}
			varies := slices.Contains(answer.Header().Values("Vary"), "Accept-Encoding")
			if others := test.path == script || test.path == "about"; varies != others {
				t.Errorf("Vary is %q", answer.Header().Values("Vary"))
			}
			if test.path == script && answer.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
				t.Errorf("its type is %s", answer.Header().Get("Content-Type"))
			}
		})
	}
}

func TestEachCodingHasItsETag(t *testing.T) {
	files := app()
	files["robots.txt.gz"] = &fstest.MapFile{Data: []byte("GZ-GZ-GZ")}
	handler := newHandler(t, files, static.Config{})
	gzip := http.Header{"Accept-Encoding": {"gzip"}}
	plain := request(handler, http.MethodGet, "/robots.txt", nil).Header().Get("ETag")
	packed := request(handler, http.MethodGet, "/robots.txt", gzip).Header().Get("ETag")
	if plain == packed {
		t.Errorf("both are %s", plain)
	}
	for name, test := range map[string]struct {
		changes http.Header
		status  int
		body    string
	}{
		"the same, packed":        {http.Header{"If-None-Match": {packed}}, http.StatusNotModified, ""},
		"the other is no match":   {http.Header{"If-None-Match": {plain}}, http.StatusOK, "GZ-GZ-GZ"},
		"a part of what is sent":  {http.Header{"Range": {"bytes=0-1"}, "If-Range": {packed}}, http.StatusPartialContent, "GZ"},
		"a part of another":       {http.Header{"Range": {"bytes=0-1"}, "If-Range": {plain}}, http.StatusOK, "GZ-GZ-GZ"},
		"a condition that failed": {http.Header{"If-Match": {plain}}, http.StatusPreconditionFailed, ""},
	} {
		header := gzip.Clone()
		for key, values := range test.changes {
			header[key] = values
		}
		if answer := request(handler, http.MethodGet, "/robots.txt", header); answer.Code != test.status || answer.Body.String() != test.body {
			t.Errorf("%s: got %d %q", name, answer.Code, answer.Body)
		}
	}
}

func TestACompressedFileOfAnEarlierBuildIsNotSent(t *testing.T) {
	now := time.Now()
	files := fstest.MapFS{
		"index.html":                  {Data: []byte("new"), ModTime: now},
		"index.html.gz":               {Data: []byte("OLD"), ModTime: now.Add(-time.Minute)},
		"index.html.br":               {Data: []byte("NEW"), ModTime: now},
		"assets/index-DMm9YOAa.js":    {Data: []byte("run()"), ModTime: now},
		"assets/index-DMm9YOAa.js.gz": {Data: []byte("GZ"), ModTime: now.Add(-time.Minute)}, // as a checkout may write them
	}
	handler := newHandler(t, files, static.Config{})
	for path, want := range map[string]map[string]string{
		"/":                         {"gzip": "new", "br": "NEW"},
		"/assets/index-DMm9YOAa.js": {"gzip": "GZ"},
	} {
		for accepts, body := range want {
			if got := request(handler, http.MethodGet, path, http.Header{"Accept-Encoding": {accepts}}).Body.String(); got != body {
				t.Errorf("%s by %s: got %q, want %q", path, accepts, got, body)
			}
		}
	}
}
