package intelligencetest

import (
	"slices"
	"strings"
	"time"
)

// token lets a front end in once, and to one topic.
type token struct {
	topic    string
	threadID string // of a thread's topic
	user     string
}

// follower is a front end that has a thread open.
type follower struct {
	threadID string
	runID    string // in run mode, the only one
	after    string // the last event that it had before
	cursor   string
	seen     map[string]bool
	waiting  bool   // for its run to begin
	stopped  string // the run that it has stopped
}

// issue returns a new token. The mutex is held.
func (p *Platform) issue(scope token) string {
	joinToken := p.id("token")
	p.tokens[joinToken] = scope
	return joinToken
}

// ThreadToken returns a token with which a test follows a thread like a front end.
func (p *Platform) ThreadToken(threadID, user string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.issue(token{topic: "thread:" + threadID, threadID: threadID, user: user})
}

// receiveClient answers what a front end sends. The mutex is held.
func (p *Platform) receiveClient(s *socket, frame Frame) {
	switch frame.Event {
	case "phx_join":
		p.joinClient(s, frame)
		return
	case "phx_leave":
		delete(s.channels, frame.Topic)
		s.reply(frame, "ok", struct{}{})
		return
	}
	joined := s.channels[frame.Topic]
	if joined == nil || !same(joined.joinRef, frame.JoinRef) {
		s.reply(frame, "error", map[string]any{"reason": "unmatched topic"})
		return
	}
	if frame.Event != "stop_run" || joined.follow == nil {
		s.reply(frame, "error", map[string]any{"reason": "unsupported_event"})
		return
	}
	runID := decode(frame.Payload).text("run_id")
	held := p.lockOf(joined.follow.threadID)
	if held == nil || held.runID != runID {
		p.refuse("socket %d: stop of run %q, which thread %s doesn't have", s.number, runID, joined.follow.threadID)
		s.reply(frame, "error", map[string]any{"reason": "run_thread_mismatch"})
		return
	}
	joined.follow.stopped = runID
	p.stopRunners(p.runs[runID])
	s.reply(frame, "ok", struct{}{})
}

func (p *Platform) joinClient(s *socket, frame Frame) {
	if frame.Topic != s.scope.topic {
		p.refuse("socket %d: a join of %s with a token for %s", s.number, frame.Topic, s.scope.topic)
		s.reply(frame, "error", map[string]any{"reason": "unauthorized"})
		return
	}
	joined := &channel{joinRef: frame.JoinRef, topic: frame.Topic}
	s.channels[frame.Topic] = joined
	if s.scope.threadID == "" { // a list's
		s.reply(frame, "ok", struct{}{})
		return
	}
	params := decode(frame.Payload)
	after := params.text("last_seen_event_id")
	follow := &follower{threadID: s.scope.threadID, after: after, cursor: after, seen: make(map[string]bool)}
	switch mode := params.text("stream_mode"); mode {
	case "run":
		follow.runID = params.text("run_id")
		follow.waiting = true
	case "connect", "":
	default:
		delete(s.channels, frame.Topic)
		s.reply(frame, "error", map[string]any{"reason": "unsupported_stream_mode"})
		return
	}
	joined.follow = follow
	s.reply(frame, "ok", struct{}{})
	s.push(joined.joinRef, joined.topic, "connected", map[string]any{
		"thread_id": follow.threadID, "user_id": s.scope.user, "organization_id": organization,
	})
	p.replay(s, joined)
}

