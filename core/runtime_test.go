package core_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
)

const (
	base         = "/api/copilotkit"
	needsThreads = `{"error":"Missing CopilotKitIntelligence configuration. Thread operations require a CopilotKitIntelligence instance to be provided in CopilotRuntime options."}`
	needsNote    = `{"error":"Missing CopilotKitIntelligence configuration. annotate requires a CopilotKitIntelligence instance to be provided in CopilotRuntime options."}`
	notAllowed   = `{"error":"Method not allowed"}`
	nothing      = `{"error":"Not found"}`
	wrongMode    = `{"error":"Not found","code":"single_route_envelope_against_multi_route_runtime","message":"Received a single-route request envelope ({ method: \"...\" }) but this runtime is mounted in multi-route mode, so the request matched no route. Either drop useSingleEndpoint from the frontend provider so it negotiates the transport, or mount the runtime with mode: \"single-route\" to serve this envelope."}`
	infoHead     = `{"version":"1.75.0","agents":{"default":{"name":"default","description":"","className":"Func"},"ä/b":{"name":"ä/b","description":"","className":"Func"}},"audioFileTranscriptionEnabled":false,"mode":"sse",`
	infoTail     = `"suggestions":true,"a2uiEnabled":false,"openGenerativeUIEnabled":false,"telemetryDisabled":true}`
	infoBody     = infoHead + `"threadEndpoints":{"list":true,"inspect":true,"mutations":true,"realtimeMetadata":false},` + infoTail
)

// answer is what a request is answered with. The status and the body of most
// were observed on the reference runtime 1.75.0; where this runtime means to
// differ, the case's name says so.
type answer struct {
	status int
	body   string
	header map[string]string
}

func checkAnswer(t *testing.T, handler http.Handler, r request, want answer) {
	t.Helper()
	got := r.to(handler)
	if got.Code != want.status {
		t.Errorf("status %d, want %d", got.Code, want.status)
	}
	if body := bodyOf(got); body != want.body {
		t.Errorf("body\n  %s\nwant\n  %s", body, want.body)
	}
	for name, value := range want.header {
		if got := got.Header().Get(name); got != value {
			t.Errorf("header %s is %q, want %q", name, got, value)
		}
	}
}

func TestEveryRouteAnswersItsMethodsAndRefusesTheOthers(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base})
	for path, allow := range map[string]string{
		"/info":                    "GET",
		"/agent/default/run":       "POST",
		"/agent/default/suggest":   "POST",
		"/agent/default/connect":   "GET, POST", // the reference: POST
		"/agent/default/stop/t9":   "POST",
		"/transcribe":              "POST",
		"/threads":                 "GET, POST", // the reference: GET
		"/threads/clear":           "POST",
		"/threads/subscribe":       "POST",
		"/threads/t9":              "PATCH, DELETE",
		"/threads/t9/archive":      "POST",
		"/threads/t9/messages":     "GET",
		"/threads/t9/events":       "GET",
		"/threads/t9/state":        "GET",
		"/annotate":                "POST",
		"/inspector-metadata":      "GET",
		"/inspector-learning":      "GET",
		"/cpk-debug-events":        "GET",
		"/memories":                "",
		"/memories/recall":         "",
		"/memories/subscribe":      "",
		"/memories/x":              "",
		"/nope":                    "",
		"/":                        "",
		"":                         "",
		"/agent/default":           "",
		"/agent/default/stop":      "",
		"/threads/t9/archive/more": "",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} {
			if allow != "" && strings.Contains(allow, method) {
				continue
			}
			t.Run(method+" "+path, func(t *testing.T) {
				want := answer{status: 404, body: nothing}
				if allow != "" {
					want = answer{status: 405, body: notAllowed, header: map[string]string{"Allow": allow}}
				}
				want.header = mergeWant(want.header, "Content-Type", "application/json")
				checkAnswer(t, handler, request{method: method, path: base + path}, want)
			})
		}
	}
}

func mergeWant(header map[string]string, name, value string) map[string]string {
	merged := map[string]string{name: value}
	for name, value := range header {
		merged[name] = value
	}
	return merged
}

