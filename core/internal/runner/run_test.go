package runner_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestRunStream(t *testing.T) {
	hello := []agui.Event{start("m"), delta("m", "Hel"), delta("m", "lo"), end("m")}
	streamed := []string{"run_started run +hi", "text_message_start m", "text_message_content m Hel", "text_message_content m lo", "text_message_end m"}
	for _, test := range []struct {
		name  string
		agent agent.Agent
		want  []string
	}{
		{"RUN_STARTED comes first, with the input", script(append(hello, finished())...),
			append(streamed, "run_finished run")},
		{"the agent's RUN_STARTED is left out", script(append([]agui.Event{agui.RunStartedEvent{ThreadID: "thread", RunID: "run"}}, append(hello, finished())...)...),
			append(streamed, "run_finished run")},
		{"the agent's encoded RUN_STARTED is left out", script(encoded(`{"type":"RUN_STARTED","threadId":"thread","runId":"run","metadata":{"mine":true}}`), finished()),
			[]string{"run_started run +hi", "run_finished run"}},
		{"a run keeps its ids where the agent has others", script(encoded(`{"type":"RUN_STARTED","threadId":"thread","runId":"theirs"}`), encoded(`{"type":"RUN_FINISHED","threadId":"thread","runId":"theirs"}`)),
			[]string{"run_started run +hi", "run_finished run"}},
		{"a typed event's ids are kept too", script(agui.RunStartedEvent{ThreadID: "theirs", RunID: "theirs"}, agui.RunFinishedEvent{ThreadID: "theirs", RunID: "theirs"}),
			[]string{"run_started run +hi", "run_finished run"}},
		{"the run's input is shown, not the agent's own", script(encoded(`{"type":"RUN_STARTED","threadId":"thread","runId":"run","input":{"threadId":"thread","runId":"run","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}}`), finished()),
			[]string{"run_started run +hi", "run_finished run"}},
		{"a second RUN_STARTED is dropped", script(agui.RunStartedEvent{ThreadID: "thread", RunID: "run"}, agui.RunStartedEvent{ThreadID: "thread", RunID: "other"}, finished()),
			[]string{"run_started run +hi", "run_finished run"}},
		{"chunks are expanded", script(agui.TextMessageChunkEvent{MessageID: "m", Delta: "Hel", HasDelta: true}, agui.TextMessageChunkEvent{Delta: "lo", HasDelta: true}, finished()),
			append(streamed, "run_finished run")},
		{"a chunk's message is closed without a terminal event too", script(agui.TextMessageChunkEvent{MessageID: "m", Delta: "Hel", HasDelta: true}, agui.TextMessageChunkEvent{Delta: "lo", HasDelta: true}),
			append(streamed, "run_error INCOMPLETE_STREAM Run ended without emitting a terminal event")},
		{"nothing follows the terminal event", script(append(hello, finished(), start("late"), agui.RunErrorEvent{Message: "late"})...),
			append(streamed, "run_finished run")},
		{"an agent that yields nothing has an incomplete stream", script(),
			[]string{"run_started run +hi", "run_error INCOMPLETE_STREAM Run ended without emitting a terminal event"}},
		{"what a missing end leaves open is closed", script(start("m"), delta("m", "x"), agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "tool"}),
			[]string{"run_started run +hi", "text_message_start m", "text_message_content m x", "tool_call_start c",
				"text_message_end m", "tool_call_end c",
				`tool_call_result c-result c {"status":"error","reason":"missing_terminal_event","message":"Run ended without emitting a terminal event"}`,
				"run_error INCOMPLETE_STREAM Run ended without emitting a terminal event"}},
		{"what RUN_FINISHED leaves open is closed before it", script(agui.StepStartedEvent{StepName: "s"}, start("m"), agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "tool"}, finished()),
			[]string{"run_started run +hi", "step_started s", "text_message_start m", "tool_call_start c",
				"text_message_end m", "tool_call_end c", "step_finished s", "run_finished run"}},
		{"an agent's RUN_ERROR is passed on", script(start("m"), agui.RunErrorEvent{Message: "no", Code: "mine"}),
			[]string{"run_started run +hi", "text_message_start m", "run_error mine no"}},
		{"an agent's error shows its code and message", failing(&agent.Error{Code: "rate_limited", Message: "Too many requests", Err: errors.New("secret")}),
			[]string{"run_started run +hi", "run_error rate_limited Too many requests"}},
		{"a wrapped agent's error does too", failing(errors.Join(errors.New("secret"), &agent.Error{Code: "c", Message: "m"})),
			[]string{"run_started run +hi", "run_error c m"}},
		{"another error shows nothing of itself", failing(errors.New("secret"), start("m")),
			[]string{"run_started run +hi", "text_message_start m", "text_message_end m", "run_error AGENT_ERROR The agent failed"}},
		{"an event that the protocol doesn't allow ends the run", script(delta("m", "x"), finished()),
			[]string{"run_started run +hi", "run_error INVALID_EVENT The agent sent an invalid TEXT_MESSAGE_CONTENT event"}},
		{"an event that can't be encoded ends the run", script(start("m"), agui.CustomEvent{Name: "x", Value: []byte("{")}),
			[]string{"run_started run +hi", "text_message_start m", "text_message_end m", "run_error INVALID_EVENT The agent sent an invalid CUSTOM event"}},
		{"a panic ends the run", agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				yield(start("m"), nil)
				panic("secret")
			}
		}), []string{"run_started run +hi", "text_message_start m", "text_message_end m", "run_error AGENT_ERROR The agent failed"}},
		{"a panic in Run itself ends the run", agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			panic("secret")
		}), []string{"run_started run +hi", "run_error AGENT_ERROR The agent failed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, runner.Options{})
			var observed client
			request := request(test.agent, "run", "hi")
			request.Observe = func(event agui.Encoded) { observed.send(event) }
			want(t, f.run(t, request), test.want...)
			want(t, observed.events(), test.want...)
			page, err := f.store.Read(t.Context(), key, 0, false)
			if err != nil || page.Live || page.Orphaned {
				t.Fatalf("the thread isn't free: %+v, %v", page, err)
			}
			var recorded []string
			for _, record := range page.Records {
				recorded = append(recorded, line(record.Event))
			}
			joined := strings.NewReplacer("text_message_content m Hel\ntext_message_content m lo", "text_message_content m Hello").
				Replace(strings.Join(test.want, "\n"))
			want(t, recorded, strings.Split(joined, "\n")...)
		})
	}
}

