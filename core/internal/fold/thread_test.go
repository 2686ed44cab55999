package fold_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestThreadLeavesWhatItWasGivenAlone(t *testing.T) {
	given := []agui.Message{{
		ID: "m", Role: agui.RoleAssistant, Content: agui.TextContent("a"), Metadata: json.RawMessage(`{"a":1}`),
		ToolCalls: []agui.ToolCall{{ID: "c", Name: "f", Arguments: "{"}},
	}}
	thread := fold.NewThread(given, nil)
	apply := func(events ...string) {
		t.Helper()
		for _, event := range aguitest.Parse(t, events...) {
			if err := thread.Add(event); err != nil {
				t.Fatal(err)
			}
		}
	}
	apply(
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"b"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"}"}`,
		`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"g","metadata":{"b":2}}`,
		`{"type":"TOOL_CALL_START","toolCallId":"d","toolCallName":"h","parentMessageId":"m"}`)
	first := thread.Messages()
	apply(
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"c"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"!"}`)
	for _, check := range []struct {
		what     string
		messages []agui.Message
		want     string
	}{
		{"what it was given", given, `[{"id":"m","role":"assistant","content":"a","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{"}}],"metadata":{"a":1}}]`},
		{"its messages in the middle", first, `[{"id":"m","role":"assistant","content":"ab","toolCalls":[{"id":"c","type":"function","function":{"name":"g","arguments":"{}"},"metadata":{"b":2}},{"id":"d","type":"function","function":{"name":"h","arguments":""}}],"metadata":{"a":1}}]`},
		{"its messages in the end", thread.Messages(), `[{"id":"m","role":"assistant","content":"abc","toolCalls":[{"id":"c","type":"function","function":{"name":"g","arguments":"{}!"},"metadata":{"b":2}},{"id":"d","type":"function","function":{"name":"h","arguments":""}}],"metadata":{"a":1}}]`},
	} {
		got, err := json.Marshal(check.messages)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != check.want {
			t.Errorf("%s\n got %s\nwant %s", check.what, got, check.want)
		}
	}
	if thread.State() != nil {
		t.Errorf("state %s, want none", thread.State())
	}
}

func TestThreadRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		event agui.Event
		want  string
	}{
		"chunks":               {aguitest.Parse(t, `{"type":"TEXT_MESSAGE_CHUNK","messageId":"m","delta":"x"}`)[0], "TEXT_MESSAGE_CHUNK: chunks must be expanded"},
		"chunks as structs":    {agui.ToolCallChunkEvent{ToolCallID: "c"}, "TOOL_CALL_CHUNK: chunks must be expanded"},
		"events without an id": {aguitest.Parse(t, `{"type":"TEXT_MESSAGE_START"}`)[0], "TEXT_MESSAGE_START: messageId: required"},
	} {
		t.Run(name, func(t *testing.T) {
			err := fold.NewThread(nil, nil).Add(test.event)
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestPatchesCannotGrowWithoutBound(t *testing.T) {
	thread := fold.NewThread(nil, json.RawMessage(`{"a":"`+strings.Repeat("x", 1<<20)+`"}`))
	var operations []string
	for range 64 {
		operations = append(operations, `{"op":"copy","from":"","path":"/b"}`)
	}
	event := aguitest.Parse(t, `{"type":"STATE_DELTA","delta":[`+strings.Join(operations, ",")+`]}`)[0]
	if err := thread.Add(event); err != nil {
		t.Fatal(err)
	}
	if len(thread.State()) > 64<<20 {
		t.Errorf("the state has grown to %d bytes", len(thread.State()))
	}
}

// A message's deltas are appended, not joined one by one with all before.
func BenchmarkThread500Deltas(b *testing.B) {
	events := aguitest.Parse(b, `{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}`)
	delta := aguitest.Parse(b, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a few words "}`)[0]
	for range 500 {
		events = append(events, delta)
	}
	b.ReportAllocs()
	for b.Loop() {
		thread := fold.NewThread(nil, nil)
		for _, event := range events {
			if err := thread.Add(event); err != nil {
				b.Fatal(err)
			}
		}
		if len(thread.Messages()) != 1 {
			b.Fatal("no message")
		}
	}
}
