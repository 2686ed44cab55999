package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/store"
)

// isoTimes hides the times of an answer.
var isoTimes = regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ"`)

func TestThreadManagement(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base})
	thread := func(id, name, archived string) string {
		return `{"id":"` + id + `","name":` + name + `,"agentId":"default","organizationId":"","createdById":"","archived":` + archived + `,"createdAt":TIME,"updatedAt":TIME}`
	}
	missing := `{"error":"Thread not found"}`
	for _, step := range []struct {
		name                       string
		method, path, body, answer string
		status                     int
	}{
		{"create", "POST", "/threads", `{"agentId":"default","id":"a/b","name":"First"}`, thread("a/b", `"First"`, "false"), 201},
		{"create another without a name", "POST", "/threads", `{"agentId":"default","id":"c"}`, thread("c", "null", "false"), 201},
		{"create one that exists", "POST", "/threads", `{"agentId":"default","id":"c"}`, `{"error":"Thread already exists"}`, 409},
		{"create for an unknown agent", "POST", "/threads", `{"agentId":"nope"}`, `{"error":"Agent not found","message":"Agent 'nope' does not exist"}`, 404},
		{"create without an agent", "POST", "/threads", `{}`, `{"error":"Valid agentId is required"}`, 400},
		{"create with an id that is empty", "POST", "/threads", `{"agentId":"default","id":""}`, `{"error":"id must be a string that isn't empty"}`, 400},
		{"rename", "PATCH", "/threads/a%2Fb", `{"agentId":"default","name":"Renamed"}`, thread("a/b", `"Renamed"`, "false"), 200},
		{"rename to nothing", "PATCH", "/threads/c", `{"agentId":"default","name":null}`, thread("c", "null", "false"), 200},
		{"rename to a number", "PATCH", "/threads/c", `{"agentId":"default","name":7}`, `{"error":"name must be a string or null"}`, 400},
		{"rename to a novel", "PATCH", "/threads/c", `{"agentId":"default","name":"` + strings.Repeat("x", 4097) + `"}`, `{"error":"name is too long"}`, 400},
		{"rename without an agent", "PATCH", "/threads/c", `{"name":"x"}`, `{"error":"Valid agentId is required"}`, 400},
		{"rename with a broken body", "PATCH", "/threads/c", `{`, `{"error":"Invalid request body"}`, 400},
		{"rename with a list", "PATCH", "/threads/c", `[]`, `{"error":"Invalid request body"}`, 400},
		{"rename without a body", "PATCH", "/threads/c", ``, `{"error":"Invalid request body"}`, 400},
		{"rename an unknown thread", "PATCH", "/threads/zz", `{"agentId":"default","name":"x"}`, missing, 404},
		{"archive", "POST", "/threads/a%2Fb/archive", `{"agentId":"default"}`, `{"threadId":"a/b","archived":true}`, 200},
		{"archive an unknown thread", "POST", "/threads/zz/archive", `{"agentId":"default"}`, missing, 404},
		{"list without the archived", "GET", "/threads?agentId=default", "", `{"threads":[` + thread("c", "null", "false") + `],"nextCursor":null}`, 200},
		{"list with the archived", "GET", "/threads?includeArchived=true&agentId=default", "", `{"threads":[` + thread("a/b", `"Renamed"`, "true") + `,` + thread("c", "null", "false") + `],"nextCursor":null}`, 200},
		{"list another agent's", "GET", "/threads?agentId=other", "", `{"threads":[],"nextCursor":null}`, 200},
		{"list with a limit that is none", "GET", "/threads?limit=abc", "", `{"error":"Valid limit query param is required"}`, 400},
		{"list with a limit of zero", "GET", "/threads?limit=0", "", `{"error":"Valid limit query param is required"}`, 400},
		{"list with a cursor of nowhere", "GET", "/threads?cursor=%21%21", "", `{"error":"Valid cursor query param is required"}`, 400},
		{"unarchive", "PATCH", "/threads/a%2Fb", `{"agentId":"default","archived":false}`, thread("a/b", `"Renamed"`, "false"), 200},
		{"archive with text", "PATCH", "/threads/a%2Fb", `{"agentId":"default","archived":"no"}`, `{"error":"archived must be a boolean"}`, 400},
		{"archive with null", "PATCH", "/threads/a%2Fb", `{"agentId":"default","archived":null}`, `{"error":"archived must be a boolean"}`, 400},
		{"delete", "DELETE", "/threads/a%2Fb", `{"agentId":"default"}`, `{"threadId":"a/b","deleted":true}`, 200},
		{"delete again", "DELETE", "/threads/a%2Fb", `{"agentId":"default"}`, missing, 404},
		{"delete with a body that names no agent", "DELETE", "/threads/c", `{}`, `{"error":"Valid agentId is required"}`, 400},
		{"delete without a body", "DELETE", "/threads/c", ``, `{"threadId":"c","deleted":true}`, 200},
		{"list what is left", "GET", "/threads", "", `{"threads":[],"nextCursor":null}`, 200},
	} {
		got := request{method: step.method, path: base + step.path, body: step.body}.to(handler)
		if body := isoTimes.ReplaceAllString(got.Body.String(), "TIME"); got.Code != step.status || body != step.answer {
			t.Fatalf("%s: %d %s\nwant %d %s", step.name, got.Code, body, step.status, step.answer)
		}
	}
}

