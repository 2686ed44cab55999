package core_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

func TestAManagedRunIsAnsweredBeforeItEnds(t *testing.T) {
	var mu sync.Mutex
	var trace []string
	var answered core.Answer
	hooks := core.Hooks{
		OnResponse: func(_ *http.Request, route core.Route, response *core.Response) error {
			mu.Lock()
			defer mu.Unlock()
			trace = append(trace, fmt.Sprint("OnResponse ", route.Name, " ", response.Status))
			response.Header.Set("X-Hooked", "yes")
			return nil
		},
		AfterRequest: func(_ *http.Request, answer core.Answer) error {
			mu.Lock()
			defer mu.Unlock()
			trace, answered = append(trace, "AfterRequest"), answer
			return nil
		},
	}
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent), Hooks: hooks}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		status, body := d.run("t1", "r1")
		if want := `{"threadId":"t1","runId":"r1","joinToken":"`; status != http.StatusOK || !strings.HasPrefix(body, want) ||
			!strings.Contains(body, `"realtime":{"clientUrl":"`+d.platform.GatewayURL+`/client","topic":"thread:t1"}`) {
			t.Fatalf("the run is answered %d: %s", status, body)
		}
		time.Sleep(time.Second)
		mu.Lock()
		if got := strings.Join(trace, ", "); got != "OnResponse agent/run 200" {
			t.Errorf("when the answer is whole the hooks were called: %s", got)
		}
		mu.Unlock()
		if d.platform.Ended("r1") || d.types("r1") != "RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT" {
			t.Errorf("the platform has %s", d.types("r1"))
		}
		if lines := d.watcher.take(); len(lines) != 0 {
			t.Errorf("the observer was told %q", lines)
		}
		limited, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := d.runtime.Wait(limited); err == nil {
			t.Error("Wait doesn't wait for the run")
		}
		close(agent.release)
		d.quiet()
		if !d.platform.Acked("r1") || d.platform.Lock("t1") != "" {
			t.Errorf("the run's end isn't delivered: %s", d.types("r1"))
		}
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(trace, ", "); got != "OnResponse agent/run 200, AfterRequest" {
			t.Errorf("at the run's end the hooks were called: %s", got)
		}
		if answered.ThreadID != "t1" || answered.RunID != "r1" || answered.Status != http.StatusOK ||
			len(answered.Messages) != 1 || answered.Messages[0].Content.Text() != "hi" {
			t.Errorf("AfterRequest got %+v", answered)
		}
		lines := d.watcher.take()
		if len(lines) != 2 || !strings.Contains(lines[0], "run of default on t1 ada: completed") || !strings.Contains(lines[1], "POST agent/run 200 ada") {
			t.Errorf("the observer was told %q", lines)
		}
	})
}

func TestAManagedRunGoesOnWithoutItsClient(t *testing.T) {
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1") // on a connection that is closed then
		begun := <-agent.begun
		time.Sleep(5 * time.Minute)
		if err := begun.ctx.Err(); err != nil {
			t.Fatalf("the agent's context has ended: %v", context.Cause(begun.ctx))
		}
		close(agent.release)
		d.quiet()
		if last, _ := d.end("r1"); last != agui.EventTypeRunFinished {
			t.Errorf("the platform has %s", d.types("r1"))
		}
	})
}

func TestAClientThatLeavesBeforeItsAnswerLeavesNoLock(t *testing.T) {
	for name, fault := range map[string]func(*intelligencetest.Platform){
		"while the gateway is joined": func(p *intelligencetest.Platform) {
			p.SetFaults(func(f *intelligencetest.Faults) { f.JoinDelay = 9 * time.Second })
		},
		"while the lock is taken": func(p *intelligencetest.Platform) {
			p.Fault("POST /api/threads/{id}/lock", intelligencetest.RouteFault{Delay: 9 * time.Second, Done: true})
		},
		"while history is read": func(p *intelligencetest.Platform) {
			p.Fault("GET /api/threads/{id}/messages", intelligencetest.RouteFault{Delay: 9 * time.Second})
		},
	} {
		t.Run(name, func(t *testing.T) {
			agent := new(held)
			deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
				fault(d.platform)
				ctx, leave := context.WithTimeout(t.Context(), time.Second)
				defer leave()
				if status, body := d.send(ctx, "ada", "POST", "/agent/default/run", runInput("t1", "r1")); status != 0 {
					t.Fatalf("the run is answered %d: %s", status, body)
				}
				d.quiet()
				if holder := d.platform.Lock("t1"); holder != "" || len(agent.begun) != 0 || len(d.platform.RunEvents("r1")) != 0 {
					t.Errorf("the thread is locked by %q, %d agents were asked, the platform has %s", holder, len(agent.begun), d.types("r1"))
				}
				d.platform.SetFaults(func(f *intelligencetest.Faults) { *f = intelligencetest.Faults{} })
				close(agent.release)
				d.begins("t1", "r2")
				d.quiet()
			})
		})
	}
}

