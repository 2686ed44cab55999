package core_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestEveryRequestIsAskedForOnceWhoCalls(t *testing.T) {
	thread := `{"agentId":"default"}`
	audio := `{"audio":"c291bmQ=","mimeType":"audio/webm"}`
	enveloped := func(method, body string) request {
		return request{method: "POST", path: "/", body: `{"method":"` + method + `","params":{"agentId":"default","threadId":"t1"},"body":` + body + `}`}
	}
	for name, test := range map[string]struct {
		request
		single bool
	}{
		"run":                          {request: request{method: "POST", path: "/agent/default/run", body: input}},
		"suggest":                      {request: request{method: "POST", path: "/agent/default/suggest", body: input}},
		"connect":                      {request: request{method: "POST", path: "/agent/default/connect", body: input}},
		"connect by GET":               {request: request{method: "GET", path: "/agent/default/connect?threadId=t1"}},
		"stop":                         {request: request{method: "POST", path: "/agent/default/stop/t1"}},
		"transcribe":                   {request: request{method: "POST", path: "/transcribe", body: audio}},
		"the list of threads":          {request: request{method: "GET", path: "/threads"}},
		"a new thread":                 {request: request{method: "POST", path: "/threads", body: thread}},
		"a thread's change":            {request: request{method: "PATCH", path: "/threads/t1", body: thread}},
		"a thread's removal":           {request: request{method: "DELETE", path: "/threads/t1", body: thread}},
		"a thread's archiving":         {request: request{method: "POST", path: "/threads/t1/archive", body: thread}},
		"the removal of all threads":   {request: request{method: "POST", path: "/threads/clear"}},
		"a thread's messages":          {request: request{method: "GET", path: "/threads/t1/messages"}},
		"a thread's events":            {request: request{method: "GET", path: "/threads/t1/events"}},
		"a thread's state":             {request: request{method: "GET", path: "/threads/t1/state"}},
		"the subscription to threads":  {request: request{method: "POST", path: "/threads/subscribe"}},
		"debug events":                 {request: request{method: "GET", path: "/cpk-debug-events"}},
		"an enveloped run":             {request: enveloped("agent/run", input), single: true},
		"an enveloped suggestion":      {request: enveloped("agent/suggest", input), single: true},
		"an enveloped stop":            {request: enveloped("agent/stop", "{}"), single: true},
		"an enveloped transcription":   {request: enveloped("transcribe", audio), single: true},
		"info":                         {request: request{method: "GET", path: "/info"}},
		"the inspector's metadata":     {request: request{method: "GET", path: "/inspector-metadata"}},
		"the inspector's learning":     {request: request{method: "GET", path: "/inspector-learning"}},
		"an enveloped info":            {request: enveloped("info", "null"), single: true},
		"a path that is not there":     {request: request{method: "GET", path: "/nope"}},
		"a method that is not allowed": {request: request{method: "PUT", path: "/threads"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked, worked := 0, false
				spy := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
					worked = true
					return greeter(ctx, in)
				})
				handler := newRuntime(t, core.Config{
					Agents: agents(spy), SingleRoute: test.single, Development: true,
					Transcriber: transcriberFunc(func(context.Context, agent.Audio) (string, error) { worked = true; return "", nil }),
					Identify: func(r *http.Request) (access.User, error) {
						asked++
						if r.Header.Get("Authorization") == "" {
							return access.User{}, &access.Error{Challenge: "Bearer", Reason: errors.New("unknown")}
						}
						return access.User{ID: "ann"}, nil
					},
				})
				got := test.request.to(handler)
				if got.Code != http.StatusUnauthorized || got.Body.String() != `{"error":"Unauthorized","code":"unauthorized"}` || worked {
					t.Errorf("nobody got %d %s, and the agent or the transcriber worked: %t", got.Code, got.Body, worked)
				}
				asked = 0
				ctx, cancel := context.WithCancel(t.Context())
				r := test.request.build().WithContext(ctx)
				r.Header.Set("Authorization", "Bearer x")
				done := make(chan struct{})
				go func() {
					defer close(done)
					handler.ServeHTTP(discard{http.Header{}}, r)
				}()
				synctest.Wait()
				cancel() // debug events have no other end
				<-done
				if asked != 1 {
					t.Errorf("asked %d times", asked)
				}
			})
		})
	}
}

