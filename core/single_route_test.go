package core_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

func TestSingleRouteAnswers(t *testing.T) {
	info := infoHead + `"threadEndpoints":{"list":false,"inspect":false,"mutations":false,"realtimeMetadata":false},` +
		`"singleRoute":{"resourceOperations":true,"threadEndpoints":{"list":true,"inspect":true,"mutations":true,"realtimeMetadata":false}},` + infoTail
	invalid := func(message string) answer {
		return answer{400, `{"error":"invalid_request","message":"` + message + `"}`, map[string]string{"Content-Type": "application/json"}}
	}
	notJSON := answer{415, `{"error":"invalid_request","message":"Single-route endpoint expects JSON payloads"}`, nil}
	found := answer{404, nothing, nil}
	refused := answer{405, notAllowed, map[string]string{"Allow": "POST"}}
	wrongPath := func(status int, what string) answer {
		return answer{status, `{"error":"` + what + `","code":"multi_route_path_against_single_route_runtime","message":"Received a request for a multi-route path but this runtime is mounted in single-route mode: it takes a POST of { method, params, body } at its base path. Either set useSingleEndpoint in the frontend provider, or mount the runtime with mode: \"multi-route\" to serve this path."}`, nil}
	}
	post := func(body string) request { return request{method: "POST", path: base, body: body} }
	resource := func(path, method, rest string) request {
		return post(`{"method":"resource/request","params":{"path":"` + path + `","httpMethod":"` + method + `"}` + rest + `}`)
	}
	handler := newRuntime(t, core.Config{BasePath: base, SingleRoute: true})
	for _, test := range []struct {
		name string
		request
		answer
	}{
		{"info", post(`{"method":"info"}`), answer{200, info, nil}},
		{"info behind a slash", request{method: "POST", path: base + "/", body: `{"method":"info"}`}, answer{200, info, nil}},
		{"info behind more path", request{method: "POST", path: base + "/deep/x", body: `{"method":"info"}`}, answer{200, info, nil}},
		{"info with a charset", request{method: "POST", path: base, body: `{"method":"info"}`, contentType: "application/json; charset=utf-8"}, answer{200, info, nil}},
		{"info after a byte order mark", post("\ufeff" + `{"method":"info"}`), answer{200, info, nil}},
		{"a path that only begins alike", request{method: "POST", path: base + "x", body: `{"method":"info"}`}, found},
		{"another path", request{method: "POST", path: "/other", body: `{"method":"info"}`}, found},
		{"another path by GET", request{method: "GET", path: base + "x"}, found},
		{"GET", request{method: "GET", path: base}, refused},
		{"GET of a multi-route path", request{method: "GET", path: base + "/info"}, refused},
		{"PUT", request{method: "PUT", path: base, body: "{}"}, refused},
		{"OPTIONS without CORS", request{method: "OPTIONS", path: base}, refused},
		{"a multi-route run (without an explanation in the reference)", request{method: "POST", path: base + "/agent/default/run", body: input}, wrongPath(400, "invalid_request")},
		{"a multi-route list (without an explanation in the reference)", request{method: "GET", path: base + "/threads"}, wrongPath(405, "Method not allowed")},
		{"a multi-route upload (without an explanation in the reference)", request{method: "POST", path: base + "/transcribe", body: "x", contentType: multipartType}, wrongPath(415, "invalid_request")},
		{"an envelope at a multi-route path", request{method: "POST", path: base + "/threads", body: `{"method":"info"}`}, answer{200, info, nil}},
		{"text", request{method: "POST", path: base, body: `{"method":"info"}`, contentType: "text/plain"}, notJSON},
		{"no content type", request{method: "POST", path: base, body: `{"method":"info"}`, contentType: "-"}, notJSON},
		{"broken JSON", post(`{`), invalid("Invalid JSON payload")},
		{"an empty body", request{method: "POST", path: base, contentType: "application/json"}, invalid("Invalid JSON payload")},
		{"null (an internal error in the reference)", post(`null`), invalid("Missing method field")},
		{"a list", post(`[]`), invalid("Missing method field")},
		{"a number", post(`3`), invalid("Missing method field")},
		{"no method", post(`{}`), invalid("Missing method field")},
		{"an empty method", post(`{"method":""}`), invalid("Missing method field")},
		{"a method that is null", post(`{"method":null}`), invalid("Missing method field")},
		{"a method that is a number", post(`{"method":5}`), invalid("Unsupported method '5'")},
		{"an unknown method", post(`{"method":"nope"}`), invalid("Unsupported method 'nope'")},
		{"a multi-route method", post(`{"method":"threads/list"}`), invalid("Unsupported method 'threads/list'")},
		{"run without params", post(`{"method":"agent/run"}`), invalid("Missing or invalid parameter 'agentId'")},
		{"run with params that are a list", post(`{"method":"agent/run","params":[]}`), invalid("Missing or invalid parameter 'agentId'")},
		{"run with params that are text", post(`{"method":"agent/run","params":"x"}`), invalid("Missing or invalid parameter 'agentId'")},
		{"run of a blank agent", post(`{"method":"agent/run","params":{"agentId":" "}}`), invalid("Missing or invalid parameter 'agentId'")},
		{"run of an agent that is a number", post(`{"method":"agent/run","params":{"agentId":3}}`), invalid("Missing or invalid parameter 'agentId'")},
		{"run without a body", post(`{"method":"agent/run","params":{"agentId":"default"}}`), invalid("Missing request body for JSON handler")},
		{"run with a body that is null", post(`{"method":"agent/run","params":{"agentId":"default"},"body":null}`), invalid("Missing request body for JSON handler")},
		{"run of an unknown agent", post(`{"method":"agent/run","params":{"agentId":"nope"},"body":` + input + `}`), answer{404, `{"error":"Agent not found","message":"Agent 'nope' does not exist"}`, nil}},
		{"suggest without params", post(`{"method":"agent/suggest"}`), invalid("Missing or invalid parameter 'agentId'")},
		{"connect without a body", post(`{"method":"agent/connect","params":{"agentId":"default"}}`), invalid("Missing request body for JSON handler")},
		{"stop without a thread", post(`{"method":"agent/stop","params":{"agentId":"default"}}`), invalid("Missing or invalid parameter 'threadId'")},
		{"stop without a body", post(`{"method":"agent/stop","params":{"agentId":"default","threadId":"t"}}`), answer{200, `{"stopped":false,"message":"No active run for thread 't'."}`, nil}},
		{"stop with a body that is null", post(`{"method":"agent/stop","params":{"agentId":"default","threadId":"t"},"body":null}`), invalid("Missing request body for JSON handler")},
		{"stop of one run", post(`{"method":"agent/stop","params":{"agentId":"default","threadId":"t"},"body":{"runId":"r"}}`), answer{200, `{"stopped":false,"message":"Run 'r' is not the active run for thread 't'."}`, nil}},
		{"stop with a strange body", post(`{"method":"agent/stop","params":{"agentId":"default","threadId":"t"},"body":{"x":"r"}}`), answer{400, `{"error":"Invalid stop request"}`, nil}},
		{"inspector metadata", post(`{"method":"inspector/metadata"}`), answer{204, "", map[string]string{"Cache-Control": "no-store, private"}}},
		{"inspector learning", post(`{"method":"inspector/learning"}`), found},
		{"transcribe without a body", post(`{"method":"transcribe"}`), invalid("Missing request body for JSON handler")},
		{"transcribe without a service", post(`{"method":"transcribe","body":{"audio":"aGk="}}`), answer{503, `{"error":"service_not_configured","message":"Transcription service is not configured","retryable":false}`, nil}},
		{"the threads", resource("/threads", "GET", ""), answer{200, `{"threads":[],"nextCursor":null}`, nil}},
		{"the threads in small letters, with a query", resource("/threads?agentId=default", "get", ""), answer{200, `{"threads":[],"nextCursor":null}`, nil}},
		{"the state of a thread with a slash in its id", resource("/threads/a%2Fb/state", "GET", ""), answer{200, `{"state":null}`, nil}},
		{"the messages of a thread", resource("/threads/t1/messages", "GET", `,"body":{"ignored":1}`), answer{200, `{"messages":[]}`, nil}},
		{"a rename of an unknown thread (422 in the reference)", resource("/threads/t1", "PATCH", `,"body":{"agentId":"default","name":"x"}`), answer{404, `{"error":"Thread not found"}`, nil}},
		{"a rename without a body", resource("/threads/t1", "PATCH", ""), answer{400, `{"error":"Invalid request body"}`, nil}},
		{"a wrong method for a thread", resource("/threads/t1", "PUT", ""), answer{405, notAllowed, map[string]string{"Allow": "PATCH, DELETE"}}},
		{"clear", resource("/threads/clear", "POST", ""), answer{204, "", nil}},
		{"annotate", resource("/annotate", "POST", `,"body":{}`), answer{422, needsNote, nil}},
		{"memories", resource("/memories", "GET", ""), found},
		{"info is no resource", resource("/info", "GET", ""), found},
		{"run is no resource", resource("/agent/default/run", "POST", `,"body":`+input), found},
		{"an unknown resource", resource("/nope", "GET", ""), found},
		{"a resource path without a slash", resource("threads", "GET", ""), invalid("Resource path must be Runtime-relative")},
		{"a resource path of another host", resource("//evil/threads", "GET", ""), invalid("Resource path must be Runtime-relative")},
		{"a resource path that is a URL", resource("http://x/threads", "GET", ""), invalid("Resource path must be Runtime-relative")},
		{"a resource path with a broken escape", resource("/threads/%zz", "GET", ""), invalid("Resource path must be Runtime-relative")},
		{"a resource without a method", post(`{"method":"resource/request","params":{"path":"/threads"}}`), invalid("Missing or invalid parameter 'httpMethod'")},
		{"a resource without a path", post(`{"method":"resource/request","params":{"httpMethod":"GET"}}`), invalid("Missing or invalid parameter 'path'")},
	} {
		t.Run(test.name, func(t *testing.T) { checkAnswer(t, handler, test.request, test.answer) })
	}
}