func TestASecondManagedRunOfAThreadAsksNoAgent(t *testing.T) {
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		<-agent.begun
		status, body := d.run("t1", "r2")
		if status != http.StatusConflict || !strings.Contains(body, `"code":"agent_thread_locked"`) {
			t.Errorf("the second run is answered %d: %s", status, body)
		}
		close(agent.release)
		d.quiet()
		if len(agent.begun) != 0 || len(d.platform.RunEvents("r2")) != 0 {
			t.Error("the second run's agent was asked")
		}
	})
}

func TestAManagedRunHasThePlatformsIDs(t *testing.T) {
	agent := new(held)
	deployed(t, core.Config{Agents: agents(agent)}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		close(agent.release)
		d.platform.SetFaults(func(f *intelligencetest.Faults) { f.RenameRuns = true })
		status, body := d.run("t1", "asked")
		_, rest, _ := strings.Cut(body, `"runId":"`)
		runID, _, _ := strings.Cut(rest, `"`)
		if status != http.StatusOK || runID == "asked" || runID == "" {
			t.Fatalf("the run is answered %d: %s", status, body)
		}
		d.quiet()
		if begun := <-agent.begun; begun.input.RunID != runID || begun.input.ThreadID != "t1" {
			t.Errorf("the agent got run %q of thread %q", begun.input.RunID, begun.input.ThreadID)
		}
		events := d.platform.RunEvents(runID)
		for _, event := range []intelligencetest.Event{events[0], events[len(events)-1]} {
			if !strings.Contains(string(event.JSON), `"runId":"`+runID+`"`) || strings.Contains(string(event.JSON), "asked") {
				t.Errorf("the platform has %s", event.JSON)
			}
		}
	})
}

// counting is an agent that says so many words, and counts those that were taken.
func counting(words int, taken *atomic.Int64) agent.Agent {
	return agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
			for n := range words {
				if !yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: fmt.Sprint(n, " ")}, nil) {
					return
				}
				taken.Add(1)
			}
			yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil)
			yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
		}
	})
}

func TestAnAgentWaitsForASlowGateway(t *testing.T) {
	const words = 12_000 // more than the bounds below allow to be taken
	var taken atomic.Int64
	deployed(t, core.Config{Agents: agents(counting(words, &taken))}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.platform.SetFaults(func(f *intelligencetest.Faults) { f.AckDelay = 5 * time.Second })
		d.begins("t1", "r1")
		time.Sleep(4 * time.Second) // the first push isn't answered yet
		synctest.Wait()
		before := taken.Load()
		if before == 0 || before > 8192 {
			t.Errorf("%d words were taken from the agent while nothing was acknowledged", before)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if after := taken.Load(); after > before+1024 {
			t.Errorf("two acknowledgements later %d words were taken, %d before", after, before)
		}
		d.platform.SetFaults(func(f *intelligencetest.Faults) { f.AckDelay = 0 })
		d.quiet()
		if last, text := d.end("r1"); last != agui.EventTypeRunFinished || taken.Load() != words {
			t.Errorf("%d words were taken, the last event is %s", taken.Load(), text)
		}
	})
}

func TestALongManagedRunArrivesWhole(t *testing.T) {
	const words = 10_000
	var taken atomic.Int64
	deployed(t, core.Config{Agents: agents(counting(words, &taken))}, intelligence.Config{}, func(t *testing.T, d *deployment) {
		d.begins("t1", "r1")
		d.quiet()
		var said strings.Builder
		for n := range words {
			fmt.Fprint(&said, n, " ")
		}
		_, messages := d.send(t.Context(), "ada", "GET", "/threads/t1/messages", "")
		if !strings.Contains(messages, said.String()) {
			t.Errorf("the thread's messages have %d bytes", len(messages))
		}
		events := d.platform.RunEvents("r1")
		if !slices.IsSortedFunc(events, func(a, b intelligencetest.Event) int { return a.Seq - b.Seq }) {
			t.Error("the events are out of order")
		}
	})
}
