package intelligencetest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestARunIsStoredInOrder(t *testing.T) {
	p := intelligencetest.New(t)
	lock(t, p, "t1", "r1")
	c := dialRunner(t, p)
	topic := "ingestion:r1"
	for _, step := range []struct{ event, payload string }{
		{"phx_join", `{"thread_id":"t1","run_id":"r1"}`},
		{"event", started("t1", "r1", 1)},
		{"events", batch(text("t1", "r1", 2, "Hel"), text("t1", "r1", 3, "lo"))},
		{"events", batch(text("t1", "r1", 3, "lo"), finished("t1", "r1", 4))}, // again, and more
		{"event", finished("t1", "r1", 4)},                                    // the lock is gone
		{"phx_leave", `{}`},
		{"phx_join", `{"thread_id":"t1","run_id":"r1"}`}, // after its end
		{"event", finished("t1", "r1", 4)},
	} {
		if got := c.ask(topic, step.event, step.payload); got != "ok" {
			t.Fatalf("%s %s: %s", step.event, step.payload, got)
		}
	}
	if got := c.ask("phoenix", "heartbeat", "{}"); got != "ok" {
		t.Errorf("a heartbeat: %s", got)
	}
	want := "1 RUN_STARTED\n2 TEXT_MESSAGE_CONTENT\n3 TEXT_MESSAGE_CONTENT\n4 RUN_FINISHED\n"
	if got := kinds(p.RunEvents("r1")); got != want {
		t.Errorf("stored:\n%s", got)
	}
	if p.Lock("t1") != "" || !p.Ended("r1") {
		t.Error("the run's end hasn't freed its thread")
	}
	messages := p.Messages("t1")
	if len(messages) != 2 || messages[0].Text != "Hello" || messages[1].Text != "Hello" || messages[1].Role != "assistant" {
		t.Errorf("the messages are %+v", messages)
	}
}

func TestWhatARunnerMustNotDoIsRefused(t *testing.T) {
	const thread, run = "t1", "r1"
	tests := map[string]struct {
		before  []string
		payload string
		event   string
		want    string
		allowed bool // refused, and no violation
		prepare func(*intelligencetest.Platform)
	}{
		"a gap": {
			before: []string{started(thread, run, 1)}, payload: text(thread, run, 3, "x"), want: "bad_sequence",
		},
		"a gap in a batch": {
			before: []string{started(thread, run, 1)}, event: "events",
			payload: batch(text(thread, run, 2, "x"), text(thread, run, 4, "x")), want: "bad_sequence",
		},
		"the same event with other bytes": {
			before: []string{started(thread, run, 1), text(thread, run, 2, "x")}, payload: text(thread, run, 2, "y"), want: "changed_replay",
		},
		"the same event with another id": {
			before:  []string{started(thread, run, 1), text(thread, run, 2, "x")},
			payload: strings.Replace(text(thread, run, 2, "x"), "r1-2", "r1-9", 1), want: "changed_replay",
		},
		"an id that another event has": {
			before:  []string{started(thread, run, 1)},
			payload: strings.Replace(text(thread, run, 2, "x"), "r1-2", "r1-1", 1), want: "changed_replay",
		},
		"a run that doesn't begin with RUN_STARTED": {payload: text(thread, run, 1, "x"), want: "missing_run_baseline"},
		"a RUN_STARTED without its input":           {payload: event(thread, run, 1, "RUN_STARTED", ""), want: "bad_event"},
		"an event of another run":                   {payload: started(thread, "r2", 1), want: "bad_scope"},
		"an event of another thread":                {payload: started("t2", run, 1), want: "bad_scope"},
		"an event after the end": {
			before: []string{started(thread, run, 1), finished(thread, run, 2)}, payload: text(thread, run, 3, "x"), want: "run_ended",
		},
		"an empty batch": {event: "events", payload: batch(), want: "bad_batch"},
		"a batch for a gateway that takes none": {
			prepare: func(p *intelligencetest.Platform) {
				p.SetFaults(func(f *intelligencetest.Faults) { f.NoBatches = true })
			},
			event: "events", payload: batch(started(thread, run, 1)), want: "batches_not_supported",
		},
		"an unknown event": {event: "eventz", payload: started(thread, run, 1), want: "unknown event"},
		"an event without the lock": {
			before: []string{started(thread, run, 1)}, payload: text(thread, run, 2, "x"), want: "lock_lost", allowed: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := intelligencetest.New(t)
			if test.prepare != nil {
				test.prepare(p)
			}
			lock(t, p, thread, run)
			c := dialRunner(t, p)
			if got := c.join(thread, run); got != "ok" {
				t.Fatal(got)
			}
			for _, payload := range test.before {
				if got := c.ask("ingestion:"+run, "event", payload); got != "ok" {
					t.Fatalf("%s: %s", payload, got)
				}
			}
			if test.allowed {
				p.ExpireLock(thread)
			}
			if test.event == "" {
				test.event = "event"
			}
			stored := len(p.RunEvents(run))
			if got := c.ask("ingestion:"+run, test.event, test.payload); got != test.want {
				t.Errorf("the answer is %q", got)
			}
			if got := len(p.RunEvents(run)); got != stored {
				t.Errorf("%d events were stored", got-stored)
			}
			violations := p.TakeViolations()
			if test.allowed != (len(violations) == 0) || test.allowed != (len(p.Refusals()) > 0) {
				t.Errorf("violations %q, refusals %q", violations, p.Refusals())
			}
		})
	}
}

