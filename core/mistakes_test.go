package core_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

func TestMistakesOfFrontEndsAreExplained(t *testing.T) {
	preflight := func(origin string) request {
		return request{method: "OPTIONS", path: "/api/agent/default/run", header: http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"},
		}}
	}
	const refused, noBase = "a web page of an origin that CORS doesn't allow", "isn't below its base path"
	for name, test := range map[string]struct {
		config       core.Config
		request      request
		status       int
		answer, logs string
	}{
		"a page of an origin that isn't listed":   {core.Config{}, preflight("https://b.example"), 204, "", refused},
		"a page of one that is":                   {core.Config{}, preflight("https://a.example"), 204, "", ""},
		"a page where all are":                    {core.Config{CORS: &core.CORS{}}, preflight("https://b.example"), 204, "", ""},
		"a page where one origin is for all":      {core.Config{CORS: &core.CORS{Origin: "https://a.example"}}, preflight("https://b.example"), 204, "", refused},
		"an OPTIONS that is no preflight":         {core.Config{}, request{method: "OPTIONS", path: "/api/info", header: http.Header{"Origin": {"https://b.example"}}}, 204, "", ""},
		"a route without the base path":           {core.Config{}, request{method: "GET", path: "/info"}, 404, `"code":"path_without_base_path"`, noBase},
		"a run without it":                        {core.Config{}, request{method: "POST", path: "/agent/default/run", body: input}, 404, `"code":"path_without_base_path"`, noBase},
		"a route that has lost half of it":        {core.Config{BasePath: "/api/copilotkit"}, request{method: "GET", path: "/copilotkit/info"}, 404, "path_without_base_path", noBase},
		"the same where there is a single route":  {core.Config{SingleRoute: true}, request{method: "GET", path: "/info"}, 404, "path_without_base_path", noBase},
		"a path that is none of a route":          {core.Config{}, request{method: "GET", path: "/favicon.ico"}, 404, `{"error":"Not found"}`, ""},
		"a route below a base path that is twice": {core.Config{}, request{method: "GET", path: "/api/api/info"}, 200, `"version"`, ""},
		"a path in the base path that is none":    {core.Config{}, request{method: "GET", path: "/api/nothing"}, 404, `{"error":"Not found"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log jsonLog
			test.config.Logger = log.logger(slog.LevelWarn)
			if test.config.BasePath == "" {
				test.config.BasePath = "/api"
			}
			if test.config.CORS == nil {
				test.config.CORS = &core.CORS{Origins: []string{"https://a.example"}}
			}
			runtime := newRuntime(t, test.config)
			var recorder *httptest.ResponseRecorder
			for range 3 {
				recorder = httptest.NewRecorder()
				runtime.ServeHTTP(recorder, test.request.build())
			}
			if recorder.Code != test.status || !strings.Contains(recorder.Body.String(), test.answer) {
				t.Errorf("got %d %s", recorder.Code, recorder.Body)
			}
			lines := log.lines(t)
			switch {
			case test.logs == "" && len(lines) > 0:
				t.Errorf("the log has %s", &log)
			case test.logs != "" && (len(lines) != 1 || !strings.Contains(lines[0]["msg"].(string), test.logs)):
				t.Errorf("the log has %s, want one line with %q", &log, test.logs)
			}
		})
	}
}
