package reference

import (
	"net/http"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

const (
	lockRoute    = "POST /api/threads/{id}/lock"
	threadRoute  = "GET /api/threads/{id}"
	connectRoute = "POST /api/threads/{id}/connect"
)

// away is a platform that answers with a status.
func away(status int) intelligencetest.RouteFault {
	return intelligencetest.RouteFault{Status: status, Body: `{"error":"away"}`}
}

var failures = []scenario{
	{name: "a thread that is locked", agent: []string{runStarted, hold, runFinished}, play: func(s *session) {
		s.begin("t1", "r1", hello)
		s.held("r1", 1)
		s.begin("t1", "r2", hello)
		close(s.release)
		s.ended("r1")
	}},
	{name: "a thread of another user", play: func(s *session) {
		s.p.AddThread("t1", "eve", "default")
		s.begin("t1", "r1", hello)
	}},
	{name: "a join that is refused", play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.JoinReject = "no" })
		s.begin("t1", "r1", hello)
		s.called("DELETE /api/threads/{id}/lock", 1)
	}},
	{name: "a platform that can't find a thread", play: func(s *session) {
		s.p.Fault(threadRoute, away(http.StatusServiceUnavailable))
		s.begin("t1", "r1", hello)
	}},
	{name: "a platform that forbids a thread", play: func(s *session) {
		s.p.Fault("POST /api/threads", away(http.StatusPaymentRequired))
		s.begin("t1", "r1", hello)
	}},
	{name: "a platform that can't lock", play: func(s *session) {
		s.p.Fault(lockRoute, away(http.StatusInternalServerError))
		s.begin("t1", "r1", hello)
	}},
	{name: "a lock without a token", play: func(s *session) {
		s.p.Fault(lockRoute, intelligencetest.RouteFault{Status: http.StatusOK, Body: `{"threadId":"t1","runId":"r1"}`})
		s.begin("t1", "r1", hello)
		s.called("DELETE /api/threads/{id}/lock", 1)
	}},
	{name: "a platform that can't read messages", play: func(s *session) {
		s.p.Fault("GET /api/threads/{id}/messages", away(http.StatusForbidden))
		s.begin("t1", "r1", hello)
		s.called("DELETE /api/threads/{id}/lock", 1)
	}},
	{name: "a lock that is lost", agent: []string{runStarted, textStart, hold},
		config: func(c *Config) { c.LockHeartbeatIntervalSeconds = 1 },
		play: func(s *session) {
			s.begin("t1", "r1", hello)
			s.held("r1", 2)
			s.p.Fault("PATCH /api/threads/{id}/lock", away(http.StatusConflict))
			s.ended("r1")
		}},
	{name: "connects that are refused", play: func(s *session) {
		for _, status := range []int{400, 401, 403, 404, 409, 429, 500} {
			s.p.Fault(connectRoute, away(status))
			s.ask("POST", "/agent/default/connect", input("t1", "r1"))
		}
	}},
	{name: "requests that are wrong", play: func(s *session) {
		s.p.AddThread("t1", "test-user", "another")
		s.ask("POST", "/agent/nobody/run", input("t1", "r1", hello))
		s.ask("POST", "/agent/default/run", `{"threadId":`)
		s.ask("POST", "/agent/nobody/connect", input("t1", "r1"))
		s.ask("POST", "/agent/default/stop/t1", `[]`)
		s.ask("POST", "/agent/default/stop/t1", `{"runId":" "}`)
		s.ask("POST", "/agent/default/stop/t1", `{"other":1}`)
		s.ask("POST", "/agent/default/stop/t1", `{}`)
		s.ask("POST", "/agent/default/stop/t2", ``)
		s.ask("POST", "/agent/default/run", input("t1", "r1", hello), "x-test-user-id", "a b")
		s.ask("GET", "/threads", ``)
		s.ask("GET", "/threads?agentId=a%20b", ``)
		s.ask("PATCH", "/threads/t1", `{"name":"x"}`)
		s.ask("PATCH", "/threads/t1", `x`)
		s.ask("PUT", "/threads/t1", `{}`)
		s.ask("POST", "/annotate", `{"type":"user_action"}`)
		s.ask("POST", "/annotate", `{"threadId":"t1"}`)
		s.ask("POST", "/memories", `{"content":"x"}`)
		s.ask("POST", "/memories", `{"content":"x","kind":"other"}`)
		s.ask("POST", "/memories", `{"content":"x","kind":"topical","scope":1}`)
		s.ask("POST", "/memories", `{"content":"x","kind":"topical","scope":"all"}`)
		s.ask("POST", "/memories", `{"content":"x","kind":"topical","sourceThreadIds":"t1"}`)
		s.ask("POST", "/memories/recall", `{"query":" "}`)
		s.ask("POST", "/memories/recall", `{"query":"x","limit":0}`)
	}},
}
