package storetest

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

// stops makes StopAndSend do more rounds than a store's tests ask for.
var stops = flag.Int("stops", 0, "rounds of StopAndSend on all threads together; 0 for those of the test")

// StopAndSend stops a run and sends the next message of its thread at once, so many
// times in a row on each of so many threads, each time from another of the instances:
// a and b are stores on the same backend, or the same store. No message may be refused
// or lost, and nothing may follow the end of a run. A store that polls does many
// rounds sooner on several threads.
func StopAndSend(t *testing.T, threads, rounds int, a, b store.Store) {
	t.Helper()
	if *stops > 0 {
		rounds = (*stops + threads - 1) / threads
	}
	options := runner.Options{LeaseTTL: time.Minute, Logger: slog.New(slog.DiscardHandler)}
	instances := []*runner.Runner{runner.New(a, options), runner.New(b, options)}
	var played sync.WaitGroup
	for n := range threads {
		key := store.Key{Owner: "owner", ID: fmt.Sprint("stopped and sent ", n)}
		played.Go(func() {
			if err := stopAndSend(t.Context(), key, rounds, instances); err != nil {
				t.Errorf("thread %d: %v", n, err)
			}
		})
	}
	played.Wait()
}

func stopAndSend(ctx context.Context, key store.Key, rounds int, instances []*runner.Runner) error {
	previous := make(chan error, 1)
	previous <- nil
	for n := range rounds {
		answered, begun := make(chan error, 1), make(chan struct{})
		on, beside := instances[n%2], instances[(n+1)%2]
		go func() { answered <- sendMessage(on, key, n, begun) }()
		select {
		case <-begun:
		case err := <-answered:
			if err != nil {
				return fmt.Errorf("message %d wasn't answered: %w", n, err)
			}
			answered <- nil // it has ended of itself
		}
		if err := <-previous; err != nil {
			return fmt.Errorf("run %d: %w", n-1, err)
		}
		previous = answered
		if n%4 == 3 {
			beside = on
		}
		if _, err := beside.Stop(ctx, key, ""); err != nil {
			return fmt.Errorf("stop %d: %w", n, err)
		}
	}
	if err := <-previous; err != nil {
		return fmt.Errorf("the last run: %w", err)
	}
	var history runEnds
	asked := 0
	err := instances[0].Connect(ctx, key, 0, runner.Each(func(record store.Record) error {
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
	if err == nil && (asked != rounds || history.open) {
		err = fmt.Errorf("the history has %d of %d messages, the last run open: %t", asked, rounds, history.open)
	}
	return err
}

// sendMessage runs message n, and closes begun when its client has seen the run begin.
func sendMessage(on *runner.Runner, key store.Key, n int, begun chan<- struct{}) error {
	run, err := on.Begin(context.Background(), runner.Request{
		Key: key, AgentID: "agent", Agent: stoppable(n),
		Input: &agui.RunAgentInput{
			ThreadID: key.ID, RunID: fmt.Sprint("run ", n),
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
