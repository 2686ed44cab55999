package runner_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

const (
	toolResult = `tool_call_result c-result c {"status":"stopped","reason":"stop_requested","message":"Run stopped by user"}`
	tooLate    = "run_error DEADLINE_EXCEEDED The run reached the platform's time limit"
	taken      = "run_error LEASE_LOST The thread was deleted or taken over by another instance"
)

// background streams a run on its own.
type background struct {
	client
	done chan error
}

func (f *fixture) stream(t *testing.T, ctx context.Context, request runner.Request) *background {
	t.Helper()
	run := f.begin(t, request)
	b := &background{done: make(chan error, 1)}
	go func() { b.done <- run.Stream(ctx, runner.Each(b.send)) }()
	return b
}

// follow connects a client on its own.
func (f *fixture) follow(t *testing.T, ctx context.Context, after int64) *background {
	t.Helper()
	b := &background{done: make(chan error, 1)}
	go func() { b.done <- f.Connect(ctx, key, after, runner.Each(b.client.follow)) }()
	return b
}

func TestStopEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run", "hi"))
		a.steps <- start("m")
		a.steps <- delta("m", "x")
		a.steps <- agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "tool"}
		synctest.Wait()
		if stopped, err := f.Stop(t.Context(), key, "another"); stopped || err != nil {
			t.Fatalf("stop of another run: %v, %v", stopped, err)
		}
		begun := time.Now()
		for i, want := range []bool{true, false} {
			if stopped, err := f.Stop(t.Context(), key, ""); stopped != want && i == 0 || err != nil {
				t.Fatalf("stop %d: %v, %v", i, stopped, err)
			}
		}
		<-a.ended
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("the stop took %v", took)
		}
		events := []string{"run_started run +hi", "text_message_start m", "text_message_content m x", "tool_call_start c",
			"text_message_end m", "tool_call_end c", toolResult, "run_finished run"}
		want(t, b.events(), events...)
		// Compacted history has one message after the other.
		events[3], events[4] = events[4], events[3]
		want(t, f.connect(t, 0), events...)
		if stopped, err := f.Stop(t.Context(), key, ""); stopped || err != nil {
			t.Fatalf("stop after the end: %v, %v", stopped, err)
		}
	})
}

func TestStubbornAgentIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{StopGrace: 3 * time.Second})
		a := newSteered()
		a.stubborn = true
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		synctest.Wait()
		begun := time.Now()
		f.Stop(t.Context(), key, "run")
		synctest.Wait()
		want(t, b.events(), "run_started run", "text_message_start m", "text_message_end m")
		if _, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "second"}); !errors.Is(err, store.ErrLocked) {
			t.Fatalf("begin while the agent still works: %v", err)
		}
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("the run ended after %v", took)
		}
		want(t, b.events(), "run_started run", "text_message_start m", "text_message_end m", "run_finished run")
		f.log.wants(t, "left behind")
		f.begin(t, request(a, "second")).Close(t.Context())
		close(a.steps)
		<-a.ended
	})
}

func TestAgentHasAMomentAfterItsTerminalEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{StopGrace: 3 * time.Second})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		begun := time.Now()
		a.steps <- finished()
		synctest.Wait()
		want(t, b.events(), "run_started run", "run_finished run")
		f.begin(t, request(script(), "second")).Close(t.Context())
		select {
		case <-a.ended:
			t.Fatal("the agent was cancelled at once")
		case err := <-b.done:
			t.Fatalf("the stream ended before its agent: %v", err)
		default:
		}
		a.steps <- start("late")
		<-a.ended
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		// The client's answer isn't held open for as long as a stopped agent may take.
		if took := time.Since(begun); took != 250*time.Millisecond {
			t.Errorf("the stream ended after %v", took)
		}
		want(t, b.events(), "run_started run", "run_finished run")
	})
}

func TestAgentThatEndsItsGoroutineFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		agent := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				yield(start("m"), nil)
				runtime.Goexit()
			}
		})
		want(t, f.run(t, request(agent, "run")),
			"run_started run", "text_message_start m", "text_message_end m", "run_error AGENT_ERROR The agent failed")
		f.log.wants(t, "agent ended its goroutine")
	})
}

func TestDeadlineEndsTheRunInGoodOrder(t *testing.T) {
	for _, test := range []struct {
		name             string
		deadline, margin time.Duration
		stubborn         bool
		ends, returns    time.Duration
	}{
		{name: "the margin before it", deadline: time.Minute, margin: 4 * time.Second, ends: 56 * time.Second, returns: 56 * time.Second},
		{name: "the default margin is two seconds", deadline: time.Minute, ends: 58 * time.Second, returns: 58 * time.Second},
		{name: "a short deadline leaves half of it", deadline: time.Second, ends: 500 * time.Millisecond, returns: 500 * time.Millisecond},
		{name: "a stubborn agent gets half of the margin", deadline: time.Minute, stubborn: true, ends: 58 * time.Second, returns: 59 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{DeadlineMargin: test.margin})
				a := newSteered()
				a.stubborn = test.stubborn
				begun := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				b := f.stream(t, ctx, request(a, "run"))
				a.steps <- start("m")
				time.Sleep(test.ends - 1)
				synctest.Wait()
				want(t, b.events(), "run_started run", "text_message_start m")
				if err := <-b.done; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took != test.returns {
					t.Errorf("the stream returned after %v", took)
				}
				events := []string{"run_started run", "text_message_start m", "text_message_end m", tooLate}
				want(t, b.events(), events...)
				want(t, f.connect(t, 0), events...)
				close(a.steps)
				<-a.ended
			})
		})
	}
}

