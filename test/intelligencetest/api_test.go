package intelligencetest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestCallsOfTheAPI(t *testing.T) {
	const create = `{"threadId":"t1","userId":"ada","agentId":"default"}`
	type request struct {
		method, path, body string
		header             []string
	}
	ada := []string{"X-Cpki-User-Id", "ada"}
	reader := []string{"X-Cpki-User-Id", "ada", "X-Cpki-Memory-Grant", `{"user":"read","project":"none"}`}
	tests := map[string]struct {
		before     []request
		request    request
		status     int
		contains   string
		violations int
	}{
		"a thread is created once": {
			before: []request{{"POST", "/api/threads", create, nil}}, request: request{"POST", "/api/threads", create, nil}, status: 409,
		},
		"a thread of another user doesn't exist": {
			before: []request{{"POST", "/api/threads", create, nil}}, request: request{"GET", "/api/threads/t1?userId=eve", "", nil}, status: 404,
		},
		"an id may have a slash": {
			before:  []request{{"POST", "/api/threads", strings.Replace(create, "t1", "a/b c", 1), nil}},
			request: request{"GET", "/api/threads/a%2Fb%20c?userId=ada", "", nil}, status: 200, contains: `"id":"a/b c"`,
		},
		"a body with an alias of the user": {
			before:  []request{{"POST", "/api/threads", create, nil}},
			request: request{"PATCH", "/api/threads/t1", `{"userId":"ada","agentId":"default","end_user_id":"eve"}`, nil}, status: 400, violations: 1,
		},
		"a deletion without a reason": {
			before:  []request{{"POST", "/api/threads", create, nil}},
			request: request{"DELETE", "/api/threads/t1", `{"userId":"ada","agentId":"default","reason":" "}`, nil}, status: 400, violations: 1,
		},
		"a path that isn't there":   {request: request{"GET", "/api/nothing", "", nil}, status: 404, violations: 1},
		"headers of a browser":      {request: request{"GET", "/api/entitlements/runtime", "", []string{"Cookie", "a=b"}}, status: 200, violations: 1},
		"another key":               {request: request{"GET", "/api/entitlements/runtime", "", []string{"Authorization", "Bearer x"}}, status: 401},
		"a thread to connect to":    {before: []request{{"POST", "/api/threads", create, nil}}, request: request{"POST", "/api/threads/t1/connect", `{"userId":"ada","agentId":"default"}`, nil}, status: 200, contains: `"joinToken"`},
		"no thread to connect to":   {request: request{"POST", "/api/threads/t1/connect", `{"userId":"ada","agentId":"default"}`, nil}, status: 204},
		"a list has pages":          {before: []request{{"POST", "/api/threads", create, nil}, {"POST", "/api/threads", strings.Replace(create, "t1", "t2", 1), nil}}, request: request{"GET", "/api/threads?userId=ada&agentId=default&limit=1", "", nil}, status: 200, contains: `"nextCursor":"t2"`},
		"a lock is had once":        {before: []request{{"POST", "/api/threads", create, nil}, {"POST", "/api/threads/t1/lock", `{"runId":"r1","userId":"ada","agentId":"default"}`, nil}}, request: request{"POST", "/api/threads/t1/lock", `{"runId":"r2","userId":"ada","agentId":"default"}`, nil}, status: 409},
		"a lock is renewed":         {before: []request{{"POST", "/api/threads", create, nil}, {"POST", "/api/threads/t1/lock", `{"runId":"r1","userId":"ada","agentId":"default"}`, nil}}, request: request{"PATCH", "/api/threads/t1/lock", `{"runId":"r1","ttlSeconds":20}`, nil}, status: 200, contains: `{"ttlSeconds":20}`},
		"another lock is renewed":   {before: []request{{"POST", "/api/threads", create, nil}, {"POST", "/api/threads/t1/lock", `{"runId":"r1","userId":"ada","agentId":"default","lockKeyPrefix":"a"}`, nil}}, request: request{"PATCH", "/api/threads/t1/lock", `{"runId":"r1","ttlSeconds":20}`, nil}, status: 200, violations: 1},
		"a lock's time is over":     {before: []request{{"POST", "/api/threads", create, nil}, {"POST", "/api/threads/t1/lock", `{"runId":"r1","userId":"ada","agentId":"default","ttlSeconds":0.000001}`, nil}}, request: request{"PATCH", "/api/threads/t1/lock", `{"runId":"r1","ttlSeconds":20}`, nil}, status: 409},
		"a state of no snapshot":    {before: []request{{"POST", "/api/threads", create, nil}}, request: request{"GET", "/api/_inspect/threads/t1/state", "", nil}, status: 200, contains: "no-snapshot"},
		"an annotation":             {request: request{"PUT", "/connector/annotate/a1", `{"type":"user_action","userId":"ada","threadId":"t1"}`, nil}, status: 200, contains: `{"duplicate":false,"id":"a1"}`},
		"an annotation again":       {before: []request{{"PUT", "/connector/annotate/a1", `{"type":"user_action","userId":"ada","threadId":"t1"}`, nil}}, request: request{"PUT", "/connector/annotate/a1", `{"type":"user_action","userId":"ada","threadId":"t1"}`, nil}, status: 200, contains: `"duplicate":true`},
		"memories without a user":   {request: request{"GET", "/api/memories", "", nil}, status: 401, violations: 1},
		"a memory that may be read": {request: request{"POST", "/api/memories", `{"content":"x","kind":"topical","sourceThreadIds":[]}`, reader}, status: 403},
		"a memory is replaced":      {before: []request{{"POST", "/api/memories", `{"content":"x","kind":"topical","sourceThreadIds":[]}`, ada}}, request: request{"PATCH", "/api/memories/memory-1", `{"content":"y","kind":"topical","sourceThreadIds":[]}`, ada}, status: 200, contains: `"retiredId":"memory-1"`},
		"a memory is recalled":      {before: []request{{"POST", "/api/memories", `{"content":"Likes tea","kind":"topical","sourceThreadIds":[]}`, ada}}, request: request{"POST", "/api/memories/recall", `{"query":"tea"}`, ada}, status: 200, contains: `"score"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := intelligencetest.New(t)
			for _, r := range test.before {
				if status, body := call(t, p, r.method, r.path, r.body, r.header...); status >= 300 {
					t.Fatalf("%s %s: %d %s", r.method, r.path, status, body)
				}
			}
			status, body := call(t, p, test.request.method, test.request.path, test.request.body, test.request.header...)
			if status != test.status || !strings.Contains(body, test.contains) {
				t.Errorf("the answer is %d %s", status, body)
			}
			if got := p.TakeViolations(); len(got) != test.violations {
				t.Errorf("violations %q", got)
			}
		})
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	const route, path = "GET /api/entitlements/runtime", "/api/entitlements/runtime"
	p := intelligencetest.New(t)
	get := func(t *testing.T, wait time.Duration) (int, string, error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, "GET", p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+p.Key)
		client := http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, "", err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
		return response.StatusCode, string(body), err
	}
	tests := map[string]struct {
		fault intelligencetest.RouteFault
		wait  time.Duration
		check func(status int, body string, err error) bool
	}{
		"a status":   {fault: intelligencetest.RouteFault{Status: 503, Body: "away"}, check: func(s int, b string, _ error) bool { return s == 503 && b == "away" }},
		"the key":    {fault: intelligencetest.RouteFault{Status: 500, EchoKey: true}, check: func(_ int, b string, _ error) bool { return strings.Contains(b, p.Key) }},
		"a redirect": {fault: intelligencetest.RouteFault{Status: 307, Location: "http://127.0.0.1:1/"}, check: func(s int, _ string, _ error) bool { return s == 307 }},
		"a delay":    {fault: intelligencetest.RouteFault{Delay: 20 * time.Millisecond}, check: func(s int, _ string, _ error) bool { return s == 200 }},
		"no answer": {fault: intelligencetest.RouteFault{Delay: time.Hour}, wait: 50 * time.Millisecond,
			check: func(s int, _ string, err error) bool { return s == 0 && errors.Is(err, context.DeadlineExceeded) }},
		"half a body": {fault: intelligencetest.RouteFault{Body: `{"status":`, HangBody: true}, wait: 50 * time.Millisecond,
			check: func(s int, b string, err error) bool { return s == 200 && b == `{"status":` && err != nil }},
		"a flood":       {fault: intelligencetest.RouteFault{Flood: true}, check: func(_ int, b string, _ error) bool { return len(b) == 8<<20 }},
		"no connection": {fault: intelligencetest.RouteFault{Drop: true}, check: func(_ int, _ string, err error) bool { return errors.Is(err, io.EOF) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.fault.Times = 1
			p.Fault(route, test.fault)
			if test.wait == 0 {
				test.wait = 5 * time.Second
			}
			status, body, err := get(t, test.wait)
			if !test.check(status, body, err) {
				t.Errorf("the answer is %d %.100s: %v", status, body, err)
			}
			if status, _, err := get(t, 5*time.Second); status != http.StatusOK {
				t.Errorf("the next is %d: %v", status, err)
			}
		})
	}
	p.APIDown()
	if _, _, err := get(t, time.Second); err == nil {
		t.Error("it answers while it is away")
	}
	if err := p.APIUp(); err != nil {
		t.Fatal(err)
	}
	if status, _, err := get(t, time.Second); status != http.StatusOK {
		t.Errorf("when it is back: %d, %v", status, err)
	}
}

func TestWhatAThreadAmountsTo(t *testing.T) {
	p := intelligencetest.New(t)
	lock(t, p, "t1", "r1")
	script(t, p, "t1", "r1", started("t1", "r1", 1),
		event("t1", "r1", 2, "TOOL_CALL_START", `,"toolCallId":"c1","toolCallName":"weather","parentMessageId":"m2"`),
		event("t1", "r1", 3, "TOOL_CALL_ARGS", `,"toolCallId":"c1","delta":"{}"`),
		event("t1", "r1", 4, "TOOL_CALL_RESULT", `,"toolCallId":"c1","messageId":"m3","content":"Sun"`),
		event("t1", "r1", 5, "STATE_SNAPSHOT", `,"snapshot":{"a":1}`),
		event("t1", "r1", 6, "STATE_DELTA", `,"delta":[{"op":"replace","path":"/a","value":2}]`),
		finished("t1", "r1", 7))
	_, body := call(t, p, "GET", "/api/threads/t1/messages?userId=ada", "")
	want := `{"messages":[{"id":"m1","role":"user","content":"Hello"},` +
		`{"id":"m2","role":"assistant","toolCalls":[{"id":"c1","name":"weather","args":"{}"}]},` +
		`{"id":"m3","role":"tool","content":"Sun","toolCallId":"c1"}]}`
	if body != want {
		t.Errorf("the messages are %s", body)
	}
	if _, body := call(t, p, "GET", "/api/_inspect/threads/t1/state", ""); body != `{"kind":"snapshot","skippedDeltas":0,"state":{"a":2}}` {
		t.Errorf("the state is %s", body)
	}
}

func TestMemoryToolsAreThoseOfTheGrant(t *testing.T) {
	tests := map[string]struct{ grant, want string }{
		"no grant": {"", "recall_memory save_memory"},
		"to read":  {`{"user":"read","project":"none"}`, "recall_memory"},
		"nothing":  {`{"user":"none","project":"none"}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := intelligencetest.New(t)
			header := http.Header{"Authorization": {"Bearer " + p.Key}, "X-Cpki-User-Id": {user}}
			if test.grant != "" {
				header.Set("X-Cpki-Memory-Grant", test.grant)
			}
			client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
			session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
				Endpoint: p.URL + "/mcp", HTTPClient: &http.Client{Transport: withHeader{header}}, DisableStandaloneSSE: true,
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = session.Close() }()
			list, err := session.ListTools(t.Context(), nil)
			if test.want == "" && err != nil {
				return // a server without tools doesn't list them
			}
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, tool := range list.Tools {
				names = append(names, tool.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("the tools are %s", got)
			}
			if !strings.Contains(test.want, "save") {
				return
			}
			if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "save_memory", Arguments: map[string]any{"content": "Likes tea"}}); err != nil {
				t.Fatal(err)
			}
			if got := p.Memories(user); len(got) != 1 || got[0] != "Likes tea" {
				t.Errorf("the memories are %q", got)
			}
		})
	}
}

// withHeader adds headers to requests, each on a connection of its own.
type withHeader struct{ header http.Header }

func (w withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range w.header {
		r.Header[name] = values
	}
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
}