func TestWhoMayJoin(t *testing.T) {
	p := intelligencetest.New(t)
	if c, status := dial(t, p.GatewayURL+"/runner/websocket?vsn=2.0.0", "another key"); c != nil || status != http.StatusUnauthorized {
		t.Errorf("another key: %d", status)
	}
	if c, status := dial(t, p.GatewayURL+"/runner/websocket?vsn=2.0.0", ""); c != nil || status != http.StatusUnauthorized {
		t.Errorf("no key: %d", status)
	}
	lock(t, p, "t1", "r1")
	c := dialRunner(t, p)
	if got := c.join("t1", "r2"); got != "unknown run" {
		t.Errorf("a run that was never locked: %s", got)
	}
	if got := c.join("t2", "r1"); got != "unknown run" {
		t.Errorf("a run of another thread: %s", got)
	}
	if got := p.TakeViolations(); len(got) != 2 {
		t.Errorf("violations %q", got)
	}
	p.ExpireLock("t1")
	if got := c.join("t1", "r1"); got != "invalid_lock" {
		t.Errorf("a run whose lock is gone: %s", got)
	}
	if got := c.ask("ingestion:r1", "event", started("t1", "r1", 1)); got != "unmatched topic" {
		t.Errorf("an event on a topic that wasn't joined: %s", got)
	}
}