func TestDevelopmentTellsTheError(t *testing.T) {
	f := newFixture(t, runner.Options{Development: true})
	want(t, f.run(t, request(failing(errors.New("detail")), "run")), "run_started run", "run_error AGENT_ERROR detail")
	want(t, f.run(t, request(script(agui.TextMessageChunkEvent{Delta: "x"}), "second")), "run_started second",
		"run_error INVALID_EVENT invalid event: TEXT_MESSAGE_CHUNK: the first chunk must have a messageId")
}

func TestPanicIsLoggedWithItsStack(t *testing.T) {
	f := newFixture(t, runner.Options{})
	f.run(t, request(agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		panic("broken")
	}), "run"))
	f.log.wants(t, "panic=broken")
	f.log.wants(t, "TestPanicIsLoggedWithItsStack")
}

func TestRunStartedDoesNotWaitForTheAgent(t *testing.T) {
	for name, end := range map[string]struct {
		how  func(a *steered, f *fixture)
		want string
	}{
		"and the agent answers later": {func(a *steered, _ *fixture) { a.steps <- finished() }, "run_finished run"},
		"and the agent ends without a word": {func(a *steered, _ *fixture) { close(a.steps) },
			"run_error INCOMPLETE_STREAM Run ended without emitting a terminal event"},
		"and the run is stopped": {func(_ *steered, f *fixture) { f.Stop(context.Background(), key, "") }, "run_finished run"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, runner.Options{})
				a := newSteered()
				b := f.stream(t, t.Context(), request(a, "run", "hi"))
				follower := f.follow(t, t.Context(), 0)
				synctest.Wait() // the agent thinks
				want(t, b.events(), "run_started run +hi")
				want(t, follower.events(), "run_started run +hi")
				page, err := f.store.Read(t.Context(), key, 0, false)
				if err != nil || len(page.Records) != 1 || line(page.Records[0].Event) != "run_started run +hi" {
					t.Fatalf("the store has %+v, %v", page, err)
				}
				end.how(a, f)
				if err := <-b.done; err != nil {
					t.Fatal(err)
				}
				want(t, b.events(), "run_started run +hi", end.want)
				<-follower.done
				want(t, follower.events(), "run_started run +hi", end.want)
			})
		})
	}
}