func TestBodiesThatPagesMaySendAnywhereAreRefused(t *testing.T) {
	handler := newRuntime(t, core.Config{Development: true})
	request{method: "POST", path: "/threads", body: `{"agentId":"default","id":"t1"}`}.to(handler)
	for path, body := range map[string]string{
		"/agent/default/run":     input,
		"/agent/default/suggest": input,
		"/agent/default/connect": input,
		"/agent/default/stop/t1": "{}",
		"/threads":               `{"agentId":"default"}`,
		"/threads/t1/archive":    `{"agentId":"default"}`,
		"/threads/clear":         "{}",
	} {
		for contentType, fine := range map[string]bool{
			"application/json":                     true,
			"application/json; charset=utf-8":      true,
			"Application/JSON":                     true,
			"application/json; charset":            true,
			"text/plain":                           false,
			"text/plain; charset=application/json": false,
			"application/x-www-form-urlencoded":    false,
			"multipart/form-data; boundary=B":      false,
			"application/octet-stream":             false,
			"-":                                    false, // a Blob without a type
		} {
			t.Run(path+" as "+contentType, func(t *testing.T) {
				got := request{method: "POST", path: path, body: body, contentType: contentType}.to(handler)
				refused := got.Code == http.StatusUnsupportedMediaType &&
					got.Body.String() == `{"error":"Unsupported media type","message":"The request body must have the Content-Type application/json."}`
				if refused == fine {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			})
		}
	}
	// Pages must ask before they send these.
	if got := (request{method: "PATCH", path: "/threads/t1", body: `{"agentId":"default"}`, contentType: "-"}).to(handler); got.Code == http.StatusUnsupportedMediaType {
		t.Errorf("PATCH: %d %s", got.Code, got.Body)
	}
	for _, path := range []string{"/agent/default/stop/t1", "/threads/clear"} {
		if got := (request{method: "POST", path: path, contentType: "-"}).to(handler); got.Code >= 300 {
			t.Errorf("%s without a body: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestIDsHaveALength(t *testing.T) {
	long, longer := strings.Repeat("x", 512), strings.Repeat("x", 513)
	with := func(old, id string) string { return strings.Replace(input, old, id, 1) }
	inBody := func(name string) string {
		return `{"error":"Invalid request body","details":"` + name + `: longer than 512 bytes"}`
	}
	inPath := func(name string) string {
		return `{"error":"Invalid request","details":"` + name + `: longer than 512 bytes"}`
	}
	for name, test := range map[string]struct {
		to   func(id string) request
		want string
	}{
		"a run's thread":        {func(id string) request { return request{"POST", "/agent/default/run", with("t1", id), "", nil} }, inBody("threadId")},
		"a run":                 {func(id string) request { return request{"POST", "/agent/default/run", with("r1", id), "", nil} }, inBody("runId")},
		"a suggestion's thread": {func(id string) request { return request{"POST", "/agent/default/suggest", with("t1", id), "", nil} }, inBody("threadId")},
		"a connect's thread":    {func(id string) request { return request{"POST", "/agent/default/connect", with("t1", id), "", nil} }, inBody("threadId")},
		"a connect's thread in the query": {func(id string) request {
			return request{"GET", "/agent/default/connect?threadId=" + id, "", "", nil}
		}, inPath("threadId")},
		"a stop's thread": {func(id string) request { return request{"POST", "/agent/default/stop/" + id, "", "", nil} }, inPath("threadId")},
		"a stop's run": {func(id string) request {
			return request{"POST", "/agent/default/stop/t1", `{"runId":"` + id + `"}`, "", nil}
		}, inBody("runId")},
		"a new thread": {func(id string) request {
			return request{"POST", "/threads", `{"agentId":"default","id":"` + id + `"}`, "", nil}
		}, inBody("id")},
		"a thread":       {func(id string) request { return request{"GET", "/threads/" + id + "/messages", "", "", nil} }, inPath("threadId")},
		"a list's agent": {func(id string) request { return request{"GET", "/threads?agentId=" + id, "", "", nil} }, inPath("agentId")},
		"a stop's agent": {func(id string) request { return request{"POST", "/agent/" + id + "/stop/t1", "", "", nil} }, inPath("agentId")},
	} {
		t.Run(name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{})
			if got := test.to(long).to(handler); got.Code == http.StatusBadRequest {
				t.Errorf("512 bytes: %d %s", got.Code, got.Body)
			}
			checkAnswer(t, handler, test.to(longer), answer{400, test.want, nil})
		})
	}
	single := newRuntime(t, core.Config{SingleRoute: true})
	checkAnswer(t, single, request{"POST", "/", `{"method":"agent/stop","params":{"agentId":"default","threadId":"` + longer + `"}}`, "", nil},
		answer{400, inPath("threadId"), nil})
}

func TestWhatDevelopmentServesIsForTrustedPages(t *testing.T) {
	named := &core.CORS{Origins: []string{"https://app.example"}}
	for name, test := range map[string]struct {
		origin string
		cors   *core.CORS
		fine   bool
	}{
		"no page":                          {"", &core.CORS{}, true},
		"a page of the same origin":        {"https://runtime.example:8443", &core.CORS{}, true},
		"a page of localhost":              {"http://localhost:3000", &core.CORS{}, true},
		"a page of a name below localhost": {"http://app.localhost:3000", &core.CORS{}, true},
		"a page of 127.0.0.1":              {"http://127.0.0.1:3000", &core.CORS{}, true},
		"a page of ::1":                    {"http://[::1]:3000", &core.CORS{}, true},
		"a page that CORS names":           {"https://app.example", named, true},
		"a page that CORS doesn't name":    {"https://other.example", named, false},
		"a page that CORS allows with all": {"https://app.example", &core.CORS{}, false},
		"a page without CORS":              {"https://app.example", nil, false},
		"another port of the host":         {"https://runtime.example", &core.CORS{}, false},
		"a name that begins as localhost":  {"http://localhost.evil.example", &core.CORS{}, false},
		"a page of no origin":              {"null", &core.CORS{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := newRuntime(t, core.Config{Development: true, CORS: test.cors})
				header := http.Header{"Origin": {test.origin}}
				if test.origin == "" {
					header = nil
				}
				request{method: "POST", path: "/threads", body: `{"agentId":"default","id":"t1"}`}.to(handler)
				clearing := request{method: "POST", path: "http://runtime.example:8443/threads/clear", header: header}.to(handler)
				left := request{method: "GET", path: "/threads"}.to(handler).Body.String()
				if cleared := !strings.Contains(left, `"t1"`); cleared != test.fine || (clearing.Code == http.StatusForbidden) == test.fine {
					t.Errorf("clear: %d %s, then there is %s", clearing.Code, clearing.Body, left)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				watch := request{method: "GET", path: "http://runtime.example:8443/cpk-debug-events", header: header}
				recorder := watch.serve(ctx, handler)
				if (recorder.Code == http.StatusOK) != test.fine {
					t.Errorf("debug events: %d %s", recorder.Code, recorder.Body)
				}
			})
		})
	}
	// In production there is nothing to protect.
	handler := newRuntime(t, core.Config{CORS: &core.CORS{}})
	foreign := http.Header{"Origin": {"https://evil.example"}}
	checkAnswer(t, handler, request{method: "POST", path: "/threads/clear", header: foreign}, answer{204, "", nil})
	checkAnswer(t, handler, request{method: "GET", path: "/cpk-debug-events", header: foreign}, answer{404, "Not Found", nil})
}
