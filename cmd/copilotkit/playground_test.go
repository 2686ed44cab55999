package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// echo stands in for the runtime and answers with the path.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "runtime "+r.Method+" "+r.URL.EscapedPath())
})

func get(mux http.Handler, method, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

func TestThePageAndTheRuntimeShareTheServer(t *testing.T) {
	tests := map[string]struct {
		base, method, path string
		status             int
		want               string
	}{
		"the page is at the root":                   {"/api/copilotkit", "GET", "/", 200, "<title>CopilotKit playground"},
		"a script of the page":                      {"/api/copilotkit", "GET", "/playground/app.js", 200, "newThread"},
		"no such file of the page":                  {"/api/copilotkit", "GET", "/playground/nothing.js", 404, ""},
		"the runtime is below its base path":        {"/api/copilotkit", "GET", "/api/copilotkit/info", 200, "runtime GET"},
		"a single route is the base path itself":    {"/api/copilotkit", "POST", "/api/copilotkit", 200, "runtime POST /api/copilotkit"},
		"an escaped slash is left alone":            {"/api/copilotkit", "GET", "/api/copilotkit/threads/a%2Fb/messages", 200, "/threads/a%2Fb/messages"},
		"nothing is elsewhere":                      {"/api/copilotkit", "GET", "/info", 404, ""},
		"with the runtime at the root, its routes":  {"/", "GET", "/info", 200, "runtime GET /info"},
		"with the runtime at the root, the page":    {"/", "GET", "/", 200, "<title>CopilotKit playground"},
		"with the runtime at the root, single POST": {"/", "POST", "/", 200, "runtime POST /"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := get(newMux(&bundle.Settings{BasePath: test.base}, echo), test.method, test.path)
			if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
				t.Errorf("got %d %.200s, want %d and %q", answer.Code, answer.Body, test.status, test.want)
			}
		})
	}
}

func TestThePlaygroundMakesWayForAFrontEnd(t *testing.T) {
	tests := map[string]struct {
		development bool
		path        string
		want        string
	}{
		"the front end is at the root":              {true, "/", "runtime GET /"},
		"its paths are left alone":                  {true, "//a/../b", "runtime GET //a/../b"},
		"the playground is elsewhere":               {true, "/playground/", "<title>CopilotKit playground"},
		"with its files":                            {true, "/playground/app.js", "newThread"},
		"and with its sandbox":                      {true, "/playground/sandbox.html", "<title>Sandbox"},
		"in production there is none":               {false, "/playground/", "runtime GET /playground/"},
		"in production the front end is everywhere": {false, "/", "runtime GET /"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			settings := &bundle.Settings{BasePath: "/api/copilotkit", Static: "dist", Development: test.development}
			if answer := get(newMux(settings, echo), "GET", test.path); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), test.want) {
				t.Errorf("got %d %.200s", answer.Code, answer.Body)
			}
		})
	}
}

func TestThePageKnowsItsRuntimeAndRunsNothingElse(t *testing.T) {
	mux := newMux(&bundle.Settings{BasePath: `/a"><script>`, SingleRoute: true, Model: "openai/gpt-4o"}, echo)
	answer := get(mux, "GET", "/")
	html := answer.Body.String()
	for _, want := range []string{`content="/a&#34;&gt;&lt;script&gt;"`, `content="single-route"`, "openai/gpt-4o"} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing from the page", want)
		}
	}
	if policy := answer.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'self';") {
		t.Errorf("the policy is %q", policy)
	}
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|\son\w+=|style=`).FindString(html); inline != "" {
		t.Errorf("the page has %q in line, which its policy forbids", inline)
	}
	for _, file := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if answer := get(mux, "GET", file[1]); answer.Code != http.StatusOK {
			t.Errorf("%s: got %d", file[1], answer.Code)
		}
	}
}

func TestWhatAModelWroteHasNoOriginAndNoNetwork(t *testing.T) {
	mux := newMux(&bundle.Settings{BasePath: "/api/copilotkit"}, echo)
	answer := get(mux, "GET", "/playground/sandbox.html")
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "<title>Sandbox") {
		t.Errorf("got %d %.200s", answer.Code, answer.Body)
	}
	policies := map[string][]string{}
	for policy := range strings.SplitSeq(answer.Header().Get("Content-Security-Policy"), ";") {
		words := strings.Fields(policy)
		policies[words[0]] = words[1:]
	}
	for directive, want := range map[string]string{
		"sandbox": "allow-scripts", "default-src": "'none'", "form-action": "'none'", "frame-ancestors": "'self'",
	} {
		if got := strings.Join(policies[directive], " "); got != want {
			t.Errorf("%s is %q, want %q", directive, got, want)
		}
	}
	for directive, sources := range policies {
		for _, source := range sources {
			if strings.HasPrefix(directive, "connect") || strings.Contains(source, "http") || source == "*" {
				t.Errorf("%s lets it reach %s", directive, source)
			}
		}
	}
}

func TestTheScriptsNeverMakeMarkupOfText(t *testing.T) {
	entries, err := files.ReadDir("playground/static")
	if err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
	for _, entry := range entries {
		script, err := files.ReadFile("playground/static/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`).Find(script); found != nil {
			t.Errorf("%s uses %s", entry.Name(), found)
		}
	}
}
