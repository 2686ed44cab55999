package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// storedRun is a run as the store holds it.
type storedRun struct {
	id     string
	events []agui.Encoded
	text   string // what render writes them as
	// first is the Seq of the first of them, count how many they stand for.
	first int64
	count int
}

// verify compares what everybody saw with what the store holds.
func (p *play) verify() {
	histories := make(map[store.Key][]storedRun)
	stored := make(map[string]storedRun)
	s := p.Open(p.t)
	for n := range p.Threads {
		histories[key(n)] = p.history(s, key(n))
		for _, run := range histories[key(n)] {
			if _, twice := stored[run.id]; twice {
				p.t.Errorf("%s is stored twice", run.id)
			}
			stored[run.id] = run
		}
	}
	for _, r := range p.runs {
		run, found := stored[r.id]
		p.verifyRun(r, run, found)
	}
	p.verifyOneAtATime()
	for _, c := range p.connections {
		p.verifyConnection(c, histories[c.key])
	}
}

// history reads a thread, and checks that it is a row of whole runs.
func (p *play) history(s store.Store, key store.Key) []storedRun {
	page, err := s.Read(context.Background(), key, 0, false)
	if err != nil || page.Live || page.Orphaned {
		p.t.Errorf("thread %s is left with run %q, live %v, orphaned %v: %v", key.ID, page.RunID, page.Live, page.Orphaned, err)
	}
	var runs []storedRun
	var last int64
	open := false
	for _, record := range page.Records {
		// There are gaps where events about the state were.
		if first := record.Seq - int64(len(record.Cuts)); first <= last {
			p.t.Errorf("thread %s: record %d follows %d", key.ID, first, last)
		}
		last = record.Seq
		if record.Event.EventType() == agui.EventTypeRunStarted {
			if open {
				p.t.Errorf("thread %s: a run starts inside %s", key.ID, runs[len(runs)-1].id)
			}
			runs = append(runs, storedRun{id: runID(record.Event), first: record.Seq})
			open = true
		} else if !open {
			p.t.Errorf("thread %s: %s at %d is outside of any run", key.ID, record.Event.EventType(), record.Seq)
			continue
		}
		run := &runs[len(runs)-1]
		run.events = append(run.events, record.Event)
		run.count = int(record.Seq-run.first) + 1
		open = !terminal(record.Event)
	}
	if open {
		p.t.Errorf("thread %s ends inside a run", key.ID)
	}
	for i := range runs {
		runs[i].text = render(runs[i].events)
	}
	return runs
}

func (p *play) verifyRun(r *run, stored storedRun, found bool) {
	switch {
	case !r.begun:
		if found {
			p.t.Errorf("%s was never begun, but is stored", r.id)
		}
		return
	case len(r.sent) == 0 || !terminal(r.sent[len(r.sent)-1]):
		p.t.Errorf("the stream of %s doesn't end", r.id)
		return
	}
	sent, kept := render(r.sent), stored.text
	if r.err == nil {
		if sent != kept {
			p.t.Errorf("%s was sent and stored differently\n  sent %s\nstored %s", r.id, sent, kept)
		}
		p.verifyState(r.id+" was sent", r.sent, stored.events)
		return
	}
	// Its instance died, or the store was away. Whoever closed it added an end
	// of the message and RUN_ERROR to a beginning of it.
	if !found {
		if r.appended > 0 && p.Disturb == nil {
			p.t.Errorf("%s had %d records stored, and has none", r.id, r.appended)
		}
		return
	}
	if p.Disturb == nil && stored.count < r.appended {
		p.t.Errorf("%s had %d records stored, and has %d", r.id, r.appended, stored.count)
	}
	beginning := stored.events
	for range 2 {
		if len(beginning) > 0 && !strings.HasPrefix(sent, render(beginning)) {
			beginning = beginning[:len(beginning)-1]
		}
	}
	if len(beginning) == 0 || !strings.HasPrefix(sent, render(beginning)) {
		p.t.Errorf("%s is stored with events that it never had\n  sent %s\nstored %s", r.id, sent, kept)
	}
}

// verifyOneAtATime checks that no two agents worked on one thread at once, but
// for those whose instance had lost its lease.
func (p *play) verifyOneAtATime() {
	var done []*run
	for _, r := range p.runs {
		if r.begun && r.err == nil {
			done = append(done, r)
		}
	}
	slices.SortFunc(done, func(a, b *run) int {
		return cmp.Or(strings.Compare(a.key.ID, b.key.ID), cmp.Compare(a.agentBegan, b.agentBegan))
	})
	for i := 1; i < len(done); i++ {
		before, after := done[i-1], done[i]
		if before.key == after.key && after.agentBegan < before.agentEnded {
			p.t.Errorf("%s began before %s had ended", after.id, before.id)
		}
	}
}