func TestMultiRouteAnswers(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base})
	for _, test := range []struct {
		name string
		request
		answer
	}{
		{"info (mutations is false in the reference)", request{method: "GET", path: "/info"}, answer{200, infoBody, map[string]string{"Content-Type": "application/json"}}},
		{"info ignores a query", request{method: "GET", path: "/info?x=1"}, answer{200, infoBody, nil}},
		{"info behind more path", request{method: "GET", path: "/x/info"}, answer{200, infoBody, nil}},
		{"info with doubled and trailing slashes", request{method: "GET", path: "//info/"}, answer{200, infoBody, nil}},
		{"info in capitals is another path", request{method: "GET", path: "/INFO"}, answer{404, nothing, nil}},
		{"info with an escape is another path", request{method: "GET", path: "/inf%6f"}, answer{404, nothing, nil}},
		{"inspector metadata", request{method: "GET", path: "/inspector-metadata"}, answer{204, "", map[string]string{"Cache-Control": "no-store, private"}}},
		{"inspector learning", request{method: "GET", path: "/inspector-learning"}, answer{404, nothing, map[string]string{"Cache-Control": "no-store, private"}}},
		{"threads subscribe", request{method: "POST", path: "/threads/subscribe", body: "{}"}, answer{422, needsThreads, nil}},
		{"annotate without a body", request{method: "POST", path: "/annotate"}, answer{422, needsNote, nil}},
		{"annotate with a broken body", request{method: "POST", path: "/annotate", body: "{"}, answer{422, needsNote, nil}},
		{"transcribe without a service", request{method: "POST", path: "/transcribe", body: "{}"}, answer{503, `{"error":"service_not_configured","message":"Transcription service is not configured","retryable":false}`, nil}},
		{"debug events in production", request{method: "GET", path: "/cpk-debug-events"}, answer{404, "Not Found", map[string]string{"Content-Type": "text/plain;charset=UTF-8"}}},
		{"threads without any", request{method: "GET", path: "/threads?agentId=default"}, answer{200, `{"threads":[],"nextCursor":null}`, nil}},
		{"messages of an unknown thread", request{method: "GET", path: "/threads/zz/messages"}, answer{200, `{"messages":[]}`, nil}},
		{"events of an unknown thread", request{method: "GET", path: "/threads/zz/events"}, answer{200, `{"events":[]}`, nil}},
		{"state of an unknown thread", request{method: "GET", path: "/threads/zz/state"}, answer{200, `{"state":null}`, nil}},
		{"state of an id that is not UTF-8", request{method: "GET", path: "/threads/%E4/state"}, answer{404, nothing, nil}},
		{"clear", request{method: "POST", path: "/threads/clear"}, answer{204, "", nil}},
		{"a single-route envelope at the base path", request{method: "POST", path: "", body: `{"method":"info"}`}, answer{404, wrongMode, nil}},
		{"a single-route envelope behind a slash", request{method: "POST", path: "/", body: `{"method":"agent/run","params":{},"body":{}}`, contentType: "application/json; charset=utf-8"}, answer{404, wrongMode, nil}},
		{"an envelope of an unknown method", request{method: "POST", path: "", body: `{"method":"nope"}`}, answer{404, nothing, nil}},
		{"an envelope whose method is a number", request{method: "POST", path: "", body: `{"method":1}`}, answer{404, nothing, nil}},
		{"an envelope in capitals", request{method: "POST", path: "", body: `{"Method":"info"}`}, answer{404, nothing, nil}},
		{"an envelope that is no JSON", request{method: "POST", path: "", body: `x`}, answer{404, nothing, nil}},
		{"an envelope that is null", request{method: "POST", path: "", body: `null`}, answer{404, nothing, nil}},
		{"an envelope as text", request{method: "POST", path: "", body: `{"method":"info"}`, contentType: "text/plain"}, answer{404, nothing, nil}},
		{"an envelope by PUT", request{method: "PUT", path: "", body: `{"method":"info"}`}, answer{404, nothing, nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.path = base + test.request.path
			checkAnswer(t, handler, test.request, test.answer)
		})
	}
}

