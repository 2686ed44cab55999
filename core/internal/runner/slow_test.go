package runner_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
)

// answering is an agent that answers with n deltas of size bytes.
func answering(n, size int) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			text := strings.Repeat("x", size)
			yield(start("m"), nil)
			for range n {
				if !yield(delta("m", text), nil) {
					return
				}
			}
			yield(end("m"), nil)
			yield(finished(), nil)
		}
	})
}

// stalledClient blocks in its nth send until read is closed.
type stalledClient struct {
	client
	n    int
	read chan struct{}
	err  error
}

func (c *stalledClient) send(event agui.Encoded) error {
	if err := c.client.send(event); err != nil {
		return err
	}
	if len(c.events()) == c.n {
		<-c.read
		return c.err
	}
	return nil
}

func TestRunDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	for name, test := range map[string]struct {
		deltas, size int
		options      runner.Options
		// within is how long the thread is locked.
		within time.Duration
		end    string
		// shown is how many events the client gets when it reads after all.
		shown int
	}{
		"a small answer waits for it, its thread is free at once": {deltas: 100, size: 100, end: "run_finished run", shown: 104},
		"a large one goes on without it":                          {deltas: 30, size: 100_000, within: 5 * time.Second, end: "run_finished run", shown: 3},
		"a large one ends with it": {deltas: 30, size: 100_000, options: runner.Options{CancelOnDisconnect: true},
			within: 5 * time.Second, end: "run_finished run", shown: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, test.options)
				stalled := &stalledClient{n: 3, read: make(chan struct{})}
				run := f.begin(t, request(answering(test.deltas, test.size), "run"))
				done := make(chan error, 1)
				begun := time.Now()
				go func() { done <- run.Stream(t.Context(), runner.Each(stalled.send)) }()
				follower := f.follow(t, t.Context(), 0)
				if err := <-follower.done; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took != test.within {
					t.Errorf("the follower's stream ended after %v, want %v", took, test.within)
				}
				followed := follower.events()
				if got := followed[len(followed)-1]; got != test.end {
					t.Errorf("the follower's stream ended with %s", got)
				}
				synctest.Wait()
				f.begin(t, request(script(), "next")).Close(t.Context())
				close(stalled.read)
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if got := len(stalled.events()); got != test.shown {
					t.Errorf("the client got %d events, want %d", got, test.shown)
				}
			})
		})
	}
}

func TestAClientThatReadsSlowlyGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		const deltas = 30
		var slow client
		err := f.begin(t, request(answering(deltas, 100_000), "run")).Stream(t.Context(), func(events []agui.Encoded) error {
			time.Sleep(4 * time.Second)
			return runner.Each(slow.send)(events)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(slow.events()); got != deltas+4 {
			t.Fatalf("it got %d events", got)
		}
	})
}

func TestWhatEndsARunEndsItWhileItsClientIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(f *fixture, cancel context.CancelCauseFunc)
		want string
	}{
		"a stop":       {func(f *fixture, _ context.CancelCauseFunc) { f.Stop(context.Background(), key, "") }, "run_finished run"},
		"the deadline": {func(*fixture, context.CancelCauseFunc) { time.Sleep(3 * time.Second) }, tooLate},
		"a shutdown": {func(_ *fixture, cancel context.CancelCauseFunc) { cancel(runner.ErrShutdown) },
			"run_error SHUTDOWN The server is shutting down"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{DeadlineMargin: 2 * time.Second})
				stalled := &stalledClient{n: 3, read: make(chan struct{}), err: errors.New("write timed out")}
				deadline, release := context.WithTimeout(t.Context(), 5*time.Second)
				defer release()
				ctx, cancel := context.WithCancelCause(deadline)
				run := f.begin(t, request(answering(30, 100_000), "run"))
				done := make(chan error, 1)
				begun := time.Now()
				go func() { done <- run.Stream(ctx, runner.Each(stalled.send)) }()
				synctest.Wait()
				test.end(f, cancel)
				synctest.Wait()
				history := f.connect(t, 0)
				if got := history[len(history)-1]; got != test.want {
					t.Errorf("the run ended with %s", got)
				}
				if took := time.Since(begun); took > 3*time.Second {
					t.Errorf("it ended after %v", took)
				}
				close(stalled.read)
				if err := <-done; err != nil {
					t.Fatal(fmt.Errorf("stream: %w", err))
				}
			})
		})
	}
}

func TestARunThatIsTooLargeIsEndedInGoodOrder(t *testing.T) {
	const tooLarge = "run_error RUN_TOO_LARGE The run is too large"
	for name, test := range map[string]struct {
		options runner.Options
		deltas  int
		want    string
	}{
		"by its bytes":        {runner.Options{MaxRunBytes: 2000}, 100, tooLarge},
		"by its events":       {runner.Options{MaxRunEvents: 10}, 100, tooLarge},
		"as large as allowed": {runner.Options{MaxRunEvents: 10}, 6, "run_finished run"},
		"without limits":      {runner.Options{MaxRunBytes: -1, MaxRunEvents: -1}, 100, "run_finished run"},
		"by default":          {runner.Options{}, 100, "run_finished run"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, test.options)
			got := f.run(t, request(answering(test.deltas, 100), "run"))
			if got[len(got)-1] != test.want {
				t.Errorf("the client got %s", got[len(got)-1])
			}
			if test.want == tooLarge && (len(got) > 20 || got[len(got)-2] != "text_message_end m") {
				t.Errorf("the run wasn't closed in order: %q", got)
			}
			history := f.connect(t, 0)
			if history[len(history)-1] != test.want {
				t.Errorf("the history ends with %s", history[len(history)-1])
			}
		})
	}
}
