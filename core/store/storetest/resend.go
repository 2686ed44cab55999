package storetest

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// StopAndSend stops a run and sends the next message of its thread at once, so many
// times in a row, each time from another of the instances: a and b are stores on the
// same backend, or the same store. No message may be refused or lost, and nothing may
// follow the end of a run.
func StopAndSend(t *testing.T, rounds int, a, b store.Store) {
	t.Helper()
	options := runner.Options{LeaseTTL: time.Minute, Logger: slog.New(slog.DiscardHandler)}
	instances := []*runner.Runner{runner.New(a, options), runner.New(b, options)}
	previous := make(chan error, 1)
	previous <- nil
	for n := range rounds {
		answered, begun := make(chan error, 1), make(chan struct{})
		on, beside := instances[n%2], instances[(n+1)%2]
		go func() { answered <- sendMessage(on, n, begun) }()
		select {
		case <-begun:
		case err := <-answered:
			if err != nil {
				t.Fatalf("message %d wasn't answered: %v", n, err)
			}
			answered <- nil // it has ended of itself
		}
		if err := <-previous; err != nil {
			t.Fatalf("run %d: %v", n-1, err)
		}
		previous = answered
		if n%4 == 3 {
			beside = on
		}
		if _, err := beside.Stop(t.Context(), resendThread, ""); err != nil {
			t.Fatalf("stop %d: %v", n, err)
		}
	}
	if err := <-previous; err != nil {
		t.Fatalf("the last run: %v", err)
	}
	var history runEnds
	asked := 0
	err := instances[0].Connect(t.Context(), resendThread, 0, runner.Each(func(record store.Record) error {
		if record.Event.EventType() == agui.EventTypeRunStarted {
			started, err := record.Event.Decode()
			if err != nil {
				return err
			}
			messages := started.(agui.RunStartedEvent).Input.Messages
			if want := fmt.Sprint("question ", asked); len(messages) != 1 || messages[0].Content.Text() != want {
				return fmt.Errorf("run %d was asked %v, want %q", asked, messages, want)
			}
			asked++
		}
		return history.add(record.Event)
	}))
	if err != nil || asked != rounds || history.open {
		t.Fatalf("the history has %d of %d messages, the last run open: %t: %v", asked, rounds, history.open, err)
	}
}

var resendThread = store.Key{Owner: "owner", ID: "stopped and sent"}

// sendMessage runs message n, and closes begun when its client has seen the run begin.
func sendMessage(on *runner.Runner, n int, begun chan<- struct{}) error {
	run, err := on.Begin(context.Background(), runner.Request{
		Key: resendThread, AgentID: "agent", Agent: stoppable(n),
		Input: &agui.RunAgentInput{
			ThreadID: resendThread.ID, RunID: fmt.Sprint("run ", n),
			Messages: []agui.Message{{ID: fmt.Sprint("question ", n), Role: agui.RoleUser, Content: agui.TextContent(fmt.Sprint("question ", n))}},
		},
	})
	if err != nil {
		return err
	}
	var seen runEnds
	var wrong error
	err = run.Stream(context.Background(), runner.Each(func(event agui.Encoded) error {
		if event.EventType() == agui.EventTypeRunStarted {
			close(begun)
		}
		if err := seen.add(event); err != nil && wrong == nil {
			wrong = err
		}
		return nil
	}))
	switch {
	case err != nil:
		return err
	case wrong == nil && seen.open:
		return fmt.Errorf("the client saw no end of run %d", n)
	}
	return wrong
}

// stoppable returns an agent that answers until it is stopped. One in three goes on a
// little after the stop, and one in three ends of itself, perhaps when it is stopped.
func stoppable(n int) agent.Agent {
	return agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			id := fmt.Sprint("answer ", n)
			if !yield(agui.TextMessageStartEvent{MessageID: id, Role: agui.RoleAssistant}, nil) {
				return
			}
			if n%3 == 2 {
				for range 5 {
					if !yield(agui.TextMessageContentEvent{MessageID: id, Delta: "words "}, nil) {
						return
					}
				}
				yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
				return
			}
			<-ctx.Done()
			if n%3 == 1 {
				yield(agui.TextMessageContentEvent{MessageID: id, Delta: "too late"}, nil)
			}
		}
	})
}

// runEnds checks that each run begins after the end of the one before, and that
// nothing is between.
type runEnds struct{ open bool }

func (r *runEnds) add(event agui.Encoded) error {
	starts := event.EventType() == agui.EventTypeRunStarted
	if starts == r.open {
		return fmt.Errorf("%s where a run is open: %t", event.EventType(), r.open)
	}
	r.open = event.EventType() != agui.EventTypeRunFinished && event.EventType() != agui.EventTypeRunError
	return nil
}
