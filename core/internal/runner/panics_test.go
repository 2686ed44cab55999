package runner_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
)

func TestPanicOfTheCallerFreesTheThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{LeaseTTL: 3 * time.Second})
		a := newSteered()
		run := f.begin(t, request(a, "run"))
		panicked := make(chan any)
		go func() {
			defer func() { panicked <- recover() }()
			run.Stream(t.Context(), runner.Each(func(event agui.Encoded) error {
				if event.EventType() == agui.EventTypeTextMessageContent {
					synctest.Wait() // what was sent is recorded
					panic("handler aborted")
				}
				return nil
			}))
		}()
		a.steps <- start("m")
		a.steps <- delta("m", "x")
		if got := <-panicked; got != "handler aborted" {
			t.Fatalf("panic: %v", got)
		}
		<-a.ended
		want(t, f.connect(t, 0), "run_started run", "text_message_start m", "text_message_content m x", "text_message_end m", "run_finished run")
		f.begin(t, request(a, "next")).Close(t.Context())
	})
}

func TestPanicOfTheObserverReachesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{LeaseTTL: 3 * time.Second})
		request := request(script(start("m"), end("m"), finished()), "run")
		request.Observe = func(event agui.Encoded) {
			if event.EventType() == agui.EventTypeTextMessageEnd {
				synctest.Wait() // what was sent is recorded
				panic("observer broke")
			}
		}
		run := f.begin(t, request)
		func() {
			defer func() {
				if got := recover(); got != "observer broke" {
					t.Fatalf("panic: %v", got)
				}
			}()
			run.Stream(t.Context(), runner.Each(new(client).send))
		}()
		time.Sleep(3 * time.Second)
		if got := f.connect(t, 0); got[len(got)-1] != instanceGone {
			t.Fatalf("got %q", got)
		}
	})
}

func TestPanicAfterTheStopIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, runner.Options{})
		b := f.stream(t, t.Context(), request(agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(func(agui.Event, error) bool) {
				<-ctx.Done()
				panic("late")
			}
		}), "run"))
		synctest.Wait()
		f.Stop(t.Context(), key, "")
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
		want(t, b.events(), "run_started run", "run_finished run")
		f.log.wants(t, "panic=late")
	})
}
