package static_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/copilotkit-go/runtime/core/static"
)

// page is what a browser says that opens a page.
var page = http.Header{"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}}

// app is a built app, as if it were embedded.
func app() fstest.MapFS {
	files := fstest.MapFS{}
	for name, content := range map[string]string{
		"index.html":                "<title>Index</title>",
		"about.html":                "<title>About</title>",
		"docs/index.html":           "<title>Docs</title>",
		"assets/index-DMm9YOAa.js":  "run()",
		"assets/logo.svg":           "<svg/>",
		"robots.txt":                "User-agent: *",
		".env":                      "SECRET=1",
		".git/config":               "[core]",
		"docs/.hidden/x.js":         "secret",
		".well-known/security.txt":  "Contact: x",
		"..data/x.js":               "secret",
		"readme":                    "no extension",
		"assets/index-DMm9YOAa.map": "{}",
	} {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

func newHandler(t *testing.T, files fstest.MapFS, config static.Config) http.Handler {
	t.Helper()
	handler, err := static.New(files, config)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// request asks a handler for a path, as it stands in the request's first line.
func request(handler http.Handler, method, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if header != nil {
		r.Header = header.Clone()
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer
}

func TestWhatAPathIsAnsweredWith(t *testing.T) {
	tests := map[string]struct {
		path   string
		header http.Header
		status int
		want   string
	}{
		"the root is the index, whatever is accepted":       {"/", nil, 200, "<title>Index"},
		"a query doesn't matter":                            {"/?x=../..", nil, 200, "<title>Index"},
		"a file is itself":                                  {"/assets/logo.svg", nil, 200, "<svg/>"},
		"a file without an extension is itself":             {"/readme", page, 200, "no extension"},
		"an unknown page is the index":                      {"/trips/2026", page, 200, "<title>Index"},
		"an unknown page with a slash is the index":         {"/trips/", page, 200, "<title>Index"},
		"an id with an encoded slash is in a page's path":   {"/trips/a%2Fb", page, 200, "<title>Index"},
		"a page of its own file":                            {"/about", page, 200, "<title>About"},
		"a page of its own folder":                          {"/docs", page, 200, "<title>Docs"},
		"a page of its own folder with a slash":             {"/docs/", page, 200, "<title>Docs"},
		"a folder without a page isn't listed":              {"/assets/", page, 200, "<title>Index"},
		"a folder isn't listed for programs either":         {"/assets/", nil, 404, ""},
		"a program that asks for a page gets none":          {"/trips/2026", http.Header{"Accept": {"*/*"}}, 404, ""},
		"who wants no HTML gets none":                       {"/trips", http.Header{"Accept": {"text/html;q=0, */*"}}, 404, ""},
		"HTML may be asked for in a second header":          {"/trips", http.Header{"Accept": {"application/json", "text/html;q=0.1"}}, 200, "<title>Index"},
		"a missing script is never HTML":                    {"/assets/index-OLD12345.js", page, 404, ""},
		"a missing script in a folder of a page is neither": {"/docs/nothing.js", page, 404, ""},
		"a file isn't a folder":                             {"/robots.txt/x.js", page, 404, ""},
		"a file with a slash behind it isn't there":         {"/index.html/", page, 404, ""},
		"the folder .well-known is there":                   {"/.well-known/security.txt", nil, 200, "Contact"},
		"nothing in .well-known is a page":                  {"/.well-known/change-password", page, 404, ""},
		"a name with a dot is not":                          {"/.env", page, 404, ""},
		"a folder with a dot is not":                        {"/.git/config", page, 404, ""},
		"a folder with a dot in another is not":             {"/docs/.hidden/x.js", page, 404, ""},
		"a folder with two dots and more is not":            {"/..data/x.js", page, 404, ""},
		"there is no way up":                                {"/../secret.js", page, 404, ""},
		"there is no encoded way up":                        {"/%2e%2e/etc/passwd", page, 404, ""},
		"there is no way up by encoded slashes":             {"/..%2f..%2fetc/passwd", page, 404, ""},
		"there is no way up by backslashes":                 {"/assets/..%5c..%5cetc", page, 404, ""},
		"a name with a backslash is no file's":              {"/assets%5clogo.svg", nil, 404, ""},
		"a name with an encoded slash is no file's":         {"/assets%2flogo.svg", nil, 404, ""},
		"an empty name is no file's":                        {"/assets//logo.svg", nil, 404, ""},
		"another server is not asked for":                   {"//etc/passwd", page, 404, ""},
		"a name with NUL is no file's":                      {"/index%00.html", page, 404, ""},
		"a name that is encoded twice is decoded once":      {"/%252e%252e%252fsecret.js", page, 404, ""},
		"a name of 100 KB is no file's":                     {"/" + strings.Repeat("a", 100<<10) + ".js", page, 404, ""},
		"a page with a name of 100 KB is the index":         {"/" + strings.Repeat("a", 100<<10), page, 200, "<title>Index"},
		"ten thousand folders are no file's":                {strings.Repeat("/a", 10_000) + ".js", page, 404, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := os.CopyFS(folder, app()); err != nil {
				t.Fatal(err)
			}
			inFolder, err := static.New(static.Dir(folder), static.Config{})
			if err != nil {
				t.Fatal(err)
			}
			for where, handler := range map[string]http.Handler{"embedded": newHandler(t, app(), static.Config{}), "in a folder": inFolder} {
				answer := request(handler, http.MethodGet, test.path, test.header)
				if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
					t.Errorf("%s: got %d %.100s, want %d and %q", where, answer.Code, answer.Body, test.status, test.want)
				}
				if answer.Code != http.StatusOK && (!strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain") || answer.Body.Len() > 40) {
					t.Errorf("%s: the refusal is %s %s", where, answer.Header().Get("Content-Type"), answer.Body)
				}
				if answer.Header().Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s: browsers may guess types", where)
				}
			}
		})
	}
}

func TestOnlyGetAndHeadAreAnswered(t *testing.T) {
	handler := newHandler(t, app(), static.Config{})
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		answer := request(handler, method, "/", page)
		if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: got %d, allowed is %q", method, answer.Code, answer.Header().Get("Allow"))
		}
	}
	answer := request(handler, http.MethodHead, "/assets/logo.svg", nil)
	if answer.Code != http.StatusOK || answer.Body.Len() != 0 || answer.Header().Get("Content-Length") != "6" {
		t.Errorf("HEAD: got %d, %d bytes, %v", answer.Code, answer.Body.Len(), answer.Header())
	}
}

