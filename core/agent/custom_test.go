package agent_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// asking is an agent that asks a person, and says the answer.
func asking(t *testing.T) *agent.Custom {
	t.Helper()
	f, err := agent.NewCustom(agent.CustomConfig{
		Description:  "asks",
		Capabilities: agui.Capabilities{"humanInTheLoop": []byte(`{"interrupts":true}`)},
		Events: func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				answers, err := agent.Ask(input, agui.Interrupt{ID: "q1", Reason: "choice"}, agui.Interrupt{ID: "q2", Reason: "choice"})
				if err != nil {
					yield(nil, err)
					return
				}
				for _, answer := range answers {
					if !yield(agui.CustomEvent{Name: answer.InterruptID, Value: answer.Payload}, nil) {
						return
					}
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func last(t *testing.T, a agent.Agent, input *agui.RunAgentInput) (event agui.Event, count int) {
	t.Helper()
	for e, err := range a.Run(t.Context(), input) {
		if err != nil {
			t.Fatal(err)
		}
		event, count = e, count+1
	}
	return event, count
}

func TestACustomAgentAsksAndGoesOnWithTheAnswers(t *testing.T) {
	f := asking(t)
	answer := agui.ResumeEntry{InterruptID: "q2", Status: "resolved", Payload: []byte(`2`)}
	for name, resume := range map[string][]agui.ResumeEntry{"a fresh run": nil, "a run with one answer of two": {answer}} {
		t.Run(name, func(t *testing.T) {
			event, count := last(t, f, &agui.RunAgentInput{ThreadID: "t", RunID: "r", Resume: resume})
			finished, ok := event.(agui.RunFinishedEvent)
			if !ok || count != 1 || finished.RunID != "r" || finished.Outcome == nil || len(finished.Outcome.Interrupts) != 2 {
				t.Errorf("the run ended with %+v", event)
			}
		})
	}
	event, count := last(t, f, &agui.RunAgentInput{Resume: []agui.ResumeEntry{answer, {InterruptID: "q1", Status: "cancelled"}}})
	if finished, ok := event.(agui.RunFinishedEvent); !ok || count != 3 || finished.Outcome != nil {
		t.Errorf("the run ended with %+v after %d events", event, count)
	}
	if f.Description() != "asks" || f.Capabilities() == nil {
		t.Error("the agent says nothing of itself")
	}
}

func TestACustomAgentAddsNothingAfterAnEndOrAnError(t *testing.T) {
	failure := errors.New("failed")
	for name, test := range map[string]struct {
		event agui.Event
		err   error
	}{
		"its own end":   {agui.RunFinishedEvent{RunID: "own"}, nil},
		"its own error": {agui.RunErrorEvent{Message: "own"}, nil},
		"a failure":     {nil, failure},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := agent.NewCustom(agent.CustomConfig{Events: func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
				return func(yield func(agui.Event, error) bool) { yield(test.event, test.err) }
			}})
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for event, err := range f.Run(t.Context(), &agui.RunAgentInput{}) {
				count++
				if !errors.Is(err, test.err) || (err == nil && event.EventType() != test.event.EventType()) {
					t.Errorf("got %v, %v", event, err)
				}
			}
			if count != 1 {
				t.Errorf("the run had %d events", count)
			}
		})
	}
}

func TestACustomAgentThatIsStoppedDoesNotFinish(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := agent.NewCustom(agent.CustomConfig{Events: func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(func(agui.Event, error) bool) { cancel() }
	}})
	if err != nil {
		t.Fatal(err)
	}
	for event, err := range f.Run(ctx, &agui.RunAgentInput{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, %v", event, err)
		}
	}
	if _, err := agent.NewCustom(agent.CustomConfig{}); err == nil {
		t.Error("an agent without events is no error")
	}
}

func TestACustomAgentPassesOverNothing(t *testing.T) {
	f, err := agent.NewCustom(agent.CustomConfig{Events: func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) { yield(nil, nil) }
	}})
	if err != nil {
		t.Fatal(err)
	}
	if event, count := last(t, f, &agui.RunAgentInput{RunID: "r"}); count != 1 || event.EventType() != agui.EventTypeRunFinished {
		t.Errorf("the run had %d events, the last was %v", count, event)
	}
}
