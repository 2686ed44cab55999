package managed_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// ada is who calls, and whoever that is on the platform.
const (
	ada           = "auth0|ada"
	adaOnPlatform = "auth0=7Cada"
)

func TestThreads(t *testing.T) {
	p := newProject(t)
	ctx := t.Context()
	// A slash in an id is part of it.
	const id = "a/b c?d#é%2F"
	created, err := p.client.CreateThread(ctx, ada, "default", id, "")
	if err != nil || created.ID != id || created.Name != "" || created.AgentID != "default" {
		t.Fatalf("created %+v, %v", created, err)
	}
	if _, err := p.client.CreateThread(ctx, ada, "default", id, ""); status(err) != http.StatusConflict {
		t.Errorf("created again: %v", err)
	}
	archived := true
	updated, err := p.client.UpdateThread(ctx, ada, "default", id, intelligence.ThreadPatch{Name: json.RawMessage(`"A name"`), Archived: &archived})
	if err != nil || updated.Name != "A name" || !json.Valid(updated.JSON) {
		t.Errorf("updated %+v, %v", updated, err)
	}
	if unnamed, err := p.client.UpdateThread(ctx, ada, "default", id, intelligence.ThreadPatch{Name: json.RawMessage("null")}); err != nil || unnamed.Name != "" {
		t.Errorf("without a name %+v, %v", unnamed, err)
	}
	if list, err := p.client.Threads(ctx, ada, intelligence.ThreadQuery{AgentID: "default"}); err != nil || !strings.Contains(string(list), `"threads":[]`) {
		t.Errorf("listed %s, %v", list, err)
	}
	list, err := p.client.Threads(ctx, ada, intelligence.ThreadQuery{AgentID: "default", IncludeArchived: true, Limit: "1"})
	if err != nil || !strings.Contains(string(list), `"id":`) || !strings.Contains(string(list), `"joinCode"`) {
		t.Errorf("listed %s, %v", list, err)
	}
	if token, err := p.client.SubscribeThreads(ctx, ada); err != nil || !strings.HasPrefix(string(token), `{"joinToken":"`) {
		t.Errorf("subscribed: %s, %v", token, err)
	}
	if messages, err := p.client.Messages(ctx, ada, id); err != nil || string(messages) != `{"messages":[]}` {
		t.Errorf("messages %s, %v", messages, err)
	}
	if events, err := p.client.Events(ctx, id); err != nil || !strings.Contains(string(events), `"events":[]`) {
		t.Errorf("events %s, %v", events, err)
	}
	if state, err := p.client.State(ctx, id); err != nil || state != nil {
		t.Errorf("state %s, %v", state, err)
	}
	if _, err := p.client.Thread(ctx, "auth0|eve", id); status(err) != http.StatusNotFound {
		t.Errorf("another user's thread: %v", err)
	}
	if got, err := p.client.Thread(ctx, ada, id); err != nil || got.ID != id {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := p.client.DeleteThread(ctx, ada, "default", id); err != nil {
		t.Errorf("deleted: %v", err)
	}
	if _, err := p.client.Thread(ctx, ada, id); status(err) != http.StatusNotFound {
		t.Errorf("after that: %v", err)
	}
	for _, request := range p.Requests() {
		inspects := strings.HasPrefix(request.Path, "/api/_inspect/")
		if named := strings.Contains(string(request.Body)+request.Query.Get("userId"), "auth0=7C"); named == inspects {
			t.Errorf("%s %s?%s with %s", request.Method, request.Path, request.Query.Encode(), request.Body)
		}
	}
}

func TestState(t *testing.T) {
	for answer, want := range map[string]string{
		`{"kind":"no-snapshot"}`:                                  "",
		`{"kind":"snapshot-decode-error"}`:                        "",
		`{"kind":"snapshot","state":{"a":[1]},"skippedDeltas":0}`: `{"a":[1]}`,
		`{"kind":"snapshot","state":null,"skippedDeltas":0}`:      "",
		`{"kind":"snapshot"}`:                                     "",
	} {
		p := newProject(t)
		p.Fault("GET /api/_inspect/threads/{id}/state", intelligencetest.RouteFault{Status: 200, Body: answer})
		if got, err := p.client.State(t.Context(), "t"); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v", answer, got, err)
		}
	}
}

