package static_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/copilotkit-go/runtime/core/static"
)

func TestThePolicyOfAnAnswer(t *testing.T) {
	files := app()
	files["index.html"] = &fstest.MapFile{Data: []byte("<script src=/x.js></script><script>\r\nstart()</script><style>a{}</style><SCRIPT type='module' data-x=\"a>b\">go()</SCRIPT ><script></script>")}
	files["index.html.gz"] = &fstest.MapFile{Data: []byte("GZ")}
	digest := func(script string) string {
		sum := sha256.Sum256([]byte(script))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	digests := " " + digest("\nstart()") + " " + digest("go()")
	with := func(policy, directive, more string) string {
		return strings.Replace(policy, directive, directive+more, 1)
	}
	everything, err := static.MergePolicy(static.DefaultPolicy, static.DrawingPolicy)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ policy, path, want string }{
		"a page has the digests of its own scripts":        {"", "/", with(static.DefaultPolicy, "script-src 'self'", digests)},
		"and so has any other path of the app":             {"", "/trips", with(static.DefaultPolicy, "script-src 'self'", digests)},
		"another page has none":                            {"", "/about", static.DefaultPolicy},
		"a picture has it too, since it may be a page":     {"", "/assets/logo.svg", static.DefaultPolicy},
		"where all scripts may run, digests would forbid":  {everything, "/", everything},
		"where no scripts may run, digests take its place": {"script-src 'none'; img-src *", "/", "script-src" + digests + "; img-src *"},
		"a policy that says nothing of scripts stays":      {"img-src *", "/", "img-src *"},
		"off": {"off", "/", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			handler := newHandler(t, files, static.Config{Policy: test.policy})
			for _, accepts := range []string{"", "gzip"} {
				header := page.Clone()
				header.Set("Accept-Encoding", accepts)
				if got := request(handler, http.MethodGet, test.path, header).Header().Get("Content-Security-Policy"); got != test.want {
					t.Errorf("with %q got\n%s\nwant\n%s", accepts, got, test.want)
				}
			}
		})
	}
}

func TestDirectivesTakeThePlaceOfThoseOfTheSameName(t *testing.T) {
	const policy = "default-src 'self'; img-src 'self' data:"
	for name, test := range map[string]struct{ other, want, wrong string }{
		"nothing":                   {"", policy, ""},
		"one that is there":         {"img-src *", "default-src 'self'; img-src *", ""},
		"one that isn't there":      {"connect-src https://a.example", policy + "; connect-src https://a.example", ""},
		"one without sources":       {"upgrade-insecure-requests;", policy + "; upgrade-insecure-requests", ""},
		"spaces and capitals":       {"  IMG-SRC   'none' ;; ", "default-src 'self'; img-src 'none'", ""},
		"one that doesn't exist":    {"imgsrc *", "", `no directive "imgsrc"`},
		"a whole header":            {"Content-Security-Policy: img-src *", "", "no directive"},
		"one that is there twice":   {"img-src *; img-src 'none'", "", "twice"},
		"a header in a header":      {"img-src *\nX: y", "", "one line"},
		"letters that headers lack": {"img-src é", "", "ASCII"},
		"a keyword without quotes":  {"connect-src self https://a.example", "", "connect-src: self is the name of a host: 'self' is meant"},
		"another":                   {"frame-ancestors NONE", "", "'NONE' is meant"},
		"a digest without quotes":   {"script-src sha256-AAAA", "", "'sha256-AAAA' is meant"},
		"a misspelt keyword":        {"script-src 'slef'", "", "script-src: there is no source 'slef'"},
		"half a pair of quotes":     {"script-src 'self", "", "no source 'self"},
		"keywords and digests":      {"script-src 'self' 'wasm-unsafe-eval' 'nonce-a' 'sha384-A=='", policy + "; script-src 'self' 'wasm-unsafe-eval' 'nonce-a' 'sha384-A=='", ""},
		"words of other directives": {"sandbox allow-scripts; report-to none; require-trusted-types-for 'script'", policy + "; sandbox allow-scripts; report-to none; require-trusted-types-for 'script'", ""},
	} {
		got, err := static.MergePolicy(policy, test.other)
		if test.wrong == "" && (err != nil || got != test.want) || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
