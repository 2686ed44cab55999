package core_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

// serveFuzzed serves a request, which must not be anything's fault.
func serveFuzzed(t *testing.T, handler http.Handler, method, target, body string) {
	t.Helper()
	parsed, err := url.ParseRequestURI(target)
	if err != nil || strings.ContainsAny(target, " \x7f") {
		return // no server would pass it on
	}
	request := httptest.NewRequest("POST", "/", strings.NewReader(body))
	request.Method, request.URL = method, parsed
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	// 501 and 503 are for what isn't configured here.
	if recorder.Code >= 500 && recorder.Code != http.StatusNotImplemented && recorder.Code != http.StatusServiceUnavailable {
		t.Errorf("%s %q with %q is answered with %d %s", method, target, body, recorder.Code, recorder.Body)
	}
}

// FuzzRouter asks for any path by any method.
func FuzzRouter(f *testing.F) {
	for _, path := range []string{
		"/info", "/agent/default/run", "/agent/%C3%A4%2Fb/connect?threadId=t", "/agent/default/stop/t%2F1", "/threads?agentId=default&limit=2&cursor=x",
		"/threads/t1", "/threads/t1/archive", "/threads/t1/messages", "/threads/t1/events", "/threads/%ff/state", "/threads/clear", "/threads/subscribe",
		"/transcribe", "/annotate", "/memories/recall", "/inspector-metadata", "/a//b/../agent//run", "/%zz", "//h/info", "/base/info/", "",
	} {
		f.Add("POST", path, input)
		f.Add("GET", "/base"+path, "")
	}
	f.Add("DELETE", "/threads/t1", `{"agentId":"default"}`)
	f.Add("PATCH", "/threads/t1", `{"agentId":"default","name":"n"}`)
	handlers := []http.Handler{newRuntime(f, core.Config{}), newRuntime(f, core.Config{BasePath: "/base"})}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if method == http.MethodGet && strings.Contains(target, "cpk-debug-events") {
			return // for ever
		}
		for _, handler := range handlers {
			serveFuzzed(t, handler, method, target, body)
		}
	})
}

// FuzzEnvelope sends any body to the one route of a single-route runtime.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"method":"info"}`, `{"method":"agent/run","params":{"agentId":"default"},"body":` + input + `}`,
		`{"method":"agent/connect","params":{"agentId":"default"},"body":"{\"threadId\":\"t\"}"}`,
		`{"method":"agent/stop","params":{"agentId":"default","threadId":"t"}}`, `{"method":"transcribe","body":{"audio":"AAAA","mimeType":"audio/webm"}}`,
		`{"method":"resource/request","params":{"path":"/threads?agentId=default","httpMethod":"get"}}`,
		`{"method":"resource/request","params":{"path":"/threads/%zz/messages","httpMethod":"GET"},"body":null}`,
		`{"method":"resource/request","params":{"path":"/threads/t","httpMethod":"PATCH"},"body":{"agentId":"default","name":"n"}}`,
		`{"method":null}`, `null`, `[]`, `"x"`, `{`, "\ufeff{}",
	} {
		f.Add(seed)
	}
	handler := newRuntime(f, core.Config{SingleRoute: true})
	f.Fuzz(func(t *testing.T, body string) { serveFuzzed(t, handler, "POST", "/", body) })
}
