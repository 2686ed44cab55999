package fold_test

import (
	"encoding/json"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestCompactShowsTheStateThatEachRunLeft(t *testing.T) {
	started := func(id, state string) string {
		return `{"type":"RUN_STARTED","threadId":"t","runId":"` + id + `","input":{"threadId":"t","runId":"` + id + `","state":` + state + `,"messages":[],"tools":[],"context":[]}}`
	}
	const (
		bare     = `{"type":"RUN_STARTED","threadId":"t","runId":"r"}`
		finished = `{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`
		set      = `{"type":"STATE_SNAPSHOT","snapshot":{"a":1}}`
		change   = `{"type":"STATE_DELTA","delta":[{"op":"add","path":"/b","value":2}]}`
		wrong    = `{"type":"STATE_DELTA","delta":[{"op":"remove","path":"/no"}]}`
		test     = `{"type":"STATE_DELTA","delta":[{"op":"test","path":"/a","value":1.0},{"op":"replace","path":"/a","value":2}]}`
	)
	for _, test := range []struct {
		name   string
		events []string
		// want are the snapshots, in order.
		want []string
	}{
		{"of one run", []string{bare, set, change, finished}, []string{`{"a":1,"b":2}`}},
		{"of a run that changes what the one before left", []string{bare, set, finished, bare, change, finished}, []string{`{"a":1}`, `{"a":1,"b":2}`}},
		{"of a run that changes what it was given", []string{bare, set, finished, started("r", `{"c":3}`), change, finished}, []string{`{"a":1}`, `{"c":3,"b":2}`}},
		{"of a run that was given nothing", []string{bare, set, finished, started("r", `null`), change, finished}, []string{`{"a":1}`, `{"a":1,"b":2}`}},
		{"of a run whose changes don't fit", []string{started("r", `{"c":3}`), wrong, finished}, []string{`{"c":3}`}},
		{"of the first run, whose changes don't fit", []string{bare, wrong, finished}, []string{`{}`}},
		{"and none of a run that said nothing of it", []string{bare, set, finished, started("r", `{"c":3}`), finished}, []string{`{"a":1}`}},
		{"where a test compares numbers by value", []string{bare, set, test, finished}, []string{`{"a":2}`}},
		{"of a run that is cut off", []string{bare, set, change}, []string{`{"a":1,"b":2}`}},
		{"and none where there was none", []string{bare, finished}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			events := aguitest.Parse(t, test.events...)
			compacted, err := fold.Compact(events)
			if err != nil {
				t.Fatal(err)
			}
			var got []json.RawMessage
			for _, event := range compacted {
				if event.EventType() == agui.EventTypeStateSnapshot {
					snapshot, _ := event.Field("snapshot")
					got = append(got, snapshot)
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %s, want %s", got, test.want)
			}
			for i := range got {
				if string(got[i]) != test.want[i] {
					t.Errorf("snapshot %d is %s, want %s", i, got[i], test.want[i])
				}
			}
			last := ""
			if len(test.want) > 0 {
				last = test.want[len(test.want)-1]
			}
			if got := string(fold.LastState(events)); got != last {
				t.Errorf("last state %s, want %s", got, last)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		name   string
		events []string
		want   string
	}{
		{"text and calls of its messages", []string{
			`{"type":"RUN_STARTED","threadId":"t","runId":"r","input":{"threadId":"t","runId":"r","messages":[{"id":"u","role":"user","content":"hi"}],"tools":[],"context":[]}}`,
			`{"type":"TEXT_MESSAGE_START","messageId":"m"}`,
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a\n"}`,
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"\u0062","timestamp":1}`,
			`{"type":"TEXT_MESSAGE_END","messageId":"m"}`,
			`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f","parentMessageId":"m"}`,
			`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{"}`,
			`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"}"}`,
			`{"type":"TOOL_CALL_END","toolCallId":"c"}`,
			`{"type":"TOOL_CALL_RESULT","messageId":"x","toolCallId":"c","content":"ok"}`},
			`[{"id":"m","role":"assistant","content":"a\nb","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"id":"x","role":"tool","content":"ok","toolCallId":"c"}]`},
		{"the call of a message that comes later", []string{
			`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f","parentMessageId":"m"}`,
			`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"user"}`},
			`[{"id":"m","role":"user","content":"","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":""}}]}]`},
		{"a message that begins anew", []string{
			`{"type":"TEXT_MESSAGE_START","messageId":"m"}`, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a"}`,
			`{"type":"TEXT_MESSAGE_START","messageId":"m"}`, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"b"}`},
			`[{"id":"m","role":"assistant","content":"b"}]`},
		{"the last snapshot alone", []string{
			`{"type":"TEXT_MESSAGE_START","messageId":"m"}`,
			`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"1","role":"user","content":"x"}]}`,
			`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"2","role":"user","content":"y"}]}`},
			`[{"id":"2","role":"user","content":"y"}]`},
		{"nothing of reasoning, nor of calls without a message, nor of what can't be read", []string{
			`{"type":"REASONING_MESSAGE_START","messageId":"r"}`, `{"type":"REASONING_MESSAGE_CONTENT","messageId":"r","delta":"hm"}`,
			`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`, `{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{}"}`,
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"no","delta":"x"}`, `{"type":"MESSAGES_SNAPSHOT","messages":1}`,
			`{"type":"TOOL_CALL_RESULT","messageId":"x","toolCallId":"c","content":[]}`},
			`[]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var answer fold.Answer
			for _, event := range aguitest.Parse(t, test.events...) {
				answer.Add(event)
			}
			got, err := json.Marshal(answer.Messages())
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
	var answer fold.Answer
	for _, event := range aguitest.Parse(t, `{"type":"RUN_STARTED","threadId":"t","runId":"1"}`, `{"type":"RUN_STARTED","threadId":"t","runId":"2"}`) {
		answer.Add(event)
	}
	if answer.ThreadID != "t" || answer.RunID != "2" {
		t.Errorf("thread %q, run %q", answer.ThreadID, answer.RunID)
	}
}