func TestMemories(t *testing.T) {
	p := newProject(t)
	ctx := t.Context()
	access := intelligence.MemoryAccess{User: ada}
	created, err := p.client.CreateMemory(ctx, access, intelligence.Memory{Content: "Likes tea", Kind: "topical"})
	if err != nil || !strings.Contains(string(created), `"Likes tea"`) {
		t.Fatalf("created %s, %v", created, err)
	}
	var memory struct{ ID string }
	json.Unmarshal(created, &memory)
	replaced, err := p.client.ReplaceMemory(ctx, access, memory.ID, intelligence.Memory{
		Content: "Likes coffee", Kind: "topical", Scope: "user", SourceThreadIDs: []string{"t"},
	})
	if err != nil || !strings.Contains(string(replaced), `"retiredId":"`+memory.ID) || !strings.Contains(string(replaced), `"sourceThreadIds":["t"]`) {
		t.Errorf("replaced %s, %v", replaced, err)
	}
	if found, err := p.client.Recall(ctx, access, intelligence.RecallQuery{Query: "coffee", Limit: 3, Scope: "user"}); err != nil || !strings.Contains(string(found), "Likes coffee") {
		t.Errorf("recalled %s, %v", found, err)
	}
	json.Unmarshal(replaced, &memory)
	if err := p.client.RemoveMemory(ctx, access, memory.ID); err != nil {
		t.Errorf("removed: %v", err)
	}
	if list, err := p.client.Memories(ctx, access, false); err != nil || strings.Contains(string(list), "coffee") {
		t.Errorf("listed %s, %v", list, err)
	}
	if list, err := p.client.Memories(ctx, access, true); err != nil || !strings.Contains(string(list), "coffee") {
		t.Errorf("listed all %s, %v", list, err)
	}
	if tokens, err := p.client.SubscribeMemories(ctx, access); err != nil || !strings.Contains(string(tokens), "oinToken") {
		t.Errorf("subscribed: %s, %v", tokens, err)
	}
	reader := intelligence.MemoryAccess{User: ada, Grant: &intelligence.Grant{User: intelligence.Read}}
	if _, err := p.client.CreateMemory(ctx, reader, intelligence.Memory{Content: "x", Kind: "topical"}); status(err) != http.StatusForbidden {
		t.Errorf("created by a reader: %v", err)
	}
	requests := p.Requests()
	for i, request := range requests {
		want := ""
		if i == len(requests)-1 {
			want = `{"user":"read","project":"none"}`
		}
		if got := request.Header.Get("X-Cpki-Memory-Grant"); got != want || request.Header.Get("X-Cpki-User-Id") != adaOnPlatform {
			t.Errorf("%s %s has grant %q and user %q", request.Method, request.Path, got, request.Header.Get("X-Cpki-User-Id"))
		}
	}
}

func TestAnnotate(t *testing.T) {
	p := newProject(t)
	annotation := intelligence.Annotation{
		ID: "a/1", Type: "user_action", ThreadID: "t", Payload: json.RawMessage(`{"userId":"eve"}`), OccurredAt: "2026-01-01T00:00:00Z",
	}
	for _, want := range []string{`"duplicate":false`, `"duplicate":true`} {
		if got, err := p.client.Annotate(t.Context(), ada, annotation); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("got %s, %v", got, err)
		}
	}
	annotation.ID = ""
	if got, err := p.client.Annotate(t.Context(), ada, annotation); err != nil || !strings.Contains(string(got), `"duplicate":false`) {
		t.Errorf("without an id: %s, %v", got, err)
	}
}

func TestNobodyAndNowhereAreNotAskedFor(t *testing.T) {
	p := newProject(t)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"a thread of nobody":       func() error { _, err := p.client.Thread(ctx, "", "t"); return err },
		"threads of nobody":        func() error { _, err := p.client.Threads(ctx, "", intelligence.ThreadQuery{}); return err },
		"deletion by nobody":       func() error { return p.client.DeleteThread(ctx, "", "default", "t") },
		"memories of nobody":       func() error { _, err := p.client.Memories(ctx, intelligence.MemoryAccess{}, false); return err },
		"a thread without an id":   func() error { _, err := p.client.Thread(ctx, ada, ""); return err },
		"a thread above":           func() error { _, err := p.client.Thread(ctx, ada, ".."); return err },
		"a thread beside":          func() error { return p.client.DeleteThread(ctx, ada, "default", "../memories/m") },
		"a memory beside":          func() error { return p.client.RemoveMemory(ctx, intelligence.MemoryAccess{User: ada}, `x\..\threads`) },
		"a thread of a long id":    func() error { _, err := p.client.Events(ctx, strings.Repeat("x", 5000)); return err },
		"an annotation with an ID": func() error { _, err := p.client.Annotate(ctx, ada, intelligence.Annotation{ID: "./x"}); return err },
		"a name that isn't a JSON": func() error {
			_, err := p.client.UpdateThread(ctx, ada, "d", "t", intelligence.ThreadPatch{Name: json.RawMessage("{")})
			return err
		},
		"an action that isn't JSON": func() error {
			_, err := p.client.Annotate(ctx, ada, intelligence.Annotation{Payload: json.RawMessage("{")})
			return err
		},
	} {
		if err := call(); err == nil || status(err) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if requests := p.Requests(); len(requests) > 0 {
		t.Errorf("the platform was asked %s %s", requests[0].Method, requests[0].Path)
	}
}

// newProject returns a platform on loopback and a client of it.
func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, Platform: intelligencetest.New(t)}
	p.client = p.newClient(nil)
	return p
}

// status returns the platform's status in an error, 0 for none.
func status(err error) int {
	failed, ok := errors.AsType[*intelligence.Error](err)
	if !ok {
		return 0
	}
	return failed.Status
}

// Two instances may find that a thread isn't there at once.
func TestAThreadThatAnotherCreatesMeanwhileIsUsed(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.AddThread("thread", "ada", "default")
		p.Fault("GET /api/threads/{id}", intelligencetest.RouteFault{Times: 1, Status: http.StatusNotFound})
		asked := request("thread", "run")
		asked.Key.Owner = "ada"
		asked.Created = func(thread intelligence.Thread) { t.Errorf("told that %+v was created", thread) }
		run, err := p.client.Begin(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Finish(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestAThreadThatCannotBeCreatedIsNot(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		p.Fault("POST /api/threads", intelligencetest.RouteFault{Status: http.StatusForbidden})
		_, err := p.client.Begin(t.Context(), request("thread", "run"))
		if failed, ok := errors.AsType[*intelligence.Error](err); !ok || failed.Step != intelligence.StepThread || failed.Status != http.StatusForbidden {
			t.Errorf("got %v", err)
		}
	})
}
