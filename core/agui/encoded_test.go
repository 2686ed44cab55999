package agui_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

func TestEncode(t *testing.T) {
	timestamp := 1700000000123.0
	tests := []struct {
		name  string
		event agui.Event
		want  string
	}{
		{"a text delta has its type first",
			agui.TextMessageContentEvent{MessageID: "m", Delta: "hi"},
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"hi"}`},
		{"HTML is not escaped",
			agui.TextMessageContentEvent{MessageID: "m", Delta: "<a href=\"x\">&</a>\u2028"},
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"<a href=\"x\">&</a>` + "\u2028" + `"}`},
		{"control characters are escaped",
			agui.TextMessageContentEvent{MessageID: "m", Delta: "\x00\b\f\n\r\t\x1f\x7f\\"},
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"\u0000\b\f\n\r\t\u001f` + "\x7f" + `\\"}`},
		{"bytes that are no UTF-8 become U+FFFD",
			agui.TextMessageContentEvent{MessageID: "m", Delta: "a\xffb\xc3"},
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a` + "\uFFFDb\uFFFD" + `"}`},
		{"an empty delta is there",
			agui.ToolCallArgsEvent{ToolCallID: "c"},
			`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":""}`},
		{"the role of a text message is assistant by default",
			agui.TextMessageStartEvent{MessageID: "m"},
			`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}`},
		{"JSON on several lines becomes one line",
			agui.StateSnapshotEvent{Snapshot: json.RawMessage("{\n  \"a\": [1,\r\n 2],\n \"b\": \"x \\n y\" }")},
			`{"type":"STATE_SNAPSHOT","snapshot":{"a":[1,2],"b":"x \n y"}}`},
		{"a state of nil is null",
			agui.StateSnapshotEvent{},
			`{"type":"STATE_SNAPSHOT","snapshot":null}`},
		{"what every event may have comes last, unknown fields in order",
			agui.StepStartedEvent{StepName: "s", BaseEvent: agui.BaseEvent{
				Timestamp: &timestamp, Metadata: json.RawMessage(`{"a":1}`), SubagentRunID: "sub",
				Extra: agui.Extra{"z": json.RawMessage(`1.0`), "b": nil},
			}},
			`{"type":"STEP_STARTED","stepName":"s","subagentRunId":"sub","timestamp":1700000000123,"metadata":{"a":1},"b":null,"z":1.0}`},
		{"the input of RUN_STARTED is written in full",
			agui.RunStartedEvent{ThreadID: "t", RunID: "r", Input: &agui.RunAgentInput{ThreadID: "t", RunID: "r"}},
			`{"type":"RUN_STARTED","threadId":"t","runId":"r","input":{"threadId":"t","runId":"r","messages":[],"tools":[],"context":[]}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			encoded, err := agui.Encode(test.event)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(encoded.JSON()); got != test.want {
				t.Errorf("JSON\n got %s\nwant %s", got, test.want)
			}
			if got, want := string(encoded.Frame()), "data: "+test.want+"\n\n"; got != want {
				t.Errorf("frame\n got %q\nwant %q", got, want)
			}
			if !json.Valid(encoded.JSON()) {
				t.Error("not valid JSON")
			}
		})
	}
}

func TestEncodeFails(t *testing.T) {
	for name, event := range map[string]agui.Event{
		"for JSON that is none":       agui.CustomEvent{Name: "x", Value: json.RawMessage(`{"a":`)},
		"for JSON with more after it": agui.CustomEvent{Name: "x", Value: json.RawMessage(`1 2`)},
		"for a pointer":               &agui.StepStartedEvent{StepName: "s"},
		"for the zero Encoded":        agui.Encoded{},
	} {
		t.Run(name, func(t *testing.T) {
			if encoded, err := agui.Encode(event); err == nil {
				t.Errorf("got %s, want an error", encoded.JSON())
			}
		})
	}
}

func TestAnUnknownTypeIsToldFromNoEvent(t *testing.T) {
	for data, want := range map[string]bool{`{"type":"NOPE"}`: true, `{"type":1}`: false, `{}`: false, `[]`: false, `{`: false} {
		_, err := agui.ParseEncoded([]byte(data))
		if got := errors.Is(err, agui.ErrUnknownType); got != want || err == nil {
			t.Errorf("ParseEncoded(%s) = %v, unknown type: %t, want %t", data, err, got, want)
		}
	}
}

func TestParseEncoded(t *testing.T) {
	tests := []struct{ name, data, want, wantErr string }{
		{"keeps an event as it is, unknown fields too",
			`{"delta":"x","x-new":{"a":[1, 2]},"type":"TEXT_MESSAGE_CONTENT","messageId":"m"}`,
			`{"delta":"x","x-new":{"a":[1, 2]},"type":"TEXT_MESSAGE_CONTENT","messageId":"m"}`, ""},
		{"puts an event on one line",
			"\n{\r\n  \"type\": \"CUSTOM\",\n  \"name\": \"a b\\\" \"\n}\n",
			`{"type":"CUSTOM","name":"a b\" "}`, ""},
		{"reads an escaped type", `{"type":"\u0052AW"}`, `{"type":"\u0052AW"}`, ""},
		{"replaces what is no UTF-8", "{\"type\":\"RAW\",\"event\":\"\xff\"}", "{\"type\":\"RAW\",\"event\":\"\uFFFD\"}", ""},
		{"refuses an unknown type", `{"type":"NOPE"}`, "", "type: no event type of AG-UI"},
		{"refuses a missing type", `{"messageId":"m"}`, "", "type: required"},
		{"refuses a type that is no string", `{"type":1}`, "", "type: expected string, got number"},
		{"refuses an array", `[]`, "", "expected object, got array"},
		{"refuses what is no JSON", `{"type":"RAW",}`, "", "invalid JSON at offset 14: expected a member name"},
		{"refuses two values", `{"type":"RAW"}{}`, "", "invalid JSON at offset 14: more text after the value"},
		{"refuses nothing", ``, "", "invalid JSON at offset 0: unexpected end"},
		{"refuses endless nesting", strings.Repeat("[", 20000), "", "invalid JSON at offset 1000: nested too deep"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			encoded, err := agui.ParseEncoded([]byte(test.data))
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Fatalf("got error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := string(encoded.JSON()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestValidateSeesWhatParseEncodedDoesNot(t *testing.T) {
	for event, want := range map[string]string{
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}`:               "",
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x","timestamp":1}`: "",
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m"}`:                           "delta: required",
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":null}`:              "delta: expected string, got null",
		`{"type":"TOOL_CALL_ARGS","messageId":"m","delta":"x"}`:                     "toolCallId: required",
		`{"type":"CUSTOM","value":1}`:                                               "name: required",
		`{"type":"TEXT_MESSAGE_END","messageId":"m","metadata":null}`:               "metadata: expected object, got null",
	} {
		got := ""
		if err := mustParse(t, event).Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", event, got, want)
		}
	}
}