func TestSingleRouteWithoutABasePathServesAnyPath(t *testing.T) {
	handler := newRuntime(t, core.Config{SingleRoute: true})
	for _, path := range []string{"/", "/anything", "/api/copilotkit"} {
		if got := (request{method: "POST", path: path, body: `{"method":"info"}`}).to(handler); got.Code != 200 {
			t.Errorf("POST %s: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestSingleRouteTakesTheInputOfARunWithoutAnEnvelope(t *testing.T) {
	run := `"type":"RUN_FINISHED"`
	missing := `{"error":"invalid_request","message":"Missing method field"}`
	for _, test := range []struct {
		name, agent, body string
		status            int
		want              string
	}{
		{"for the agent that answers those", "default", input, 200, run},
		{"with a method that is null", "default", strings.Replace(input, "{", `{"method":null,`, 1), 200, run},
		{"but not without such an agent", "", input, 400, missing},
		{"but nothing that isn't one", "default", `{"threadId":"t"}`, 400, missing},
		{"and says what is wrong with it", "default", `{"messages":[]}`, 400, "threadId"},
		{"unless that agent isn't there", "nobody", input, 404, "Agent 'nobody' does not exist"},
		{"beside envelopes", "default", `{"method":"info"}`, 200, `"mode":"sse"`},
		{"beside envelopes that also have messages", "default", `{"method":"info","messages":[]}`, 200, `"mode":"sse"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{BasePath: base, SingleRoute: true, BareRunAgent: test.agent})
			got := request{method: "POST", path: base, body: test.body}.to(handler)
			if got.Code != test.status || !strings.Contains(got.Body.String(), test.want) {
				t.Errorf("got %d %s, want %d with %s", got.Code, got.Body, test.status, test.want)
			}
		})
	}
}

func TestSingleRouteHooksSeeTheEnvelopeAndTheRoute(t *testing.T) {
	var seen string
	handler := newRuntime(t, core.Config{BasePath: base, SingleRoute: true, Hooks: core.Hooks{
		OnBeforeHandler: func(r *http.Request, route core.Route) (*http.Request, error) {
			body, err := io.ReadAll(r.Body)
			seen = strings.Join([]string{r.Method, r.URL.Path, string(route.Name), route.AgentID, route.ThreadID, string(body)}, " ")
			return nil, err
		},
	}})
	envelope := `{"method":"agent/stop","params":{"agentId":"default","threadId":"t"}}`
	(request{method: "POST", path: base, body: envelope}).to(handler)
	if want := "POST /api/copilotkit agent/stop default t " + envelope; seen != want {
		t.Errorf("the hook saw\n  %s\nwant\n  %s", seen, want)
	}
	(request{method: "POST", path: base, body: `{"method":"resource/request","params":{"path":"/threads/x%2Fy","httpMethod":"delete"},"body":{"agentId":"a"}}`}).to(handler)
	if want := `DELETE /api/copilotkit/threads/x/y threads/update  x/y {"agentId":"a"}`; seen != want {
		t.Errorf("the hook saw\n  %s\nwant\n  %s", seen, want)
	}
}

func TestSingleRouteBodyMayBeEncodedTwice(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base, SingleRoute: true})
	got := request{method: "POST", path: base, body: `{"method":"agent/stop","params":{"agentId":"default","threadId":"t"},"body":"{\"runId\":\"r\"}"}`}.to(handler)
	if want := `{"stopped":false,"message":"Run 'r' is not the active run for thread 't'."}`; got.Body.String() != want {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

func TestAnHTTPErrorNamesItsStatusAndItsCause(t *testing.T) {
	cause := errors.New("no token")
	err := &core.HTTPError{Status: http.StatusUnauthorized, Err: cause}
	if want := "answer 401 Unauthorized: no token"; err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("got %q, want %q", err, want)
	}
}
