package intelligencetest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Event is an event of a run as the platform has stored it.
type Event struct {
	ID       string
	Seq      int
	Type     string
	ThreadID string
	RunID    string
	JSON     json.RawMessage
}

func (e Event) terminal() bool { return e.Type == "RUN_FINISHED" || e.Type == "RUN_ERROR" }

// run is what the platform knows of a run since it was given a lock.
type run struct {
	id, threadID, user, agentID string

	events   []Event
	ended    bool
	acked    bool // its end
	released bool // its lock, by itself
	joins    int
	// pushes is how many pushes came, repeated ones too.
	pushes int
}

const batchLimit = 32

// Events returns a thread's stored events, in order.
func (p *Platform) Events(threadID string) []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.threads[threadID]; t != nil {
		return slices.Clone(t.events)
	}
	return nil
}

// RunEvents returns a run's stored events, in order.
func (p *Platform) RunEvents(runID string) []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.runs[runID]; r != nil {
		return slices.Clone(r.events)
	}
	return nil
}

// Ended reports whether a run's end is stored.
func (p *Platform) Ended(runID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs[runID] != nil && p.runs[runID].ended
}

// Acked reports whether a run's end is stored and the runner was told.
func (p *Platform) Acked(runID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs[runID] != nil && p.runs[runID].acked
}

// Joins returns how often a run's topic was joined.
func (p *Platform) Joins(runID string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs[runID] == nil {
		return 0
	}
	return p.runs[runID].joins
}

// pushed stores the events of a push, all or none, and answers it.
func (p *Platform) pushed(s *socket, joined *channel, frame Frame) {
	joined.run.pushes++
	if spend(&p.faults.CloseBeforeStoring) {
		s.close(p.faults.CloseCode)
		return
	}
	if spend(&p.faults.RefuseEvents) {
		s.reply(frame, "error", map[string]any{"reason": "overloaded", "retryable": true})
		return
	}
	if reason := p.faults.RefuseEventsForGood; reason != "" {
		s.reply(frame, "error", map[string]any{"reason": reason, "retryable": false})
		return
	}
	events, reason := p.check(s, joined, frame)
	if reason != "" {
		s.reply(frame, "error", map[string]any{"reason": reason, "retryable": false})
		return
	}
	ends := false
	for _, event := range events {
		ends = ends || event.terminal()
		if event.Seq > len(joined.run.events) {
			p.store(joined.run, event)
		}
	}
	if spend(&p.faults.CloseAfterStoring) {
		s.close(p.faults.CloseCode)
		return
	}
	if spend(&p.faults.DropAcks) {
		return
	}
	if spend(&p.faults.Garbage) {
		s.queue(outgoing{data: []byte(`{"this is":"no frame"}`)})
		return
	}
	acknowledge := func() {
		joined.run.acked = joined.run.ended
		s.reply(frame, "ok", struct{}{})
	}
	if ends && p.faults.HoldTerminalAcks {
		p.held = append(p.held, acknowledge)
		return
	}
	p.later(p.faults.AckDelay, acknowledge)
}

// check reads a push's events, and returns why they can't be stored, "" if they can.
func (p *Platform) check(s *socket, joined *channel, frame Frame) ([]Event, string) {
	raw := []json.RawMessage{frame.Payload}
	if frame.Event == "events" {
		var batch struct {
			Events []json.RawMessage `json:"events"`
		}
		err := json.Unmarshal(frame.Payload, &batch)
		raw = batch.Events
		switch {
		case err != nil || len(raw) == 0 || len(raw) > batchLimit:
			p.violate("run %s: a batch of %d events: %v", joined.run.id, len(raw), err)
			return nil, "bad_batch"
		case !joined.batches:
			p.violate("run %s: a batch, for a gateway that takes none", joined.run.id)
			return nil, "batches_not_supported"
		}
	}
	r := joined.run
	if p.threads[r.threadID] == nil {
		p.refuse("run %s: an event of a thread that was deleted", r.id)
		return nil, "thread_deleted"
	}
	next, ended := len(r.events)+1, r.ended
	var events []Event
	for _, data := range raw {
		event, reason := p.readEvent(r, data)
		if reason != "" {
			return nil, reason
		}
		if event.Seq < next {
			if reason := p.compare(r, event); reason != "" {
				return nil, reason
			}
			events = append(events, event)
			continue
		}
		switch {
		case event.Seq > next:
			p.violate("run %s: event %d comes after event %d", r.id, event.Seq, next-1)
			return nil, "bad_sequence"
		case ended:
			p.violate("run %s: a %s after its end", r.id, event.Type)
			return nil, "run_ended"
		case next == 1 && event.Type != "RUN_STARTED":
			p.violate("run %s begins with %s", r.id, event.Type)
			return nil, "missing_run_baseline"
		case !p.mayPush(r):
			p.refuse("run %s: event %d without the lock", r.id, event.Seq)
			return nil, "lock_lost"
		case p.ids[event.ID]:
			p.violate("run %s: event %d has the id of another", r.id, event.Seq)
			return nil, "changed_replay"
		}
		events = append(events, event)
		next++
		ended = ended || event.terminal()
	}
	return events, ""
}

