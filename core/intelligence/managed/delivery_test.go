package managed_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestEachEventArrivesOnceAndInOrder(t *testing.T) {
	type faults = intelligencetest.Faults
	for name, c := range map[string]struct {
		before, during func(*project)
		pace           time.Duration
		within         time.Duration
	}{
		"at a model's pace":                      {pace: 20 * time.Millisecond, within: time.Second},
		"as fast as they are made":               {within: time.Second},
		"to a gateway that takes one at a time":  {before: faulty(func(f *faults) { f.NoBatches = true }), within: time.Second},
		"though an acknowledgement is lost":      {before: faulty(func(f *faults) { f.DropAcks = 1 }), within: 11 * time.Second},
		"though three acknowledgements are lost": {before: faulty(func(f *faults) { f.DropAcks = 3 }), within: 32 * time.Second},
		"though the gateway stores and then breaks the connection": {
			before: faulty(func(f *faults) { f.CloseAfterStoring = 3 }), within: 2 * time.Second},
		"though the gateway stores and then restarts": {
			before: faulty(func(f *faults) { f.CloseAfterStoring, f.CloseCode = 3, 1012 }), within: 2 * time.Second},
		"though the gateway breaks the connection and hasn't stored": {
			before: faulty(func(f *faults) { f.CloseBeforeStoring, f.CloseCode = 3, 1011 }), within: 2 * time.Second},
		"though the gateway is overloaded": {
			before: faulty(func(f *faults) { f.RefuseEvents = 5 }), within: 5 * time.Second},
		"though an answer is garbage": {
			before: faulty(func(f *faults) { f.Garbage = 2 }), within: 2 * time.Second},
		"though each answer takes a second": {
			before: faulty(func(f *faults) { f.AckDelay = time.Second }), within: 15 * time.Second},
		"though the gateway is gone for half a minute": {
			during: func(p *project) {
				p.GatewayDown()
				time.AfterFunc(30*time.Second, func() { p.GatewayUp() })
			}, pace: 20 * time.Millisecond, within: 50 * time.Second},
		"though the gateway takes batches no more after a restart": {
			before: faulty(func(f *faults) { f.CloseAfterStoring = 1 }),
			during: faulty(func(f *faults) { f.NoBatches = true }), within: 5 * time.Second},
		"though the gateway drains when it is joined again": {
			before: faulty(func(f *faults) { f.CloseAfterStoring = 1 }),
			during: faulty(func(f *faults) { f.JoinDrain = 3 }), within: 15 * time.Second},
		"though the gateway takes minutes to join, and an hour passes before": {
			during: func(p *project) {
				time.Sleep(time.Hour)
				p.SetFaults(func(f *faults) { f.CloseAfterStoring = 1 })
			}, within: 5 * time.Second},
		"though heartbeats end connections": {
			before: faulty(func(f *faults) { f.CloseOnHeartbeat = 3 }),
			during: func(*project) { time.Sleep(5 * time.Minute) }, within: 2 * time.Second},
		"though the last acknowledgement is lost and the lock is gone": {
			during: faulty(func(f *faults) { f.HoldTerminalAcks = true }), within: 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				run := p.begin("thread", "run")
				if c.before != nil {
					c.before(p)
				}
				told := story(100)
				tell(t, run, told[:20], c.pace)
				if c.during != nil {
					c.during(p)
				}
				begun := time.Now()
				tell(t, run, told[20:], c.pace)
				if name == "though the last acknowledgement is lost and the lock is gone" {
					// Longer than a heartbeat of the lock, which the gateway has released.
					time.AfterFunc(20*time.Second, p.ReleaseAcks)
				}
				if err := run.Finish(t.Context(), &store.Result{}); err != nil {
					t.Errorf("finish: %v", err)
				}
				if took := time.Since(begun) - 80*c.pace; took > c.within {
					t.Errorf("took %v, want %v at most", took, c.within)
				}
				p.arrived("run", told)
				p.unlocked("thread", 0)
				if runners, _ := p.Connections(); runners != 0 {
					time.Sleep(time.Second)
					if runners, _ = p.Connections(); runners != 0 {
						t.Errorf("%d connections are left", runners)
					}
				}
				if err := run.Append(t.Context(), told[:1]); err != store.ErrLeaseLost {
					t.Errorf("append after the end: %v", err)
				}
				if err := run.Finish(t.Context(), &store.Result{}); err != store.ErrLeaseLost {
					t.Errorf("finish after the end: %v", err)
				}
			})
		})
	}
}

func faulty(change func(*intelligencetest.Faults)) func(*project) {
	return func(p *project) { p.SetFaults(change) }
}

