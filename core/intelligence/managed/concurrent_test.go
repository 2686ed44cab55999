package managed_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// agentOf answers with events, and then waits for its end if it is told to.
func agentOf(wait bool, events ...agui.Event) agent.Agent {
	return agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for _, event := range events {
				if !yield(event, nil) {
					return
				}
			}
			if wait {
				<-ctx.Done()
			}
		}
	})
}

// run runs an agent to its end, as a runtime does.
func (p *project) run(threadID, runID string, answer agent.Agent, change func(*runner.Request)) error {
	request := runner.Request{
		Key: store.Key{Owner: "ada", ID: threadID}, AgentID: "default", Agent: answer,
		Input: &agui.RunAgentInput{ThreadID: threadID, RunID: runID},
		Lease: func(ctx context.Context, begin store.BeginRequest) (store.Lease, error) {
			return p.client.Begin(ctx, intelligence.BeginRequest{BeginRequest: begin})
		},
	}
	if change != nil {
		change(&request)
	}
	run, err := runner.New(nil, runner.Options{Logger: p.logger()}).Begin(p.t.Context(), request)
	if err != nil {
		return err
	}
	return run.Stream(p.t.Context(), func([]agui.Encoded) error { return nil })
}

func words(count int) []agui.Event {
	events := []agui.Event{agui.TextMessageStartEvent{MessageID: "m", Role: "assistant"}}
	for i := range count {
		events = append(events, agui.TextMessageContentEvent{MessageID: "m", Delta: fmt.Sprintf("word %d ", i)})
	}
	return append(events, agui.TextMessageEndEvent{MessageID: "m"})
}

func TestTwoHundredRunsAtOnceLeaveNothingBehind(t *testing.T) {
	p := &project{t: t, Platform: intelligencetest.New(t)}
	p.client = p.newClient(nil)
	before := runtime.NumGoroutine()
	var runs sync.WaitGroup
	for i := range 200 {
		runs.Go(func() {
			answer := agentOf(false, append(words(5), agui.RunFinishedEvent{})...)
			if err := p.run(fmt.Sprintf("thread %d", i), fmt.Sprintf("run %d", i), answer, nil); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	for i := range 200 {
		if events := p.RunEvents(fmt.Sprintf("run %d", i)); len(events) != 9 || !p.Ended(fmt.Sprintf("run %d", i)) {
			t.Errorf("run %d has %d events", i, len(events))
		}
	}
	p.unlocked("thread 7", 0)
	p.client.Close()
	p.Await(t, "the end of all connections", func() bool { runners, _ := p.Connections(); return runners == 0 })
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+2; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, there were %d", runtime.NumGoroutine(), before)
		}
	}
}

// However a run ends, the runner gives back what it has.
func TestARunnerGivesBackARunThat(t *testing.T) {
	type outcome struct {
		last     string
		released int
		err      error
		panics   bool
	}
	for name, c := range map[string]struct {
		answer agent.Agent
		change func(*runner.Request)
		given  func(*project)
		want   outcome
	}{
		"ends without a terminal event": {answer: agentOf(false, words(3)...), want: outcome{last: "RUN_ERROR", released: 1}},
		"is stopped": {answer: agentOf(true, words(3)...), given: func(p *project) {
			time.AfterFunc(time.Second, func() { p.StopRun("run") })
		}, want: outcome{last: "RUN_FINISHED"}},
		"makes an event that is too large": {answer: agentOf(true, agui.TextMessageStartEvent{MessageID: "m", Role: "assistant"},
			agui.TextMessageContentEvent{MessageID: "m", Delta: strings.Repeat("x", 5<<20)}),
			want: outcome{last: "EVENT_TOO_LARGE", released: 1, err: store.ErrLeaseLost}},
		"loses its lock": {answer: agentOf(true, words(3)...), given: func(p *project) {
			p.Fault("PATCH "+lockRoute, intelligencetest.RouteFault{Status: 404})
		}, want: outcome{last: "LEASE_LOST", released: 1, err: store.ErrLeaseLost}},
		"can't be delivered": {answer: agentOf(true, words(3)...), given: func(p *project) {
			p.SetFaults(func(f *intelligencetest.Faults) { f.RefuseEventsForGood = "no" })
		}, want: outcome{released: 1, err: store.ErrLeaseLost}},
		"is observed by somebody who panics": {answer: agentOf(true, words(3)...), change: func(request *runner.Request) {
			request.Observe = func(agui.Encoded) { panic("observer") }
		}, want: outcome{released: 1, panics: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *project) {
				if c.given != nil {
					c.given(p)
				}
				func() {
					defer func() {
						if panicked := recover() != nil; panicked != c.want.panics {
							t.Errorf("panicked: %v", panicked)
						}
					}()
					if err := p.run("thread", "run", c.answer, c.change); !errors.Is(err, c.want.err) {
						t.Errorf("got %v, want %v", err, c.want.err)
					}
				}()
				events := p.RunEvents("run")
				if c.want.last != "" && (len(events) == 0 || !strings.Contains(string(events[len(events)-1].JSON), `"`+c.want.last+`"`)) {
					t.Errorf("the last of %d events isn't %s", len(events), c.want.last)
				}
				p.unlocked("thread", c.want.released)
				time.Sleep(time.Second)
				if runners, _ := p.Connections(); runners != 0 {
					t.Errorf("%d connections are left", runners)
				}
				if c.want.last == "RUN_FINISHED" && p.Joins("run") != 1 {
					t.Errorf("joined %d times", p.Joins("run"))
				}
			})
		})
	}
}