func TestClientThatLeaves(t *testing.T) {
	gone := errors.New("gone")
	for _, test := range []struct {
		name    string
		cancels bool
		cancel  bool
		got     []string
		stored  []string
	}{
		{"its run goes on when send fails", false, false,
			[]string{"run_started run", "text_message_start m"},
			[]string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}},
		{"its run goes on when its context ends", false, true,
			[]string{"run_started run", "text_message_start m"},
			[]string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}},
		{"its run is cancelled when send fails", true, false,
			[]string{"run_started run", "text_message_start m"},
			[]string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}},
		{"its run is cancelled when its context ends", true, true,
			[]string{"run_started run", "text_message_start m"},
			[]string{"run_started run", "text_message_start m", "text_message_end m", "run_finished run"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{CancelOnDisconnect: test.cancels})
				a := newSteered()
				ctx, cancel := context.WithCancel(t.Context())
				run := f.begin(t, request(a, "run"))
				var client client
				var left atomic.Bool
				done := make(chan error, 1)
				go func() {
					done <- run.Stream(ctx, runner.Each(func(event agui.Encoded) error {
						if left.Load() {
							return gone
						}
						return client.send(event)
					}))
				}()
				a.steps <- start("m")
				synctest.Wait()
				left.Store(true)
				if test.cancel {
					cancel()
					synctest.Wait()
				}
				if !test.cancels || !test.cancel {
					a.steps <- delta("m", "x")
					synctest.Wait()
				}
				if !test.cancels {
					a.steps <- end("m")
					a.steps <- finished()
					close(a.steps)
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				<-a.ended
				cancel()
				want(t, client.events(), test.got...)
				want(t, f.connect(t, 0), test.stored...)
			})
		})
	}
}

func TestSupersedeStopsTheRunBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{SupersedeRuns: true})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "one"))
		a.steps <- start("m")
		synctest.Wait()
		want(t, f.run(t, request(script(finished()), "two")), "run_started two", "run_finished run")
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, b.events(), "run_started one", "text_message_start m", "text_message_end m", "run_finished one")
		want(t, f.connect(t, 0), "run_started one", "text_message_start m", "text_message_end m", "run_finished one",
			"run_started two", "run_finished run")
	})
}

func TestSupersedeGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{SupersedeRuns: true, LeaseTTL: 3 * time.Second, StopGrace: time.Second})
		// Somebody holds the lease, renews it and doesn't heed the stop.
		lease, err := f.store.Begin(t.Context(), store.BeginRequest{Key: key, RunID: "one", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := f.Begin(t.Context(), request(script(), "two")); !errors.Is(err, store.ErrLocked) {
			t.Fatalf("begin: %v", err)
		}
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("gave up after %v", took)
		}
		lease.Finish(t.Context(), nil)
	})
}

func TestLeaseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{LeaseTTL: 3 * time.Second})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		time.Sleep(time.Hour)
		if _, err := f.Begin(t.Context(), request(a, "second")); !errors.Is(err, store.ErrLocked) {
			t.Fatalf("begin after an hour: %v", err)
		}
		a.steps <- finished()
		close(a.steps)
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, b.events(), "run_started run", "run_finished run")
	})
}

func TestDeletingTheThreadEndsItsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		b := f.stream(t, t.Context(), request(a, "run"))
		a.steps <- start("m")
		follower := &background{done: make(chan error, 1)}
		go func() { follower.done <- f.Connect(t.Context(), key, 0, runner.Each(follower.follow)) }()
		synctest.Wait()
		begun := time.Now()
		if err := f.store.DeleteThread(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if err := <-b.done; !errors.Is(err, store.ErrLeaseLost) {
			t.Fatalf("stream: %v", err)
		}
		<-a.ended
		if took := time.Since(begun); took > 0 {
			t.Errorf("it took %v", took)
		}
		want(t, b.events(), "run_started run", "text_message_start m", "text_message_end m", taken)
		if err := <-follower.done; err != nil {
			t.Fatal(err)
		}
		want(t, follower.events(), "run_started run", "text_message_start m", taken)
		want(t, f.connect(t, 0))
	})
}

func TestAnEventThatTheAgentWasLetYieldIsSent(t *testing.T) {
	f := newFixture(t, runner.Options{})
	for n := range 300 {
		yielded := 0
		stopping := agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				for _, event := range []agui.Event{start("m"), delta("m", "x")} {
					if !yield(event, nil) {
						return
					}
					yielded++
				}
				if _, err := f.Stop(ctx, key, ""); err != nil {
					t.Error(err)
				}
				<-ctx.Done()
			}
		})
		var c client
		if err := f.begin(t, request(stopping, fmt.Sprint("run-", n))).Stream(t.Context(), runner.Each(c.send)); err != nil {
			t.Fatal(err)
		}
		// RUN_STARTED, what was yielded, the message's end and RUN_FINISHED.
		if got := len(c.events()); yielded != 2 || got != 5 {
			t.Fatalf("%d events were yielded, and %d sent: %v", yielded, got, c.events())
		}
	}
}