// mayPush reports whether a run that has joined may still write. One that has given its
// lock back may, as long as no other has taken it: the reference does so as soon as its
// agent has failed, before the run's last events are on their way.
func (p *Platform) mayPush(r *run) bool {
	return p.holds(r) || r.released && p.lockOf(r.threadID) == nil
}

// readEvent checks that an event says what run it belongs to, in every way there is.
func (p *Platform) readEvent(r *run, data json.RawMessage) (Event, string) {
	var event struct {
		Type     string `json:"type"`
		ThreadID string `json:"threadId"`
		RunID    string `json:"runId"`
		Thread   string `json:"thread_id"`
		Run      string `json:"run_id"`
		Metadata struct {
			ID  string `json:"cpki_event_id"`
			Seq int    `json:"cpki_event_seq"`
		} `json:"metadata"`
		Input *struct {
			ThreadID string            `json:"threadId"`
			RunID    string            `json:"runId"`
			Messages []json.RawMessage `json:"messages"`
		} `json:"input"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		p.violate("run %s: an event that can't be read: %v", r.id, err)
		return Event{}, "bad_event"
	}
	if event.Type == "" || event.Metadata.ID == "" || event.Metadata.Seq < 1 {
		p.violate("run %s: an event without type, id or sequence: %.300s", r.id, data)
		return Event{}, "bad_event"
	}
	if event.ThreadID != r.threadID || event.Thread != r.threadID || event.RunID != r.id || event.Run != r.id {
		p.violate("run %s of thread %s: an event of another: %.300s", r.id, r.threadID, data)
		return Event{}, "bad_scope"
	}
	if event.Type == "RUN_STARTED" {
		in := event.Input
		if in == nil || in.ThreadID != r.threadID || in.RunID != r.id || in.Messages == nil {
			p.violate("run %s: RUN_STARTED without its input: %.300s", r.id, data)
			return Event{}, "bad_event"
		}
	}
	return Event{
		ID: event.Metadata.ID, Seq: event.Metadata.Seq, Type: event.Type,
		ThreadID: r.threadID, RunID: r.id, JSON: bytes.Clone(data),
	}, ""
}

// compare says whether what comes a second time is what came the first time.
func (p *Platform) compare(r *run, event Event) string {
	if event.Seq > len(r.events) {
		p.violate("run %s: event %d is twice in a batch", r.id, event.Seq)
		return "bad_sequence"
	}
	stored := r.events[event.Seq-1]
	if stored.ID != event.ID || !bytes.Equal(stored.JSON, event.JSON) {
		p.violate("run %s: event %d was %.300s and comes again as %.300s", r.id, event.Seq, stored.JSON, event.JSON)
		return "changed_replay"
	}
	return ""
}

// store keeps an event, and passes it on.
func (p *Platform) store(r *run, event Event) {
	t := p.threads[r.threadID]
	t.events = append(t.events, event)
	r.events = append(r.events, event)
	p.ids[event.ID] = true
	t.touched()
	if event.terminal() {
		r.ended = true
		if held := p.locks[r.threadID]; held != nil && held.runID == r.id {
			delete(p.locks, r.threadID)
		}
	}
	p.follow(event)
	if event.Type == "RUN_STARTED" || event.terminal() {
		p.tellActivity(t, event)
	}
	p.touch()
}
