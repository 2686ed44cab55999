package intelligencetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// script plays a run's events, and returns the runner.
func script(t *testing.T, p *intelligencetest.Platform, threadID, runID string, events ...string) *peer {
	t.Helper()
	c := dialRunner(t, p)
	if got := c.join(threadID, runID); got != "ok" {
		t.Fatal(got)
	}
	for _, payload := range events {
		if got := c.ask("ingestion:"+runID, "event", payload); got != "ok" {
			t.Fatalf("%s: %s", payload, got)
		}
	}
	return c
}

// follow joins a thread and returns the peer.
func follow(t *testing.T, p *intelligencetest.Platform, token, threadID, params string) *peer {
	t.Helper()
	c := dialClient(t, p, token)
	if got := c.ask("thread:"+threadID, "phx_join", params); got != "ok" {
		t.Fatalf("the join: %s", got)
	}
	if f := c.next(); f.event != "connected" {
		t.Fatalf("after the join came %s", f.event)
	}
	return c
}

// heard returns the next n frames: an event's sequence, or the name of another.
func (c *peer) heard(n int) string {
	c.t.Helper()
	var heard []string
	for range n {
		f := c.next()
		if f.event != "ag_ui_event" {
			heard = append(heard, f.event)
			continue
		}
		var event struct {
			Type     string
			Metadata struct {
				Seq int `json:"cpki_event_seq"`
			}
		}
		if err := json.Unmarshal(f.payload, &event); err != nil {
			c.t.Fatal(err)
		}
		heard = append(heard, fmt.Sprint(event.Metadata.Seq, " ", event.Type))
	}
	return strings.Join(heard, ", ")
}

func TestFrontEndsFollowAThread(t *testing.T) {
	p := intelligencetest.New(t)
	token := lock(t, p, "t1", "r1")
	live := follow(t, p, token, "t1", `{"stream_mode":"run","run_id":"r1"}`)
	runner := script(t, p, "t1", "r1", started("t1", "r1", 1), text("t1", "r1", 2, "x"))
	if got := live.heard(3); got != "1 RUN_STARTED, replay_complete, 2 TEXT_MESSAGE_CONTENT" {
		t.Errorf("who was there before the run heard %s", got)
	}
	second := follow(t, p, p.ThreadToken("t1", user), "t1", `{"stream_mode":"connect","last_seen_event_id":null}`)
	if got := second.heard(3); got != "1 RUN_STARTED, 2 TEXT_MESSAGE_CONTENT, replay_complete" {
		t.Errorf("who came later heard %s", got)
	}
	runner.ask("ingestion:r1", "event", finished("t1", "r1", 3))
	if got := live.heard(1); got != "3 RUN_FINISHED" {
		t.Errorf("the end: %s", got)
	}
	if got := second.heard(2); got != "3 RUN_FINISHED, stream_idle" {
		t.Errorf("the end, for who came later: %s", got)
	}
	again := follow(t, p, p.ThreadToken("t1", user), "t1", `{"stream_mode":"connect","last_seen_event_id":"r1-2"}`)
	if got := again.heard(3); got != "3 RUN_FINISHED, replay_complete, stream_idle" {
		t.Errorf("who had seen two events heard %s", got)
	}
}

func TestATokenOpensOneTopicOnce(t *testing.T) {
	p := intelligencetest.New(t)
	token := lock(t, p, "t1", "r1")
	c := dialClient(t, p, token)
	if got := c.ask("thread:t2", "phx_join", `{}`); got != "unauthorized" {
		t.Errorf("another thread: %s", got)
	}
	if again, status := dial(t, p.GatewayURL+"/client/websocket?vsn=2.0.0&join_token="+token, ""); again != nil || status != http.StatusUnauthorized {
		t.Errorf("a used token: %d", status)
	}
	if none, status := dial(t, p.GatewayURL+"/client/websocket?vsn=2.0.0", ""); none != nil || status != http.StatusUnauthorized {
		t.Errorf("no token: %d", status)
	}
}