func TestThreadsArePagedToTheEnd(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	const n = 507
	for i := range n {
		body := fmt.Sprintf(`{"agentId":"default","id":"t%d"}`, i)
		if got := (request{method: "POST", path: "/threads", body: body}).to(handler); got.Code != 201 {
			t.Fatal(got.Code, got.Body)
		}
	}
	for limit, want := range map[string]int{"": 2, "&limit=1000": 2, "&limit=100": 6} {
		seen, pages, cursor := map[string]bool{}, 0, ""
		for {
			got := request{method: "GET", path: "/threads?agentId=default" + limit + cursor}.to(handler)
			var page struct {
				Threads    []struct{ ID string }
				NextCursor *string
			}
			if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil {
				t.Fatal(err, got.Body)
			}
			pages++
			for _, thread := range page.Threads {
				if seen[thread.ID] {
					t.Errorf("thread %s is on two pages", thread.ID)
				}
				seen[thread.ID] = true
			}
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(*page.NextCursor)
		}
		if len(seen) != n || pages != want {
			t.Errorf("%q: %d threads on %d pages, want %d on %d", limit, len(seen), pages, n, want)
		}
	}
}

func TestThreadsOfAnotherUserDoNotExist(t *testing.T) {
	handler := newRuntime(t, core.Config{Development: true, Identify: func(r *http.Request) (access.User, error) {
		if user := r.Header.Get("X-User"); user != "" {
			return access.User{ID: user}, nil
		}
		return access.User{}, &core.HTTPError{Status: 401, Body: "Unauthorized"}
	}})
	as := func(user, method, path, body string) (int, string) {
		r := request{method: method, path: path, body: body, header: http.Header{"X-User": {user}}}
		if user == "" {
			r.header = nil
		}
		got := r.to(handler)
		return got.Code, got.Body.String()
	}
	if code, body := as("ann", "POST", "/threads", `{"agentId":"default","id":"t"}`); code != 201 || !strings.Contains(body, `"createdById":"ann"`) {
		t.Fatal(code, body)
	}
	mutation := `{"agentId":"default","name":"mine","archived":true}`
	for _, try := range [][3]string{
		{"PATCH", "/threads/t", mutation}, {"DELETE", "/threads/t", mutation}, {"POST", "/threads/t/archive", mutation},
	} {
		if code, body := as("bob", try[0], try[1], try[2]); code != 404 {
			t.Errorf("bob's %s %s: %d %s", try[0], try[1], code, body)
		}
	}
	if _, body := as("bob", "GET", "/threads", ""); body != `{"threads":[],"nextCursor":null}` {
		t.Errorf("bob lists %s", body)
	}
	if code, body := as("bob", "POST", "/threads", `{"agentId":"default","id":"t"}`); code != 201 {
		t.Errorf("bob can't have a thread of the same id: %d %s", code, body)
	}
	if code, _ := as("bob", "POST", "/threads/clear", ""); code != 204 {
		t.Errorf("bob's clear: %d", code)
	}
	if _, body := as("ann", "GET", "/threads", ""); !strings.Contains(body, `"id":"t"`) {
		t.Errorf("ann lists %s", body)
	}
	for _, path := range []string{"/threads", "/threads/t/messages", "/threads/t/events", "/threads/t/state", "/cpk-debug-events"} {
		if code, body := as("", "GET", path, ""); code != 401 || body != "Unauthorized" {
			t.Errorf("nobody's GET %s: %d %s", path, code, body)
		}
	}
	for _, path := range []string{"/agent/default/run", "/agent/default/connect", "/agent/default/stop/t", "/threads", "/threads/clear"} {
		if code, body := as("", "POST", path, input); code != 401 || body != "Unauthorized" {
			t.Errorf("nobody's POST %s: %d %s", path, code, body)
		}
	}
}