func TestFaultsOfTheRunnersGateway(t *testing.T) {
	type faults = intelligencetest.Faults
	push := func(t *testing.T, c *peer) (string, error) {
		t.Helper()
		c.send("ingestion:r1", "event", started("t1", "r1", 1))
		f, err := c.read()
		return string(f.payload), err
	}
	tests := map[string]struct {
		faults faults
		// join is the answer to the join, closed what the push closes the connection
		// with, stored how much of it is stored.
		join   string
		closed websocket.StatusCode
		stored int
		answer string
	}{
		"a join is told to try again": {faults: faults{JoinDrain: 1}, join: "gateway_draining, again"},
		"a join is refused for good":  {faults: faults{JoinReject: "no"}, join: "no"},
		"a push is refused once":      {faults: faults{RefuseEvents: 1}, join: "ok", answer: `{"response":{"reason":"overloaded","retryable":true},"status":"error"}`},
		"a push is refused for good":  {faults: faults{RefuseEventsForGood: "no"}, join: "ok", answer: `{"response":{"reason":"no","retryable":false},"status":"error"}`},
		"a planned restart":           {faults: faults{CloseAfterStoring: 1, CloseCode: 1012}, join: "ok", closed: 1012, stored: 1},
		"a cut after storing":         {faults: faults{CloseAfterStoring: 1}, join: "ok", closed: -1, stored: 1},
		"a cut before storing":        {faults: faults{CloseBeforeStoring: 1}, join: "ok", closed: -1},
		"slow answers":                {faults: faults{AckDelay: 20 * time.Millisecond, JoinDelay: 20 * time.Millisecond}, join: "ok", stored: 1, answer: `{"response":{},"status":"ok"}`},
		"a large answer":              {faults: faults{JoinPadding: 1 << 20}, join: "ok", stored: 1, answer: `{"response":{},"status":"ok"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := intelligencetest.New(t)
			p.SetFaults(func(f *faults) { *f = test.faults })
			lock(t, p, "t1", "r1")
			c := dialRunner(t, p)
			if got := c.join("t1", "r1"); got != test.join {
				t.Fatalf("the join: %s", got)
			}
			if test.join != "ok" {
				return
			}
			answer, err := push(t, c)
			if test.closed != 0 && (err == nil || websocket.CloseStatus(err) != test.closed) {
				t.Errorf("the connection: %v", err)
			}
			if answer != test.answer {
				t.Errorf("the answer is %s", answer)
			}
			if got := len(p.RunEvents("r1")); got != test.stored {
				t.Errorf("%d events are stored", got)
			}
		})
	}
}

func TestAcksThatAreDroppedAndHeld(t *testing.T) {
	p := intelligencetest.New(t)
	lock(t, p, "t1", "r1")
	c := dialRunner(t, p)
	c.join("t1", "r1")
	p.SetFaults(func(f *intelligencetest.Faults) { f.DropAcks = 1 })
	c.send("ingestion:r1", "event", started("t1", "r1", 1))
	if got := c.ask("ingestion:r1", "event", started("t1", "r1", 1)); got != "ok" {
		t.Errorf("an event again: %s", got)
	}
	p.SetFaults(func(f *intelligencetest.Faults) { f.HoldTerminalAcks = true })
	end := c.send("ingestion:r1", "event", finished("t1", "r1", 2))
	if got := c.ask("phoenix", "heartbeat", "{}"); got != "ok" {
		t.Errorf("a heartbeat: %s", got)
	}
	p.ReleaseAcks()
	if f := c.next(); f.ref != end {
		t.Errorf("after the release came %+v", f)
	}
}

func TestTheGatewayIsAwayAndComesBack(t *testing.T) {
	p := intelligencetest.New(t)
	lock(t, p, "t1", "r1")
	c := dialRunner(t, p)
	c.join("t1", "r1")
	c.ask("ingestion:r1", "event", started("t1", "r1", 1))
	p.GatewayDown()
	if _, err := c.read(); err == nil {
		t.Error("the connection is still there")
	}
	if again, status := dial(t, p.GatewayURL+"/runner/websocket?vsn=2.0.0", p.Key); again != nil || status != 0 {
		t.Errorf("a gateway that is away answers %d", status)
	}
	if err := p.GatewayUp(); err != nil {
		t.Fatal(err)
	}
	c = dialRunner(t, p)
	if got := c.join("t1", "r1"); got != "ok" {
		t.Errorf("the join: %s", got)
	}
	if got := c.ask("ingestion:r1", "event", finished("t1", "r1", 2)); got != "ok" {
		t.Errorf("the next event: %s", got)
	}
	if p.Joins("r1") != 2 {
		t.Errorf("%d joins", p.Joins("r1"))
	}
}

func TestAGatewayThatSaysNothing(t *testing.T) {
	p := intelligencetest.New(t)
	p.SetFaults(func(f *intelligencetest.Faults) { f.Silent = true })
	lock(t, p, "t1", "r1")
	c := dialRunner(t, p)
	c.send("ingestion:r1", "phx_join", `{"thread_id":"t1","run_id":"r1"}`)
	p.Await(t, "the join", func() bool { return len(p.Frames()) == 1 })
	p.CutRunners(1001)
	if _, err := c.read(); websocket.CloseStatus(err) != 1001 {
		t.Errorf("in place of an answer came %v", err)
	}
}