func TestStringsOfAnyLengthAreFoundWhole(t *testing.T) {
	for n := range 120 {
		for _, tail := range []string{"", `\`, `"`, `\\"`, `"\\`, "\n\"", "é\""} {
			want := strings.Repeat("x", n) + tail
			data, err := json.Marshal(map[string]string{"type": "TEXT_MESSAGE_CONTENT", "messageId": want, "delta": want + want})
			if err != nil {
				t.Fatal(err)
			}
			event, err := agui.UnmarshalEvent(data)
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			got := event.(agui.TextMessageContentEvent)
			if got.MessageID != want || got.Delta != want+want {
				t.Errorf("%s became %+v", data, got)
			}
		}
	}
}

func BenchmarkEncodeTextDelta(b *testing.B) {
	var event agui.Event = agui.TextMessageContentEvent{MessageID: "msg-0123456789", Delta: "a few words of an answer\n"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := agui.Encode(event); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseEncoded(b *testing.B) {
	data := []byte(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"msg-0123456789","delta":"a few words of an answer\n"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := agui.ParseEncoded(data); err != nil {
			b.Fatal(err)
		}
	}
}

func mustParse(t testing.TB, event string) agui.Encoded {
	t.Helper()
	encoded, err := agui.ParseEncoded([]byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return encoded
}

func mustEncode(t testing.TB, event agui.Event) agui.Encoded {
	t.Helper()
	encoded, err := agui.Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