func TestAFrontEndStopsARun(t *testing.T) {
	p := intelligencetest.New(t)
	token := lock(t, p, "t1", "r1")
	runner := script(t, p, "t1", "r1", started("t1", "r1", 1))
	c := follow(t, p, token, "t1", `{"stream_mode":"connect"}`)
	c.heard(2)
	if got := c.ask("thread:t1", "stop_run", `{"run_id":"r0"}`); got != "run_thread_mismatch" {
		t.Errorf("another run: %s", got)
	}
	if got := c.ask("thread:t1", "stop_run", `{"run_id":"r1"}`); got != "ok" {
		t.Errorf("the run: %s", got)
	}
	if f := runner.next(); f.topic != "ingestion:r1" || f.event != "ag-ui" || string(f.payload) != `{"name":"stop","type":"CUSTOM"}` {
		t.Errorf("the runner got %+v", f)
	}
	runner.ask("ingestion:r1", "event", text("t1", "r1", 2, "late"))
	runner.ask("ingestion:r1", "event", finished("t1", "r1", 3))
	if got := c.heard(2); got != "3 RUN_FINISHED, stream_idle" {
		t.Errorf("who has stopped it heard %s", got)
	}
}

func TestFrontEndsAreToldOfThreadsAndMemories(t *testing.T) {
	p := intelligencetest.New(t)
	_, body := call(t, p, "GET", "/api/threads?userId=ada&agentId=default", "")
	code := field(t, body, "joinCode")
	_, body = call(t, p, "POST", "/api/threads/subscribe", `{"userId":"ada"}`)
	threads := dialClient(t, p, field(t, body, "joinToken"))
	if got := threads.ask("user_meta:"+code, "phx_join", `{}`); got != "ok" {
		t.Fatal(got)
	}
	call(t, p, "POST", "/api/threads", `{"threadId":"t1","userId":"ada","agentId":"default"}`)
	call(t, p, "POST", "/api/threads", `{"threadId":"t2","userId":"eve","agentId":"default"}`)
	call(t, p, "PATCH", "/api/threads/t1", `{"userId":"ada","agentId":"default","name":"A name"}`)
	call(t, p, "PATCH", "/api/threads/t1", `{"userId":"ada","agentId":"default","archived":true}`)
	lock(t, p, "t1", "r1")
	script(t, p, "t1", "r1", started("t1", "r1", 1), finished("t1", "r1", 2))
	call(t, p, "DELETE", "/api/threads/t1", `{"userId":"ada","agentId":"default","reason":"because"}`)
	for _, want := range []string{"created", "renamed", "archived", "RUN_STARTED", "RUN_FINISHED", "deleted"} {
		f := threads.next()
		var told struct{ Operation, EventType, ThreadID string }
		if err := json.Unmarshal(f.payload, &told); err != nil {
			t.Fatal(err)
		}
		if told.Operation+told.EventType != want || told.ThreadID != "t1" {
			t.Errorf("%s: %s", want, f.payload)
		}
	}

	_, body = call(t, p, "POST", "/api/memories/subscribe", "", "X-Cpki-User-Id", user)
	memories := dialClient(t, p, field(t, body, "joinToken"))
	if got := memories.ask("user_meta:memories:"+field(t, body, "joinCode"), "phx_join", `{}`); got != "ok" {
		t.Fatal(got)
	}
	call(t, p, "POST", "/api/memories", `{"content":"Likes tea","kind":"topical","sourceThreadIds":[]}`, "X-Cpki-User-Id", user)
	if f := memories.next(); f.event != "memory_metadata" || !strings.Contains(string(f.payload), "Likes tea") {
		t.Errorf("the memory: %s", f.payload)
	}
}

// field returns a text of a JSON object.
func field(t *testing.T, body, name string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	text, _ := object[name].(string)
	if text == "" {
		t.Fatalf("%s has no %s", body, name)
	}
	return text
}
