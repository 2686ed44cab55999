package bundle_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/static"
)

// html is what a browser says that opens a page.
var html = http.Header{"Accept": {"text/html"}}

// newSite returns a folder with a front end.
func newSite(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("the front end"), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestAFrontEndStandsBesideTheRoutes(t *testing.T) {
	runtime, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STATIC="+newSite(t),
		"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:anns-token"))
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	for name, test := range map[string]struct {
		path   string
		status int
		want   string
	}{
		"the front end is everybody's":         {"/", 200, "the front end"},
		"its pages are everywhere":             {"/threads/1", 200, "the front end"},
		"the routes are not":                   {"/api/copilotkit/info", 401, "error"},
		"what they lack isn't a page":          {"/api/copilotkit/nothing", 401, "error"},
		"the base path itself is the routes'":  {"/api/copilotkit", 401, "error"},
		"a path that begins like it is a page": {"/api/copilotkitchen", 200, "the front end"},
		"a file that isn't there is none":      {"/main.js", 404, "not found"},
	} {
		if answer := get(runtime, test.path, html); answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
			t.Errorf("%s: got %d %s", name, answer.Code, answer.Body)
		}
	}
}

func TestAFrontEndIsTheRuntimesOnTheFirstRequestToo(t *testing.T) {
	lazy := bundle.NewLazy(env("COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_STATIC="+newSite(t)))
	defer lazy.Close()
	if answer := get(lazy, "/", html); answer.Code != http.StatusOK || answer.Body.String() != "the front end" {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestAnEmbeddedFrontEndYieldsToTheEnvironments(t *testing.T) {
	files := fstest.MapFS{"index.html": {Data: []byte("embedded")}}
	for want, environment := range map[string]bundle.Env{
		"embedded":      env("COPILOTKIT_MODEL=demo"),
		"the front end": env("COPILOTKIT_MODEL=demo", "COPILOTKIT_STATIC="+newSite(t)),
	} {
		runtime, err := bundle.New(t.Context(), environment, bundle.WithFrontEnd(files))
		if err != nil {
			t.Fatal(err)
		}
		if answer := get(runtime, "/", nil); answer.Body.String() != want {
			t.Errorf("got %q, want %q", answer.Body, want)
		}
		if err := runtime.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFrontEndThatCanNotBeServedIsAnErrorAtTheStart(t *testing.T) {
	file := filepath.Join(newSite(t), "index.html")
	missing := filepath.Join(t.TempDir(), "dist")
	for name, test := range map[string]struct {
		env     []string
		options []bundle.Option
		want    string
	}{
		"no folder":                   {[]string{"COPILOTKIT_STATIC=" + missing}, nil, "COPILOTKIT_STATIC: there is no folder " + missing},
		"a file":                      {[]string{"COPILOTKIT_STATIC=" + file}, nil, "isn't a folder"},
		"a folder without an index":   {[]string{"COPILOTKIT_STATIC=" + t.TempDir()}, nil, "has no index.html"},
		"the routes are at the root":  {[]string{"COPILOTKIT_STATIC=" + newSite(t), "COPILOTKIT_BASE_PATH=/"}, nil, "COPILOTKIT_STATIC: the routes are at the root"},
		"a policy that isn't one":     {[]string{"COPILOTKIT_STATIC_CSP=connect 'self'"}, nil, `COPILOTKIT_STATIC_CSP: there is no directive "connect"`},
		"the program serves another":  {[]string{"COPILOTKIT_STATIC=" + newSite(t)}, []bundle.Option{bundle.WithConfig(func(config *core.Config) { config.FrontEnd = http.NotFoundHandler() })}, "front end of its own"},
		"the platform serves another": {[]string{"COPILOTKIT_STATIC=" + newSite(t)}, []bundle.Option{bundle.WithoutFrontEnd("ask the platform")}, "COPILOTKIT_STATIC: no front end is served here: ask the platform"},
	} {
		_, err := bundle.New(t.Context(), env(append(test.env, "COPILOTKIT_MODEL=demo")...), test.options...)
		if envErr := (*bundle.EnvError)(nil); !errors.As(err, &envErr) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	if _, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo"), bundle.WithFrontEnd(fstest.MapFS{})); err == nil || !strings.Contains(err.Error(), "serve the front end") {
		t.Errorf("nothing embedded: got %v", err)
	}
}

// gateway is a platform of which only its address matters.
type gateway struct{ intelligence.Platform }

func (gateway) ClientURL() string { return "wss://gateway.example:8443/client" }
func (gateway) Close() error      { return nil }

func TestThePolicyFollowsWhatThereIsToDraw(t *testing.T) {
	draws, err := static.MergePolicy(static.DefaultPolicy, static.DrawingPolicy)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for name, test := range map[string]struct {
		env     []string
		options []bundle.Option
		want    string
	}{
		"nothing": {nil, nil, static.DefaultPolicy},
		"the managed platform": {
			[]string{
				"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:anns-token", "CPK_INTELLIGENCE_API_KEY=cpk-1_2345",
				"COPILOTKIT_INTELLIGENCE_API_URL=https://api.platform.example", "COPILOTKIT_INTELLIGENCE_WS_URL=wss://realtime.platform.example",
			},
			nil,
			strings.Replace(static.DefaultPolicy, "connect-src 'self'", "connect-src 'self' wss://realtime.platform.example", 1),
		},
		"a platform of the program": {
			[]string{"COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:anns-token"},
			[]bundle.Option{bundle.WithConfig(func(config *core.Config) {
				config.Store, config.Intelligence = nil, &intelligence.Config{Platform: gateway{}}
			})},
			strings.Replace(static.DefaultPolicy, "connect-src 'self'", "connect-src 'self' wss://gateway.example:8443", 1),
		},
		"pages":                 {[]string{"COPILOTKIT_OPEN_GENERATIVE_UI=on"}, nil, draws},
		"MCP Apps":              {[]string{"COPILOTKIT_MCP_APPS=time=" + server.URL}, nil, draws},
		"another server":        {[]string{"COPILOTKIT_STATIC_CSP=connect-src 'self' https://a.example"}, nil, strings.Replace(static.DefaultPolicy, "connect-src 'self'", "connect-src 'self' https://a.example", 1)},
		"pages without scripts": {[]string{"COPILOTKIT_OPEN_GENERATIVE_UI=on", "COPILOTKIT_STATIC_CSP=script-src 'self'"}, nil, static.DefaultPolicy},
		"off":                   {[]string{"COPILOTKIT_STATIC_CSP=off"}, nil, ""},
	} {
		runtime, err := bundle.New(t.Context(), env(append(test.env, "COPILOTKIT_MODEL=demo", "COPILOTKIT_STATIC="+newSite(t))...), test.options...)
		if err != nil {
			t.Fatal(err)
		}
		if got := get(runtime, "/", html).Header().Get("Content-Security-Policy"); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		if err := runtime.Close(); err != nil {
			t.Error(err)
		}
	}
}