func TestAFrontEndIsAskedForWhatIsOutsideTheBasePath(t *testing.T) {
	frontEnd := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for name, single := range map[string]bool{"multi-route": false, "single-route": true} {
		handler := newRuntime(t, core.Config{BasePath: "/api", SingleRoute: single, FrontEnd: frontEnd, Hooks: core.Hooks{
			OnRequest: func(r *http.Request) (*http.Request, error) { return nil, errors.New("asked") },
		}})
		for path, want := range map[string]int{
			"/": 418, "/apis/info": 418, "/info": 418, "/x/../api/info": 418, "/ap%69/info": 418,
			"/api": 500, "/api/": 500, "/api/info": 500, "/api/nothing": 500,
		} {
			for _, method := range []string{"GET", "POST"} {
				if got := (request{method: method, path: path}).to(handler); got.Code != want {
					t.Errorf("%s: %s %s: status %d, want %d", name, method, path, got.Code, want)
				}
			}
		}
	}
	for _, base := range []string{"", "/", "//"} {
		if _, err := core.New(core.Config{Agents: agents(greeter), BasePath: base, FrontEnd: frontEnd}); err == nil {
			t.Errorf("base path %q leaves nothing to a front end", base)
		}
	}
}

func TestBasePath(t *testing.T) {
	for _, test := range []struct {
		base, path string
		want       int
	}{
		{"/api/copilotkit", "/api/copilotkit/info", 200},
		{"/api/copilotkit/", "/api/copilotkit/info", 200},
		{"/api/copilotkit", "/info", 404},
		{"/api/copilotkit", "/api/copilotkitx/info", 404},
		{"/api/copilotkit", "/x/api/copilotkit/info", 404},
		{"/api/copilotkit", "/api/copilotki%74/info", 404},
		{"/", "/info", 200},
		{"/", "/x/y/info", 200},
		{"", "/info", 200},
		{"", "/x/y/info", 200},
		{"", "/api/copilotkitx/info", 200},
		{"/a b", "/a%20b/info", 200},
		{"/a%20b", "/a%20b/info", 200},
	} {
		t.Run(fmt.Sprintf("%q serves %s", test.base, test.path), func(t *testing.T) {
			handler := newRuntime(t, core.Config{BasePath: test.base})
			if got := (request{method: "GET", path: test.path}).to(handler); got.Code != test.want {
				t.Errorf("status %d, want %d", got.Code, test.want)
			}
		})
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	good := func(config core.Config) core.Config {
		config.Agents = agents(greeter)
		return config
	}
	for _, test := range []struct {
		name   string
		config core.Config
		want   string
	}{
		{"no agents", core.Config{}, "no agents"},
		{"an agent that is nil", core.Config{Agents: map[string]agent.Agent{"a": nil}}, `agent "a" is nil`},
		{"an agent whose function is nil", core.Config{Agents: map[string]agent.Agent{"a": agent.Func(nil)}}, `agent "a" is nil`},
		{"an agent without a name", core.Config{Agents: map[string]agent.Agent{"": greeter}}, "empty name"},
		{"a base path without a slash", good(core.Config{BasePath: "api"}), `base path "api" doesn't begin with a slash`},
		{"a base path with a query", good(core.Config{BasePath: "/api?x"}), `"/api?x" is not a path`},
		{"a base path with a broken escape", good(core.Config{BasePath: "/a%zz"}), `base path "/a%zz"`},
		{"a negative body limit", good(core.Config{MaxBodyBytes: -1}), "MaxBodyBytes"},
		{"a negative limit of all bodies", good(core.Config{MaxConcurrentBodyBytes: -1}), "MaxConcurrentBodyBytes"},
		{"a negative time limit of runs", good(core.Config{RunTimeout: -1}), "RunTimeout"},
		{"a negative lease", good(core.Config{LeaseTTL: -1}), "LeaseTTL is negative"},
		{"a negative margin", good(core.Config{DeadlineMargin: -1}), "DeadlineMargin is negative"},
		{"a negative grace", good(core.Config{StopGrace: -1}), "StopGrace is negative"},
		{"credentials for all", good(core.Config{CORS: &core.CORS{Credentials: true}}), "credentials to all origins"},
		{"credentials for a star", good(core.Config{CORS: &core.CORS{Origin: "*", Credentials: true}}), "credentials to all origins"},
		{"credentials for a star in a list", good(core.Config{CORS: &core.CORS{Origins: []string{"https://a.example", "*"}, Credentials: true}}), "credentials to all origins"},
		{"two kinds of CORS origins", good(core.Config{CORS: &core.CORS{Origin: "*", Origins: []string{"x"}}}), "more than one of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			runtime, err := core.New(test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error with %q", runtime, err, test.want)
			}
		})
	}
}