func TestClearClearsInDevelopmentOnly(t *testing.T) {
	for _, development := range []bool{false, true} {
		handler := newRuntime(t, core.Config{Development: development})
		request{method: "POST", path: "/threads", body: `{"agentId":"default","id":"t"}`}.to(handler)
		if got := (request{method: "POST", path: "/threads/clear"}).to(handler); got.Code != 204 || got.Body.Len() > 0 {
			t.Errorf("clear: %d %s", got.Code, got.Body)
		}
		got := request{method: "GET", path: "/threads"}.to(handler).Body.String()
		if kept := strings.Contains(got, `"id":"t"`); kept == development {
			t.Errorf("development %t: afterwards %s", development, got)
		}
	}
}

// unreachable is a store whose backend is down.
type unreachable struct {
	store.Store
	err error
}

func (u unreachable) Begin(context.Context, store.BeginRequest) (store.Lease, error) {
	return nil, u.err
}
func (u unreachable) Read(context.Context, store.Key, int64, bool) (store.Page, error) {
	return store.Page{}, u.err
}
func (u unreachable) Stop(context.Context, store.Key, string) (bool, error) { return false, u.err }
func (u unreachable) Thread(context.Context, store.Key) (store.Thread, error) {
	return store.Thread{}, u.err
}
func (u unreachable) Threads(context.Context, store.Query) (store.ThreadPage, error) {
	return store.ThreadPage{}, u.err
}
func (u unreachable) CreateThread(context.Context, store.Key, string, string) (store.Thread, error) {
	return store.Thread{}, u.err
}
func (u unreachable) UpdateThread(context.Context, store.Key, store.Patch) (store.Thread, error) {
	return store.Thread{}, u.err
}
func (u unreachable) DeleteThread(context.Context, store.Key) error { return u.err }
func (u unreachable) Snapshot(context.Context, store.Key) (store.Snapshot, error) {
	return store.Snapshot{}, u.err
}
func (u unreachable) Clear(context.Context, string) error { return u.err }

func TestAStoreThatFails(t *testing.T) {
	mutation := `{"agentId":"default"}`
	for _, test := range []struct{ method, path, body, failure string }{
		{"POST", "/agent/default/run", input, "Failed to run agent"},
		{"POST", "/agent/default/connect", input, "Failed to run agent"},
		{"POST", "/agent/default/stop/t", "", "Failed to stop agent"},
		{"GET", "/threads", "", "Failed to list threads"},
		{"POST", "/threads", mutation, "Failed to create thread"},
		{"POST", "/threads/clear", "", "Failed to clear threads"},
		{"PATCH", "/threads/t", mutation, "Failed to update thread"},
		{"DELETE", "/threads/t", mutation, "Failed to delete thread"},
		{"POST", "/threads/t/archive", mutation, "Failed to archive thread"},
		{"GET", "/threads/t/messages", "", "Failed to fetch thread messages"},
		{"GET", "/threads/t/events", "", "Failed to fetch thread events"},
		{"GET", "/threads/t/state", "", "Failed to fetch thread state"},
	} {
		r := request{method: test.method, path: test.path, body: test.body}
		t.Run(test.method+" "+test.path+" when it is down", func(t *testing.T) {
			down := unreachable{err: fmt.Errorf("dial 10.0.0.1: %w", store.ErrUnavailable)}
			handler := newRuntime(t, core.Config{Store: down, Development: true})
			checkAnswer(t, handler, r, answer{503, `{"error":"Store unavailable","code":"store_unavailable","message":"Threads can't be reached right now. Please try again."}`,
				map[string]string{"Retry-After": "2"}})
		})
		t.Run(test.method+" "+test.path+" when it is broken", func(t *testing.T) {
			broken := unreachable{err: errors.New("no such table at 10.0.0.1")}
			handler := newRuntime(t, core.Config{Store: broken, Development: true})
			got := r.to(handler)
			if got.Code != 500 || !strings.HasPrefix(got.Body.String(), `{"error":"`+test.failure+`","message":"`) ||
				!strings.Contains(got.Body.String(), "no such table") {
				t.Errorf("in development: %d %s", got.Code, got.Body)
			}
			handler = newRuntime(t, core.Config{Store: broken})
			if test.path == "/threads/clear" {
				return // does nothing in production
			}
			checkAnswer(t, handler, r, answer{500, `{"error":"` + test.failure + `","message":"Internal error"}`, nil})
		})
	}
}
