package reference

import (
	"net/http"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

var calls = []scenario{
	{name: "info", play: func(s *session) {
		s.ask("GET", "/info", "")
		s.ask("GET", "/inspector-metadata", "")
	}},
	{name: "info of a project whose entitlements aren't known", play: func(s *session) {
		s.p.Fault("GET /api/entitlements/runtime", away(http.StatusServiceUnavailable))
		s.ask("GET", "/info", "")
	}},
	{name: "info of a project that is misconfigured", play: func(s *session) {
		s.p.Fault("GET /api/entitlements/runtime", away(http.StatusForbidden))
		s.ask("GET", "/info", "")
	}},
	{name: "info of one route", config: func(c *Config) { c.Mode = "single-route" }, agent: answers, play: func(s *session) {
		s.ask("POST", "", `{"method":"info"}`)
		s.ask("POST", "", `{"method":"agent/run","params":{"agentId":"default"},"body":`+input("t1", "r1", hello)+`}`)
		s.ended("r1")
		s.ask("POST", "", `{"method":"agent/connect","params":{"agentId":"default"},"body":`+input("t1", "r2")+`}`)
		s.ask("POST", "", `{"method":"resource/request","params":{"path":"/threads?agentId=default","httpMethod":"GET"}}`)
		s.ask("POST", "", `{"method":"resource/request","params":{"path":"/threads/t1","httpMethod":"PATCH"},"body":{"agentId":"default","name":"A name"}}`)
		s.ask("POST", "", `{"method":"resource/request","params":{"path":"/info","httpMethod":"GET"}}`)
	}},
	{name: "inspector metadata that isn't there", play: func(s *session) {
		s.p.SetInspectorMetadata("")
		s.ask("GET", "/inspector-metadata", "")
	}},
	{name: "connects", agent: []string{runStarted, hold, runFinished}, play: func(s *session) {
		s.ask("POST", "/agent/default/connect", input("t1", "r0"))
		s.begin("t1", "r1", hello)
		s.held("r1", 1)
		s.ask("POST", "/agent/default/connect", input("t1", "r0"))
		s.ask("POST", "/agent/default/connect", input("t1", "r0"), "x-test-user-id", "eve")
		close(s.release)
		s.ended("r1")
		s.ask("POST", "/agent/default/connect", input("t1", "r0"))
	}},
	{name: "threads", agent: answers, play: func(s *session) {
		s.run("t1", "r1", hello)
		s.ask("GET", "/threads?agentId=default", "")
		s.ask("GET", "/threads?agentId=default&includeArchived=true&limit=5&cursor=t9", "")
		s.ask("GET", "/threads?agentId=default&includeArchived=yes&userId=eve", "")
		s.ask("POST", "/threads/subscribe", `{"userId":"eve"}`)
		s.ask("GET", "/threads/t1/messages", "")
		s.ask("GET", "/threads/t1/events", "")
		s.ask("GET", "/threads/t1/state", "")
		s.ask("PATCH", "/threads/t1", `{"agentId":"default","name":"A name","userId":"eve","endUserId":"eve","end_user_id":"eve"}`)
		s.ask("PATCH", "/threads/t1", `{"agentId":"default","name":null}`)
		s.ask("PATCH", "/threads/t1", `{"agentId":"default","name":"Eve's"}`, "x-test-user-id", "eve")
		s.ask("POST", "/threads/t1/archive", `{"agentId":"default"}`)
		s.ask("DELETE", "/threads/t1", `{"agentId":"default"}`, "x-test-user-id", "eve")
		s.ask("DELETE", "/threads/t1", `{"agentId":"default"}`)
		s.ask("DELETE", "/threads/t1", `{"agentId":"default"}`)
		s.ask("POST", "/threads/clear", "")
		s.ask("GET", "/threads/t1/messages", "")
	}},
	{name: "a state", agent: []string{runStarted, `{"type":"STATE_SNAPSHOT","snapshot":{"a":[1]}}`,
		`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/b","value":2}]}`, runFinished}, play: func(s *session) {
		s.run("t1", "r1", hello)
		s.ask("GET", "/threads/t1/state", "")
	}},
	{name: "a thread whose id is strange", agent: answers, play: func(s *session) {
		s.run("a/b c?é", "r1", hello)
		s.ask("GET", "/threads/a%2Fb%20c%3F%C3%A9/messages", "")
		s.ask("POST", "/agent/default/stop/a%2Fb%20c%3F%C3%A9", "")
	}},
	{name: "annotations", play: func(s *session) {
		s.ask("POST", "/annotate", `{"type":"user_action","threadId":"t1","payload":{"title":"x"},"clientEventId":"e 1","occurredAt":"2026-01-01T00:00:00Z","userId":"eve"}`)
		s.ask("POST", "/annotate", `{"type":"user_action","threadId":"t1","payload":{"title":"x"},"clientEventId":"e 1"}`)
		s.ask("POST", "/annotate", `{"type":"user_action","threadId":"t1","clientEventId":"","occurredAt":""}`)
		s.p.Fault("PUT /connector/annotate/{id}", away(http.StatusForbidden))
		s.ask("POST", "/annotate", `{"type":"user_action","threadId":"t1"}`)
		s.p.Fault("PUT /connector/annotate/{id}", intelligencetest.RouteFault{Status: http.StatusOK})
		s.ask("POST", "/annotate", `{"type":"user_action","threadId":"t1"}`)
	}},
	{name: "memories", play: func(s *session) {
		s.ask("POST", "/memories", `{"content":"Likes tea","kind":"topical"}`)
		s.ask("POST", "/memories", `{"content":"Ships on Friday","kind":"operational","scope":"project","sourceThreadIds":["t1"],"userId":"eve"}`)
		s.ask("GET", "/memories", "")
		s.ask("GET", "/memories?includeInvalidated=true", "")
		s.ask("PATCH", "/memories/memory-1", `{"content":"Likes coffee","kind":"topical"}`)
		s.ask("POST", "/memories/recall", `{"query":"coffee","limit":3,"scope":"user"}`)
		s.ask("POST", "/memories/subscribe", "")
		s.ask("DELETE", "/memories/memory-2", "")
		s.ask("DELETE", "/memories/memory-9", "")
		s.p.Fault("GET /api/memories", away(http.StatusInternalServerError))
		s.ask("GET", "/memories", "")
		s.p.Fault("POST /api/memories/recall", intelligencetest.RouteFault{Status: http.StatusOK, Body: `{}`})
		s.ask("POST", "/memories/recall", `{"query":"coffee"}`)
	}},
	{name: "memories that may be read", config: func(c *Config) { c.MemoryGrant = &Grant{"read", "none"} }, play: func(s *session) {
		s.ask("POST", "/memories", `{"content":"Likes tea","kind":"topical"}`)
		s.ask("GET", "/memories", "")
		s.ask("POST", "/memories/subscribe", "")
	}},
	{name: "memories that nobody may use", config: func(c *Config) { c.MemoryGrant = &Grant{"none", "none"} }, agent: answers, play: func(s *session) {
		s.ask("GET", "/memories", "")
		s.run("t1", "r1", hello)
	}},
	{name: "a platform that fails", play: func(s *session) {
		s.p.AddThread("t1", "test-user", "default")
		for _, pattern := range []string{
			"GET /api/threads", threadRoute, "PATCH /api/threads/{id}", "DELETE /api/threads/{id}", "POST /api/threads/subscribe",
			"GET /api/threads/{id}/messages", "GET /api/_inspect/threads/{id}/events", "GET /api/_inspect/threads/{id}/state",
		} {
			s.p.Fault(pattern, away(http.StatusBadGateway))
		}
		s.ask("GET", "/threads?agentId=default", "")
		s.ask("PATCH", "/threads/t1", `{"agentId":"default","name":"x"}`)
		s.ask("POST", "/threads/t1/archive", `{"agentId":"default"}`)
		s.ask("DELETE", "/threads/t1", `{"agentId":"default"}`)
		s.ask("POST", "/threads/subscribe", `{}`)
		s.ask("GET", "/threads/t1/messages", "")
		s.ask("GET", "/threads/t1/events", "")
		s.ask("GET", "/threads/t1/state", "")
		s.ask("POST", "/agent/default/stop/t1", `{}`)
	}},
}