func TestEventsGetTheirIdentity(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thr\"ead", "run é")
		for i, text := range []string{
			`{"type":"RUN_STARTED","threadId":"thr\"ead","runId":"run é","input":{"threadId":"thr\"ead","runId":"run é","messages":[]}}`,
			`{"type":"CUSTOM","name":"a","value":{"threadId":"kept","metadata":{"cpki_event_id":"kept"}}}`,
			`{"type":"CUSTOM","name":"b","value":1,"threadId":"agent's","runId":7,"thread_id":null,"run_id":{}}`,
			`{"type":"CUSTOM","name":"c","value":1,"metadata":{"cpki_event_id":"forged","cpki_event_seq":99,"other":{"x":[1,"}"]},"é\n":2}}`,
			`{"type":"CUSTOM","name":"d","value":1,"metadata":null}`,
			`{"type":"CUSTOM","name":"e","value":1,"metadata":{}}`,
			`{"\u0074hreadId":"agent's","type":"CUSTOM","name":"f","meta\u0064ata":{"cpki_\u0065vent_seq":5,"k":1},"value":1}`,
			`{"metadata":{"first":1},"type":"CUSTOM","name":"g","value":1,"metadata":{"last":1}}`,
		} {
			event, err := agui.ParseEncoded([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if err := run.Append(t.Context(), []store.Record{{Seq: int64(i + 1), Event: event}}); err != nil {
				t.Fatal(err)
			}
		}
		run.Append(t.Context(), records(agui.RunFinishedEvent{}))
		if err := run.Finish(t.Context(), &store.Result{}); err != nil {
			t.Fatal(err)
		}
		ids := make(map[string]bool)
		for i, want := range []string{
			`{"type":"RUN_STARTED","input":{"threadId":"thr\"ead","runId":"run é","messages":[]}}`,
			`{"type":"CUSTOM","name":"a","value":{"threadId":"kept","metadata":{"cpki_event_id":"kept"}}}`,
			`{"type":"CUSTOM","name":"b","value":1}`,
			`{"type":"CUSTOM","name":"c","value":1,"metadata":{"other":{"x":[1,"}"]},"é\n":2}}`,
			`{"type":"CUSTOM","name":"d","value":1}`,
			`{"type":"CUSTOM","name":"e","value":1}`,
			`{"type":"CUSTOM","name":"f","value":1,"metadata":{"k":1}}`,
			`{"type":"CUSTOM","name":"g","value":1,"metadata":{"last":1}}`,
		} {
			var wanted map[string]any
			json.Unmarshal([]byte(want), &wanted)
			event := p.RunEvents("run é")[i]
			metadata, _ := wanted["metadata"].(map[string]any)
			if metadata == nil {
				metadata = make(map[string]any)
			}
			metadata["cpki_event_id"], metadata["cpki_event_seq"] = event.ID, i+1
			wanted["metadata"] = metadata
			for name, id := range map[string]string{"threadId": "thr\"ead", "thread_id": "thr\"ead", "runId": "run é", "run_id": "run é"} {
				wanted[name] = id
			}
			var got any
			if err := json.Unmarshal(event.JSON, &got); err != nil {
				t.Fatal(err)
			}
			sorted, _ := json.Marshal(got)
			if text, _ := json.Marshal(wanted); string(sorted) != string(text) {
				t.Errorf("event %d is\n%s, want\n%s", i, sorted, text)
			}
			if len(event.ID) != 36 || event.ID[14] != '4' || ids[event.ID] {
				t.Errorf("event %d has id %q", i, event.ID)
			}
			ids[event.ID] = true
		}
	})
}

func TestASlowGatewayHoldsTheAgentUp(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		p.SetFaults(func(f *intelligencetest.Faults) { f.AckDelay = 100 * time.Millisecond })
		told := story(10_000)
		waited := 0
		for i := range told {
			if room := run.Room(); room != nil {
				waited++
				<-room
			}
			if err := run.Append(t.Context(), told[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if waited == 0 {
			t.Error("there was always room")
		}
		if err := run.Finish(t.Context(), &store.Result{}); err != nil {
			t.Fatal(err)
		}
		p.arrived("run", told)
		batches, largest := 0, 0
		for _, frame := range p.Frames() {
			if frame.Event == "events" {
				var payload struct{ Events []json.RawMessage }
				json.Unmarshal(frame.Payload, &payload)
				batches, largest = batches+1, max(largest, len(payload.Events))
			}
		}
		if largest != 32 || batches > len(told)/32+3 {
			t.Errorf("%d events came in %d batches of at most %d", len(told), batches, largest)
		}
	})
}

// The first words are shown at once; those that follow in quick succession together.
func TestEventsThatComeSlowlyAreSentAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, p *project) {
		run := p.begin("thread", "run")
		told := story(5)
		begun := time.Now()
		tell(t, run, told[:1], 0)
		p.Await(t, "the event", func() bool { return len(p.RunEvents("run")) == 1 })
		if took := time.Since(begun); took > 0 {
			t.Errorf("a single event waited %v", took)
		}
		time.Sleep(time.Second)
		begun = time.Now()
		tell(t, run, told[1:], 0)
		p.Await(t, "the end", func() bool { return p.Ended("run") })
		if took := time.Since(begun); took > 0 {
			t.Errorf("the end waited %v", took)
		}
		if err := run.Finish(t.Context(), &store.Result{}); err != nil {
			t.Fatal(err)
		}
	})
}