func TestBrowsersKeepWhatNeverChangesAndAskForTheRest(t *testing.T) {
	handler := newHandler(t, app(), static.Config{})
	for path, want := range map[string]string{
		"/":                         "no-cache",
		"/assets/logo.svg":          "no-cache",
		"/assets/index-DMm9YOAa.js": "public, max-age=31536000, immutable",
		"/nothing.js":               "no-store",
	} {
		if got := request(handler, http.MethodGet, path, nil).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	etag := request(handler, http.MethodGet, "/", nil).Header().Get("ETag")
	for name, test := range map[string]struct {
		header http.Header
		status int
	}{
		"what the browser has is the same": {http.Header{"If-None-Match": {etag}}, http.StatusNotModified},
		"what the browser has is another":  {http.Header{"If-None-Match": {`"another"`}}, http.StatusOK},
		"a part of it":                     {http.Header{"Range": {"bytes=0-3"}}, http.StatusPartialContent},
		"a part of another":                {http.Header{"Range": {"bytes=0-3"}, "If-Range": {`"another"`}}, http.StatusOK},
		"a part beyond its end":            {http.Header{"Range": {"bytes=1000-"}}, http.StatusRequestedRangeNotSatisfiable},
	} {
		if answer := request(handler, http.MethodGet, "/", test.header); answer.Code != test.status {
			t.Errorf("%s: got %d, want %d", name, answer.Code, test.status)
		}
	}
	if strings.HasPrefix(etag, "W/") || etag == "" {
		t.Errorf("the ETag is %q", etag)
	}
}

func TestTypesAreThoseOfBrowsers(t *testing.T) {
	files := app()
	types := map[string]string{
		"a.js": "text/javascript; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8", "a.css": "text/css; charset=utf-8",
		"a.wasm": "application/wasm", "a.svg": "image/svg+xml", "a.woff2": "font/woff2", "a.json": "application/json",
		"a.js.map": "application/json", "a.webmanifest": "application/manifest+json", "A.PNG": "image/png", "a.unheard-of": "application/octet-stream",
		"readme": "application/octet-stream", "a.html": "text/html; charset=utf-8", "a.js.gz": "application/gzip",
	}
	for name := range types {
		files[name] = &fstest.MapFile{Data: []byte("<script>alert(1)</script>")}
	}
	handler := newHandler(t, files, static.Config{})
	for name, want := range types {
		if got := request(handler, http.MethodGet, "/"+name, nil).Header().Get("Content-Type"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestAnAppWithoutAnIndexIsAnErrorAtOnce(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "index.html"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		folder string
		config static.Config
		want   string
	}{
		"no folder":                     {filepath.Join(folder, "nothing"), static.Config{}, "no such file"},
		"an index that is a folder":     {folder, static.Config{}, "not a regular file"},
		"an empty folder":               {t.TempDir(), static.Config{}, "index.html"},
		"a directive that is misspelt":  {folder, static.Config{Policy: "script-scr 'self'"}, `"script-scr"`},
		"a directive that is twice":     {folder, static.Config{Policy: "img-src *; img-src 'self'"}, "img-src"},
		"a policy with another header":  {folder, static.Config{Policy: "img-src *\r\nSet-Cookie: x"}, "one line"},
		"a policy that is two policies": {folder, static.Config{Policy: "img-src *, script-src *"}, "commas"},
	} {
		if _, err := static.New(static.Dir(test.folder), test.config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