func TestRunFinishedKeepsItsFieldsWhenItsIDsAreReplaced(t *testing.T) {
	f := newFixture(t, runner.Options{})
	var client client
	if err := f.begin(t, request(script(
		encoded(`{"type":"RUN_STARTED","threadId":"theirs","runId":"theirs"}`),
		encoded(`{"type":"RUN_FINISHED","threadId":"theirs","runId":"theirs","result":{"n":1.50},"unknown":[1, 2],"timestamp":5}`),
	), "run")).Stream(t.Context(), runner.Each(client.send)); err != nil {
		t.Fatal(err)
	}
	got := string(client.got[len(client.got)-1].JSON())
	for _, part := range []string{`"threadId":"thread"`, `"runId":"run"`, `"result":{"n":1.50}`, `"unknown":`, `"timestamp":5`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is without %s", got, part)
		}
	}
}

func TestRunStartedShowsOnlyNewMessages(t *testing.T) {
	f := newFixture(t, runner.Options{})
	want(t, f.run(t, request(script(start("a"), delta("a", "b"), end("a"), finished()), "run", "one", "two")),
		"run_started run +one +two", "text_message_start a", "text_message_content a b", "text_message_end a", "run_finished run")
	in := request(script(finished()), "second", "one", "two")
	in.Input.Messages = append(in.Input.Messages,
		agui.Message{ID: "a", Role: agui.RoleAssistant, Content: agui.TextContent("b")},
		agui.Message{ID: "new", Role: agui.RoleUser, Content: agui.TextContent("three")})
	var got *agui.RunAgentInput
	in.Agent = agent.Func(func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		got = input
		return script(finished()).Run(t.Context(), input)
	})
	want(t, f.run(t, in), "run_started second +three", "run_finished run")
	if len(got.Messages) != 4 {
		t.Fatalf("the agent got %d messages", len(got.Messages))
	}
}

func TestSnapshotHoldsMessagesAndState(t *testing.T) {
	f := newFixture(t, runner.Options{})
	f.run(t, request(script(
		start("a"), delta("a", "Hel"), delta("a", "lo"), end("a"),
		agui.StateSnapshotEvent{Snapshot: []byte(`{"n":1}`)},
		agui.StateDeltaEvent{Delta: []byte(`[{"op":"replace","path":"/n","value":2}]`)},
		finished()), "run", "hi"))
	snapshot, err := f.store.Snapshot(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(snapshot.Messages), `[{"id":"id-hi","role":"user","content":"hi"},{"id":"a","role":"assistant","content":"Hello"}]`; got != want {
		t.Errorf("messages %s, want %s", got, want)
	}
	if got := string(snapshot.State); got != `{"n":2}` {
		t.Errorf("state %s", got)
	}
}

func TestSecondRunOnABusyThreadIsRefused(t *testing.T) {
	f := newFixture(t, runner.Options{})
	f.begin(t, request(script(), "one"))
	if _, err := f.Begin(t.Context(), request(script(), "two")); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("begin: %v", err)
	}
}

func TestClosedRunLeavesNoTrace(t *testing.T) {
	f := newFixture(t, runner.Options{})
	run := f.begin(t, request(script(), "one"))
	if err := run.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Stream(t.Context(), runner.Each(new(client).send)); err == nil {
		t.Fatal("a closed run was streamed")
	}
	if _, err := f.store.Thread(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("thread: %v", err)
	}
	want(t, f.connect(t, 0))
}

func TestTerminalEventComesWhenTheThreadIsFree(t *testing.T) {
	f := newFixture(t, runner.Options{})
	err := f.begin(t, request(script(start("m"), end("m"), finished()), "one")).Stream(t.Context(), runner.Each(func(event agui.Encoded) error {
		if event.EventType() == agui.EventTypeRunFinished {
			run, err := f.Begin(t.Context(), request(script(), "two"))
			if err != nil {
				t.Error(err)
				return nil
			}
			return run.Close(t.Context())
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
}