// replay sends what a follower doesn't have. One that follows a run only gets nothing
// before the run has begun.
func (p *Platform) replay(s *socket, joined *channel) {
	follow := joined.follow
	var events []Event
	if t := p.threads[follow.threadID]; t != nil {
		events = slices.Clone(t.events)
	}
	if follow.runID != "" {
		events = slices.DeleteFunc(events, func(e Event) bool { return e.RunID != follow.runID })
		if len(events) == 0 {
			return
		}
	}
	follow.waiting = false
	if follow.after != "" {
		if at := slices.IndexFunc(events, func(e Event) bool { return e.ID == follow.after }); at >= 0 {
			events = events[at+1:]
		} else {
			events = nil
		}
	}
	for _, event := range events {
		deliver(s, joined, event)
	}
	s.push(joined.joinRef, joined.topic, "replay_complete", follow.position())
	if follow.runID == "" && p.lockOf(follow.threadID) == nil {
		s.push(joined.joinRef, joined.topic, "stream_idle", follow.position())
	}
}

func (f *follower) position() map[string]any {
	var latest *string
	if f.cursor != "" {
		latest = &f.cursor
	}
	return map[string]any{"thread_id": f.threadID, "organization_id": organization, "latestEventId": latest}
}

// deliver sends an event once. Who has stopped a run gets no more of it but its end.
func deliver(s *socket, joined *channel, event Event) {
	follow := joined.follow
	if follow.seen[event.ID] {
		return
	}
	follow.seen[event.ID] = true
	if follow.stopped == event.RunID && !event.terminal() {
		return
	}
	follow.cursor = event.ID
	s.push(joined.joinRef, joined.topic, "ag_ui_event", event.JSON)
}

// follow passes a stored event on to those who have its thread open.
func (p *Platform) follow(event Event) {
	for s := range p.open {
		for _, joined := range s.channels {
			follow := joined.follow
			if follow == nil || follow.threadID != event.ThreadID || follow.runID != "" && follow.runID != event.RunID {
				continue
			}
			if follow.waiting {
				p.replay(s, joined)
				continue
			}
			deliver(s, joined, event)
			if follow.runID == "" && event.terminal() && p.lockOf(event.ThreadID) == nil {
				s.push(joined.joinRef, joined.topic, "stream_idle", follow.position())
			}
		}
	}
}

// tell sends something to all who have joined a topic.
func (p *Platform) tell(topic, event string, payload any) {
	for s := range p.open {
		if s.kind == clientSocket && s.channels[topic] != nil {
			s.push(nil, topic, event, payload)
		}
	}
}

// tellThread tells a user's front ends what has become of a thread.
func (p *Platform) tellThread(t *thread, operation string) {
	payload := map[string]any{
		"operation": operation, "threadId": t.id, "userId": t.user,
		"organizationId": organization, "occurredAt": stamp(time.Now()),
	}
	if operation == "deleted" {
		payload["deleted"] = map[string]any{"id": t.id}
	} else {
		payload["thread"] = t.summary()
	}
	p.tell("user_meta:"+joinCode(t.user), "thread_metadata", payload)
}

// tellActivity tells a user's front ends that a run has begun or ended.
func (p *Platform) tellActivity(t *thread, event Event) {
	p.tell("user_meta:"+joinCode(t.user), "thread_run_activity", map[string]any{
		"threadId": t.id, "agentId": t.agentID, "runId": event.RunID,
		"eventType": event.Type, "latestEventId": event.ID,
	})
}

// tellMemory tells front ends what has become of a memory: its user's, or all of the
// project's.
func (p *Platform) tellMemory(m *memory, operation string) {
	payload := map[string]any{
		"operation": operation, "memoryId": m.ID, "organizationId": organization,
		"projectId": "project-1", "occurredAt": stamp(time.Now()),
	}
	if operation == "invalidated" {
		payload["invalidated"] = map[string]any{"id": m.ID}
	} else {
		payload["memory"] = m
	}
	topic := "user_meta:memories:" + memoryCode(m.user)
	if m.Scope == "project" {
		topic = "project_meta:memories:" + projectMemoryCode
	}
	p.tell(topic, "memory_metadata", payload)
}

const projectMemoryCode = "memories-of-the-project"

func memoryCode(user string) string { return "memories-of-" + strings.ReplaceAll(user, ":", "-") }