func (p *play) verifyConnection(c *connection, history []storedRun) {
	got := c.got
	if n := len(got); n > 0 && isNotice(got[n-1]) {
		// The follower was told that it can't be followed to the end.
		got, c.cut = got[:n-1], true
	}
	seen := render(got)
	var stored []agui.Encoded
	whole := ""
	runs := 0
	for _, run := range history {
		if seen == whole {
			break
		}
		stored = append(stored, run.events...)
		whole += run.text
		runs++
	}
	if c.cut {
		if !strings.HasPrefix(whole, seen) {
			p.t.Errorf("a follower of %s that was cut off saw what isn't stored\n   saw %s\nstored %s", c.key.ID, seen, whole)
		}
		return
	}
	if seen != whole {
		p.t.Errorf("a follower of %s saw something else than what is stored\n   saw %s\nstored %s", c.key.ID, seen, whole)
		return
	}
	p.verifyState("a follower of "+c.key.ID+" saw", got, stored)
	for _, run := range history[runs:] {
		if ended := p.runs[run.id].streamEnded; p.runs[run.id].err == nil && ended < c.began {
			p.t.Errorf("a follower of %s missed %s, which had ended before", c.key.ID, run.id)
		}
	}
}

// verifyState checks that events come to the state that is stored.
func (p *play) verifyState(who string, seen, stored []agui.Encoded) {
	if got, want := p.state(seen), p.state(stored); got != want {
		p.t.Errorf("%s the state %s where %s is stored", who, got, want)
	}
}

// state returns the state that a client has after events.
func (p *play) state(events []agui.Encoded) string {
	thread := fold.NewThread(nil, nil)
	for _, event := range events {
		switch event.EventType() {
		case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
			if err := thread.Add(event); err != nil {
				p.t.Error(err)
			}
		}
	}
	return string(thread.State())
}

// render writes events so that joined and single deltas look the same, and the
// beginning of a stream is the beginning of its text. What several runs are written as is
// what each is, joined. Events about the state, of which one may stand for many, are left
// out.
func render(events []agui.Encoded) string {
	var text strings.Builder
	message := ""
	for _, event := range events {
		switch event.EventType() {
		case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
			continue
		case agui.EventTypeTextMessageContent:
		default:
			message = ""
			text.WriteString("\n" + string(event.JSON()))
			continue
		}
		var content struct{ MessageID, Delta string }
		if err := json.Unmarshal(event.JSON(), &content); err != nil {
			text.WriteString(err.Error())
		}
		if content.MessageID != message {
			message = content.MessageID
			text.WriteString("\n" + message + ": ")
		}
		text.WriteString(content.Delta)
	}
	return text.String()
}

func runID(event agui.Encoded) string {
	var started struct{ RunID string }
	if err := json.Unmarshal(event.JSON(), &started); err != nil {
		return err.Error()
	}
	return started.RunID
}

func terminal(event agui.Encoded) bool {
	return event.EventType() == agui.EventTypeRunFinished || event.EventType() == agui.EventTypeRunError
}

// isNotice reports whether event is a RUN_ERROR for a follower alone.
func isNotice(event agui.Encoded) bool {
	var failure struct{ Type, Code string }
	if err := json.Unmarshal(event.JSON(), &failure); err != nil {
		return false
	}
	return failure.Type == string(agui.EventTypeRunError) &&
		(failure.Code == runner.CodeStoreUnavailable || failure.Code == runner.CodeLeaseLost)
}

// logSummary logs how many runs and connections the game had.
func (p *play) logSummary() {
	counts := map[string]int{"connections": len(p.connections)}
	for _, r := range p.runs {
		switch {
		case !r.begun:
			counts["refused"]++
		case r.err != nil:
			counts["cut"]++
		default:
			counts["whole"]++
		}
	}
	cut := 0
	for _, c := range p.connections {
		if c.cut {
			cut++
		}
	}
	p.t.Logf("seed %d: %d runs whole, %d cut, %d refused; %d connections, %d cut",
		p.Seed, counts["whole"], counts["cut"], counts["refused"], counts["connections"], cut)
}
