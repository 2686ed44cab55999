package reference

import "github.com/copilotkit-go/runtime/test/intelligencetest"

// scenario is what a front end, an agent and a platform do.
type scenario struct {
	name   string
	config func(*Config)
	agent  []string
	play   func(*session)
}

const (
	runStarted  = `{"type":"RUN_STARTED","threadId":"$thread","runId":"$run"}`
	runFinished = `{"type":"RUN_FINISHED","threadId":"$thread","runId":"$run"}`
	textStart   = `{"type":"TEXT_MESSAGE_START","messageId":"$run-answer","role":"assistant"}`
	textContent = `{"type":"TEXT_MESSAGE_CONTENT","messageId":"$run-answer","delta":"Hello <&> ‹é›"}`
	textEnd     = `{"type":"TEXT_MESSAGE_END","messageId":"$run-answer"}`
	toolStart   = `{"type":"TOOL_CALL_START","toolCallId":"$run-call","toolCallName":"weather","parentMessageId":"$run-answer"}`
	toolArgs    = `{"type":"TOOL_CALL_ARGS","toolCallId":"$run-call","delta":"{\"city\":"}`
	toolEnd     = `{"type":"TOOL_CALL_END","toolCallId":"$run-call"}`
)

var (
	hello    = userMessage("u1", "Hello")
	answers  = []string{runStarted, textStart, textContent, textEnd, runFinished}
	faultsOf = func(s *session, change func(*intelligencetest.Faults)) { s.p.SetFaults(change) }
)

var scenarios = append(append(runs, failures...), calls...)

var runs = []scenario{
	{name: "the first run of a thread", agent: answers, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "the second run of a thread", agent: answers, play: func(s *session) {
		s.run("t1", "r1", hello)
		s.run("t1", "r2", hello, `{"id":"r1-answer","role":"assistant","content":"Hello <&> ‹é›"}`, userMessage("u2", "Again"))
	}},
	{name: "a gateway without batches", agent: answers, play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.NoBatches = true })
		s.run("t1", "r1", hello)
	}},
	{name: "a platform that gives runs other ids", agent: answers, play: func(s *session) {
		s.p.AddThread("t1", "test-user", "default")
		faultsOf(s, func(f *intelligencetest.Faults) { f.RenameRuns = true })
		s.begin("t1", "r1", hello)
		s.ended("run-1")
	}},
	{name: "an agent that sets what the platform counts", play: func(s *session) {
		s.say(runStarted,
			`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant","metadata":{"cpki_event_id":"forged","cpki_event_seq":9,"kept":1},"threadId":"x","run_id":"y"}`,
			`{"type":"TEXT_MESSAGE_END","messageId":"m"}`, runFinished)
		s.run("t1", "r1", hello)
	}},
	{name: "an agent that doesn't begin", agent: []string{textStart, textContent, textEnd, runFinished}, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "an agent that ends in the middle", agent: []string{runStarted, textStart, textContent, toolStart, toolArgs}, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "an agent that is refused", agent: []string{refuse}, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "an agent that reports an error", play: func(s *session) {
		s.say(runStarted, textStart, `{"type":"RUN_ERROR","message":"No more","code":"TIRED"}`)
		s.run("t1", "r1", hello)
	}},
	{name: "a tool of the front end", agent: []string{runStarted, toolStart, toolArgs, toolEnd, runFinished}, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "a stop of the platform in a text", agent: []string{runStarted, textStart, textContent, hold}, play: func(s *session) {
		s.begin("t1", "r1", hello)
		s.held("r1", 3)
		s.p.StopRun("r1")
		s.ended("r1")
	}},
	{name: "a stop of the platform in a tool call", agent: []string{runStarted, toolStart, toolArgs, hold}, play: func(s *session) {
		s.begin("t1", "r1", hello)
		s.held("r1", 3)
		s.p.StopRun("r1")
		s.ended("r1")
	}},
	{name: "a stop of the front end", agent: []string{runStarted, textStart, hold}, play: func(s *session) {
		s.begin("t1", "r1", hello)
		s.held("r1", 2)
		s.ask("POST", "/agent/default/stop/t1", `{"runId":"r0"}`)
		s.ask("POST", "/agent/default/stop/t1", `{}`, "x-test-user-id", "eve")
		s.ask("POST", "/agent/default/stop/t1", `{"runId":"r1"}`)
		s.ended("r1")
		s.ask("POST", "/agent/default/stop/t1", `{}`)
	}},
	{name: "a connection that is cut", agent: []string{runStarted, textStart, hold, textContent, textEnd, runFinished}, play: func(s *session) {
		s.begin("t1", "r1", hello)
		s.held("r1", 2)
		s.p.CutRunners(0)
		close(s.release)
		s.ended("r1")
	}},
	{name: "acks that are lost with their connection", agent: answers, play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.NoBatches, f.CloseAfterStoring = true, 2 })
		s.run("t1", "r1", hello)
	}},
	{name: "a planned restart", agent: answers, play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.CloseAfterStoring, f.CloseCode = 1, 1012 })
		s.run("t1", "r1", hello)
	}},
	{name: "a gateway that drains", agent: answers, play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.JoinDrain = 1 })
		s.run("t1", "r1", hello)
	}},
	{name: "a gateway that asks for events again", agent: answers, play: func(s *session) {
		faultsOf(s, func(f *intelligencetest.Faults) { f.RefuseEvents = 1 })
		s.run("t1", "r1", hello)
	}},
	{name: "a lock with a prefix", agent: []string{runStarted, textStart, hold, textEnd, runFinished},
		config: func(c *Config) {
			c.LockKeyPrefix, c.LockTTLSeconds, c.LockHeartbeatIntervalSeconds = "mine", 30, 1
		},
		play: func(s *session) {
			s.begin("t1", "r1", hello)
			s.held("r1", 2)
			s.called("PATCH /api/threads/{id}/lock", 1)
			close(s.release)
			s.ended("r1")
		}},
	{name: "a name for a thread", agent: answers, config: func(c *Config) { c.GenerateThreadNames = true }, play: func(s *session) {
		s.title = `{\"title\":\"A small greeting\"}`
		s.run("t1", "r1", hello)
		close(s.release)
		s.called("PATCH /api/threads/{id}", 1)
	}},
	{name: "a memory tool that an agent calls", agent: []string{
		runStarted, textStart, textContent, textEnd,
		`{"type":"TOOL_CALL_START","toolCallId":"c1","toolCallName":"mcp__intelligence__save_memory","parentMessageId":"$run-answer"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c1","delta":"{\"content\":\"Likes tea\"}"}`,
		`{"type":"TOOL_CALL_END","toolCallId":"c1"}`, runFinished, next,
		runStarted, `{"type":"TEXT_MESSAGE_START","messageId":"second","role":"assistant"}`, `{"type":"TEXT_MESSAGE_END","messageId":"second"}`, runFinished,
	}, config: func(c *Config) { c.MemoryGrant = &Grant{"read-write", "none"} }, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
	{name: "memory tools for an agent", agent: answers, config: func(c *Config) { c.MemoryGrant = &Grant{"read-write", "none"} }, play: func(s *session) {
		s.run("t1", "r1", hello)
	}},
}
