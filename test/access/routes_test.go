package access_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
)

// row is a request about a thread. In the path and the body {thread} stands for its id.
type row struct {
	name         core.RouteName
	method, path string
	body         string
	// own is the status that the thread's owner gets, unknown the one of a thread that
	// doesn't exist. Those in development are the same if zero.
	own, unknown                           int
	ownInDevelopment, unknownInDevelopment int
	// anonymous, if not zero, is the status that visitors without a name get.
	anonymous int
	// shows is set if the owner is shown what is in the thread.
	shows bool
	// alone is set if no envelope of a single-route runtime carries the request: it is
	// sent as it is, and isn't answered there.
	alone bool
}

const (
	run     = `{"threadId":"{thread}","runId":"run","state":{},"tools":[],"context":[],"forwardedProps":{},"messages":[{"id":"m1","role":"user","content":"{text}"}]}`
	another = "another message"
	change  = `{"agentId":"default","name":"stolen"}`
)

func runRow(text string) row {
	return row{name: core.RouteRun, method: "POST", path: "/agent/default/run", body: strings.ReplaceAll(run, "{text}", text), own: 200, unknown: 200}
}

// rows has all routes, each with all of its methods.
var rows = []row{
	runRow(another),
	{name: core.RouteSuggest, method: "POST", path: "/agent/default/suggest", body: strings.ReplaceAll(run, "{text}", another), own: 200, unknown: 200},
	{name: core.RouteConnect, method: "POST", path: "/agent/default/connect", body: strings.ReplaceAll(run, "{text}", another), own: 200, unknown: 200, shows: true},
	{name: core.RouteConnect, method: "GET", path: "/agent/default/connect?threadId={thread}", own: 200, unknown: 200, shows: true, alone: true},
	{name: core.RouteStop, method: "POST", path: "/agent/default/stop/{thread}", own: 200, unknown: 200},
	{name: core.RouteInfo, method: "GET", path: "/info", own: 200, unknown: 200},
	{name: core.RouteInspectorMetadata, method: "GET", path: "/inspector-metadata", own: 204, unknown: 204},
	{name: core.RouteInspectorLearning, method: "GET", path: "/inspector-learning", own: 404, unknown: 404},
	{name: core.RouteTranscribe, method: "POST", path: "/transcribe", body: `{"audio":"c291bmQ=","mimeType":"audio/webm"}`, own: 200, unknown: 200},
	{name: core.RouteThreads, method: "GET", path: "/threads", own: 200, unknown: 200, shows: true},
	{name: core.RouteThreads, method: "POST", path: "/threads", body: `{"agentId":"default","id":"{thread}"}`, own: 409, unknown: 201},
	{name: core.RouteThreadsSubscribe, method: "POST", path: "/threads/subscribe", own: 422, unknown: 422},
	{name: core.RouteThread, method: "PATCH", path: "/threads/{thread}", body: change, own: 200, unknown: 404},
	{name: core.RouteThreadArchive, method: "POST", path: "/threads/{thread}/archive", body: change, own: 200, unknown: 404},
	{name: core.RouteThreadMessages, method: "GET", path: "/threads/{thread}/messages", own: 200, unknown: 200, shows: true},
	{name: core.RouteThreadEvents, method: "GET", path: "/threads/{thread}/events", own: 200, unknown: 200, shows: true},
	{name: core.RouteThreadState, method: "GET", path: "/threads/{thread}/state", own: 200, unknown: 200, shows: true},
	{name: core.RouteAnnotate, method: "POST", path: "/annotate", body: `{"threadId":"{thread}"}`, own: 422, unknown: 422},
	{name: core.RouteUsage, method: "GET", path: "/usage", own: 200, unknown: 200, anonymous: 404},
	{name: core.RouteUsage, method: "GET", path: "/usage?user=bob", own: 403, unknown: 403, alone: true},
	{name: core.RouteDebugEvents, method: "GET", path: "/cpk-debug-events", own: 404, unknown: 404, ownInDevelopment: 200, unknownInDevelopment: 200, alone: true},
	{name: "memories/list", method: "GET", path: "/memories", own: 404, unknown: 404},
	{name: "memories/recall", method: "POST", path: "/memories/recall", own: 404, unknown: 404},
	{name: "memories/subscribe", method: "POST", path: "/memories/subscribe", own: 404, unknown: 404},
	{name: "memories/mutate", method: "DELETE", path: "/memories/{thread}", own: 404, unknown: 404},
	{name: core.RouteThread, method: "DELETE", path: "/threads/{thread}", body: `{"agentId":"default"}`, own: 200, unknown: 404},
	{name: core.RouteThreadsClear, method: "POST", path: "/threads/clear", own: 204, unknown: 204},
}

func (r row) String() string { return r.method + " " + r.path }

// request returns the request about a thread, as it is sent to a runtime with the
// endpoint.
func (r row) request(endpoint, threadID string) *http.Request {
	path, body := strings.ReplaceAll(r.path, "{thread}", threadID), strings.ReplaceAll(r.body, "{thread}", threadID)
	if endpoint == multiRoute || r.alone {
		return newRequest(r.method, path, body)
	}
	envelope := map[string]any{"method": r.name, "params": map[string]string{"agentId": "default", "threadId": threadID}}
	if !strings.HasPrefix(r.path, "/agent/") && !strings.HasPrefix(r.path, "/in") && r.name != core.RouteUsage && r.name != core.RouteTranscribe {
		envelope["method"], envelope["params"] = "resource/request", map[string]string{"path": path, "httpMethod": r.method}
	}
	if body != "" {
		envelope["body"] = json.RawMessage(body)
	}
	data, err := json.Marshal(envelope)
	if err != nil {
		panic(err)
	}
	return newRequest("POST", "/", string(data))
}

func newRequest(method, path, body string) *http.Request {
	if body == "" {
		return httptest.NewRequest(method, path, nil)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestTheTableHasEveryRoute(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../core/routes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, r := range rows {
		known[string(r.name)] = true
	}
	found := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "RouteName" {
			return true
		}
		for i, value := range spec.Values {
			name, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil || !known[name] {
				t.Errorf("%s = %q has no row", spec.Names[i].Name, name)
			}
			found++
		}
		return true
	})
	if found < 20 {
		t.Errorf("only %d routes were found", found)
	}
}
