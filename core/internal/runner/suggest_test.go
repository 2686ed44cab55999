package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestSuggestLeavesNoTrace(t *testing.T) {
	for _, test := range []struct {
		name  string
		agent agent.Agent
		want  []string
	}{
		{"a whole run is made", script(agui.TextMessageChunkEvent{MessageID: "m", Delta: "x", HasDelta: true}, finished()),
			[]string{"run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run"}},
		{"a missing end is added", script(start("m")),
			[]string{"run_started run", "text_message_start m", "text_message_end m", "run_error INCOMPLETE_STREAM Run ended without emitting a terminal event"}},
		{"an error is one", failing(&agent.Error{Code: "c", Message: "m"}),
			[]string{"run_started run", "run_error c m"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			var client client
			request := request(test.agent, "run", "hi")
			if err := f.Suggest(t.Context(), request, runner.Each(client.send)); err != nil {
				t.Fatal(err)
			}
			want(t, client.events(), test.want...)
			page, err := f.store.Threads(t.Context(), store.Query{Owner: key.Owner})
			if err != nil || len(page.Threads) > 0 {
				t.Fatalf("threads: %+v, %v", page.Threads, err)
			}
		})
	}
}

func TestSuggestionOfAStubbornAgentKeepsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		a.stubborn = true
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		var client client
		begun := time.Now()
		if err := f.Suggest(ctx, request(a, "run"), runner.Each(client.send)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took >= 2*time.Second {
			t.Errorf("the suggestion ended after %v", took)
		}
		want(t, client.events(), "run_started run", tooLate)
		close(a.steps)
		<-a.ended
	})
}

func TestSuggestEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		a := newSteered()
		ctx, cancel := context.WithCancel(t.Context())
		var client client
		done := make(chan error, 1)
		go func() { done <- f.Suggest(ctx, request(a, "run"), runner.Each(client.send)) }()
		a.steps <- start("m")
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("suggest: %v", err)
		}
		<-a.ended
		want(t, client.events(), "run_started run", "text_message_start m")

		a = newSteered()
		broken := errors.New("broken pipe")
		go func() {
			done <- f.Suggest(t.Context(), request(a, "run"), runner.Each(func(agui.Encoded) error { return broken }))
		}()
		select {
		case a.steps <- start("m"):
		case <-a.ended: // RUN_STARTED has failed already
		}
		if err := <-done; !errors.Is(err, broken) {
			t.Fatalf("suggest: %v", err)
		}
		<-a.ended

		a = newSteered()
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { done <- f.Suggest(ctx, request(a, "late"), runner.Each(client.send)) }()
		a.steps <- start("m")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		<-a.ended
		if got := client.events(); !strings.HasPrefix(got[len(got)-1], tooLate) {
			t.Fatalf("got %q", got)
		}
	})
}

func TestReplayPassesSeveralRunsOn(t *testing.T) {
	f := newFixture(t, runner.Options{})
	started := agui.RunStartedEvent{ThreadID: "thread", RunID: "run"}
	var client client
	err := f.Replay(t.Context(), request(failing(errors.New("secret"), started, finished(), started,
		agui.TextMessageChunkEvent{MessageID: "m", Delta: "x", HasDelta: true}, finished()), "connect"), runner.Each(client.send))
	if err != nil {
		t.Fatal(err)
	}
	want(t, client.events(), "run_started run", "run_finished run", "run_started run",
		"text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run", "run_error AGENT_ERROR The agent failed")
}
