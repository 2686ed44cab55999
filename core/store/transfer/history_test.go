package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/pause"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRunner(s store.Store) *runner.Runner {
	// A lease also limits how long a store may take, and a busy machine takes long.
	return runner.New(s, runner.Options{LeaseTTL: time.Hour, Logger: slog.New(slog.DiscardHandler)})
}

// fill gives a store threads of several owners, with histories as the runtime makes them,
// and returns their keys.
func fill(t testing.TB, s store.Store, random *rand.Rand, threads int) []store.Key {
	t.Helper()
	var keys []store.Key
	for n := range threads {
		key := store.Key{Owner: []string{"", "ada", "böb/\"x\""}[n%3], ID: fmt.Sprint("thread <", n, ">")}
		keys = append(keys, key)
		// So that the list has the same order in a store that counts microseconds.
		if err := pause.Sleep(t.Context(), 2*time.Microsecond); err != nil {
			t.Fatal(err)
		}
		if n%5 == 4 { // made, and never run
			if _, err := s.CreateThread(t.Context(), key, "made", "only made"); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var conversation []agui.Message
		for run := range 1 + random.IntN(5) {
			conversation = play(t, s, key, random, fmt.Sprint("run ", run, " of ", n), conversation)
		}
		name, yes := fmt.Sprint("näme & <b> of\n", n), true
		patch := store.Patch{Name: &name}
		if n%4 == 1 {
			patch.Archived = &yes
		}
		if n%2 == 1 {
			if _, err := s.UpdateThread(t.Context(), key, patch); err != nil {
				t.Fatal(err)
			}
		}
	}
	return keys
}

// play does a run that answers a new message with whatever there is, and returns the
// conversation after it.
func play(t testing.TB, s store.Store, key store.Key, random *rand.Rand, runID string, conversation []agui.Message) []agui.Message {
	t.Helper()
	input := &agui.RunAgentInput{ThreadID: key.ID, RunID: runID, State: []byte("{\n  \"given\": \"<b>\"\n}")}
	input.Messages = append(slices.Clone(conversation), agui.Message{
		ID: "question of " + runID, Role: agui.RoleUser, Content: agui.TextContent("What is <&>\u2028 \"it\"?"),
	})
	run, err := newRunner(s).Begin(t.Context(), runner.Request{Key: key, AgentID: "agent " + runID, Agent: agent.Func(answer(random)), Input: input})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Stream(t.Context(), runner.Each(func(agui.Encoded) error { return nil })); err != nil {
		t.Fatal(err)
	}
	return append(input.Messages, agui.Message{ID: "answer to " + runID, Role: agui.RoleAssistant, Content: agui.TextContent("words")})
}

// answer yields events of all kinds.
func answer(random *rand.Rand) func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return func(_ context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			id := func(kind string, n int) string { return fmt.Sprint(kind, n, " of ", input.RunID) }
			for n := range 2 + random.IntN(4) {
				var events []agui.Event
				switch random.IntN(5) {
				case 0:
					events = append(events, agui.ReasoningStartEvent{MessageID: id("thought", n)},
						agui.ReasoningMessageStartEvent{MessageID: id("thought", n)})
					for range 1 + random.IntN(9) {
						events = append(events, agui.ReasoningMessageContentEvent{MessageID: id("thought", n), Delta: "hm, <é> "})
					}
					events = append(events, agui.ReasoningMessageEndEvent{MessageID: id("thought", n)}, agui.ReasoningEndEvent{MessageID: id("thought", n)})
				case 1:
					events = append(events, agui.ToolCallStartEvent{ToolCallID: id("call", n), ToolCallName: "tool", ParentMessageID: id("caller", n)})
					for range 1 + random.IntN(9) {
						events = append(events, agui.ToolCallArgsEvent{ToolCallID: id("call", n), Delta: `{"a":"🧵"} `})
					}
					events = append(events, agui.ToolCallEndEvent{ToolCallID: id("call", n)},
						agui.ToolCallResultEvent{MessageID: id("result", n), ToolCallID: id("call", n), Content: "done"})
				case 2:
					events = append(events, agui.StateSnapshotEvent{Snapshot: fmt.Appendf(nil, `{"list":[],"of":%q}`, input.RunID)})
					for i := range random.IntN(5) {
						events = append(events, agui.StateDeltaEvent{Delta: fmt.Appendf(nil, `[{"op":"add","path":"/list/-","value":%d}]`, i)})
					}
				case 3:
					events = append(events, agui.CustomEvent{Name: "custom", Value: []byte(`{"a": "<\u2028>"}`)})
				case 4:
					events = append(events, agui.TextMessageStartEvent{MessageID: id("text", n), Role: agui.RoleAssistant})
					for range 1 + random.IntN(20) {
						events = append(events, agui.TextMessageContentEvent{MessageID: id("text", n), Delta: "some \"words\" é 🙂\n"})
					}
					events = append(events, agui.TextMessageEndEvent{MessageID: id("text", n)})
				}
				for _, event := range events {
					if !yield(event, nil) {
						return
					}
				}
			}
			finished := agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}
			switch random.IntN(4) {
			case 0:
				encoded, err := agui.ParseEncoded(fmt.Appendf(nil,
					`{"type":"RUN_FINISHED","threadId":%q,"runId":%q,"outcome":{"type":"interrupt","interrupts":[{"id":"i","reason":"approve"}]}}`,
					input.ThreadID, input.RunID))
				if err != nil {
					panic(err)
				}
				yield(encoded, nil)
			case 1:
				yield(agui.RunErrorEvent{Message: "no", Code: "mine"}, nil)
			default:
				yield(finished, nil)
			}
		}
	}
}

// export returns a store's file.
func export(t testing.TB, s store.Store, options transfer.Options) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := transfer.Export(t.Context(), &file, s, options); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// load imports a file, of which nothing may be refused.
func load(t testing.TB, s store.Store, file []byte) transfer.Summary {
	t.Helper()
	summary, err := transfer.Import(t.Context(), s, bytes.NewReader(file), transfer.Options{Report: func(r transfer.Report) {
		if r.Outcome == transfer.Refused {
			t.Errorf("thread %q: %s", r.Key, r.Note)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// streams returns what clients of a thread are sent: one that has nothing yet, and those
// that have everything up to any Seq. Inside a joined record these are its first and its
// last: the store gives what is between whole, and the runner cuts it.
func streams(t testing.TB, s store.Store, key store.Key) string {
	t.Helper()
	page, err := s.Read(t.Context(), key, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	places := []int64{0}
	last := int64(0)
	for _, record := range page.Records {
		places = append(places, last+1, record.Seq-1, record.Seq)
		last = record.Seq
	}
	places = append(places, last+1)
	slices.Sort(places)
	var all bytes.Buffer
	for _, after := range slices.Compact(places) {
		fmt.Fprintf(&all, "after %d:\n", after)
		err := newRunner(s).Connect(t.Context(), key, after, runner.Each(func(r store.Record) error {
			fmt.Fprintf(&all, "%d %s", r.Seq, r.Event.Frame())
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// next returns what the thread's next run would be given, and leaves no trace.
func next(t testing.TB, s store.Store, key store.Key, messageIDs []string) string {
	t.Helper()
	lease, err := s.Begin(t.Context(), store.BeginRequest{Key: key, AgentID: "next", RunID: "next", TTL: 1 << 40, MessageIDs: messageIDs})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("seq %d, parent %q, seen %v", lease.NextSeq(), lease.ParentRunID(), lease.Seen())
	if err := lease.Finish(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return text
}
