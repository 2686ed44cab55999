package agui_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
)

func FuzzParseEncoded(f *testing.F) {
	for _, seed := range []string{
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a\n\u00e9\ud83d\ude00"}`,
		" {\r\n\t\"type\" : \"RAW\",\n\"event\":[1.5e-3, -0, true, null, {\"\":\"\\\"\\\\\"}] }\n",
		"{\"type\":\"CUSTOM\",\"name\":\"\xff\"}",
		`{"type":"RAW","event":01}`, `{"type":"RAW","event":"\ud800"}`, `[]`, `{"type":"\u0052AW"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		encoded, err := agui.ParseEncoded(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is taken, and is not JSON", data)
		}
		frame := encoded.Frame()
		if !bytes.HasPrefix(frame, []byte("data: {")) || !bytes.HasSuffix(frame, []byte("}\n\n")) ||
			bytes.ContainsAny(encoded.JSON(), "\n\r") || !utf8.Valid(frame) {
			t.Fatalf("bad frame %q", frame)
		}
		var before, after any
		if err := json.Unmarshal(data, &before); err != nil {
			return // a number that is too large
		}
		if err := json.Unmarshal(encoded.JSON(), &after); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", data, encoded.JSON())
		}
		again, err := agui.ParseEncoded(encoded.JSON())
		if err != nil || !bytes.Equal(again.JSON(), encoded.JSON()) {
			t.Fatalf("%q became %q the second time: %v", encoded.JSON(), again.JSON(), err)
		}
	})
}

// FuzzUnmarshalEvent checks that what is decoded and encoded again says the same.
func FuzzUnmarshalEvent(f *testing.F) {
	for _, seed := range roundTrips {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		event, err := agui.UnmarshalEvent(data)
		if err != nil {
			return
		}
		encoded, err := agui.Encode(event)
		if err != nil {
			t.Fatalf("%q decodes and does not encode: %v", data, err)
		}
		again, err := encoded.Decode()
		if err != nil {
			t.Fatalf("%q became %q: %v", data, encoded.JSON(), err)
		}
		twice, err := agui.Encode(again)
		if err != nil || !bytes.Equal(encoded.JSON(), twice.JSON()) {
			t.Fatalf("%q became %q, then %q: %v", data, encoded.JSON(), twice.JSON(), err)
		}
	})
}

func FuzzStrings(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\"\\\u2028<>&\xff\xed\xa0\x80😀")
	f.Fuzz(func(t *testing.T, text string) {
		encoded := mustEncode(t, agui.TextMessageContentEvent{MessageID: "m", Delta: text})
		event, err := encoded.Decode()
		if err != nil {
			t.Fatal(err)
		}
		// Ranging over a string makes U+FFFD of each byte that is no UTF-8, too.
		if got, want := event.(agui.TextMessageContentEvent).Delta, string([]rune(text)); got != want {
			t.Fatalf("%q became %q, want %q", text, got, want)
		}
	})
}

// roundTrips are events that come back as they were.
var roundTrips = []string{
	`{"type":"RUN_STARTED","threadId":"t","runId":"r","protocolVersion":"1.0","parentRunId":"p","input":{"threadId":"t","runId":"r","messages":[],"tools":[],"context":[],"x":1}}`,
	`{"type":"RUN_FINISHED","threadId":"t","runId":"r","result":null,"outcome":{"type":"interrupt","interrupts":[{"id":"i","reason":"r","message":"m","toolCallId":"c","responseSchema":{},"expiresAt":"e","subagentRunId":"s","metadata":{},"x":1}],"x":1},"usage":[{"provider":"p","model":"m","inputTokens":1,"outputTokens":2,"totalTokens":3,"reasoningTokens":4,"cachedInputTokens":5,"cacheWriteInputTokens":6,"x":1}]}`,
	`{"type":"RUN_FINISHED","threadId":"t","runId":"r","outcome":{"type":"success","pendingToolCallIds":["c"]},"usage":[]}`,
	`{"type":"RUN_ERROR","message":"m","code":"c"}`,
	`{"type":"STEP_STARTED","stepName":"s"}`,
	`{"type":"STEP_FINISHED","stepName":"s"}`,
	`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"user","name":"n","subagentRunId":"s","timestamp":1.5,"rawEvent":null,"metadata":{"a":[1]},"x":"y"}`,
	`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"d"}`,
	`{"type":"TEXT_MESSAGE_END","messageId":"m"}`,
	`{"type":"TEXT_MESSAGE_CHUNK","messageId":"m","role":"user","delta":"","name":"n"}`,
	`{"type":"TEXT_MESSAGE_CHUNK"}`,
	`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f","parentMessageId":"m"}`,
	`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{"}`,
	`{"type":"TOOL_CALL_END","toolCallId":"c"}`,
	`{"type":"TOOL_CALL_CHUNK","toolCallId":"c","toolCallName":"f","parentMessageId":"m","delta":"d"}`,
	`{"type":"TOOL_CALL_RESULT","messageId":"m","toolCallId":"c","content":"x","role":"tool"}`,
	`{"type":"TOOL_CALL_RESULT","messageId":"m","toolCallId":"c","content":[{"type":"text","text":"t"}]}`,
	`{"type":"STATE_SNAPSHOT","snapshot":{"a":1.0,"b":12345678901234567890}}`,
	`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/a","value":1}]}`,
	`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"1","role":"user","content":"x"}]}`,
	`{"type":"ACTIVITY_SNAPSHOT","messageId":"m","activityType":"A","content":{"a":1},"replace":false}`,
	`{"type":"ACTIVITY_DELTA","messageId":"m","activityType":"A","patch":[]}`,
	`{"type":"RAW","event":null,"source":"s"}`,
	`{"type":"CUSTOM","name":"n","value":[1]}`,
	`{"type":"REASONING_START","messageId":"m"}`,
	`{"type":"REASONING_MESSAGE_START","messageId":"m","role":"reasoning"}`,
	`{"type":"REASONING_MESSAGE_CONTENT","messageId":"m","delta":"d"}`,
	`{"type":"REASONING_MESSAGE_END","messageId":"m"}`,
	`{"type":"REASONING_MESSAGE_CHUNK","messageId":"m","delta":"d"}`,
	`{"type":"REASONING_END","messageId":"m"}`,
	`{"type":"REASONING_ENCRYPTED_VALUE","subtype":"tool-call","entityId":"c","encryptedValue":"e"}`,
	`{"type":"SUBAGENT_STARTED","subagentRunId":"s","name":"n","description":"d","parentSubagentRunId":"p","parentToolCallId":"c","parentMessageId":"m"}`,
	`{"type":"SUBAGENT_FINISHED","subagentRunId":"s","result":1,"outcome":{"type":"suspended","interruptIds":["i"]}}`,
	`{"type":"SUBAGENT_ERROR","subagentRunId":"s","message":"m","code":"c","timestamp":1}`,
	`{"type":"THINKING_START","title":"t"}`,
	`{"type":"THINKING_END"}`,
	`{"type":"THINKING_TEXT_MESSAGE_START"}`,
	`{"type":"THINKING_TEXT_MESSAGE_CONTENT","delta":""}`,
	`{"type":"THINKING_TEXT_MESSAGE_END"}`,
}

func TestEventsSurviveARoundTrip(t *testing.T) {
	for _, data := range roundTrips {
		event, err := agui.UnmarshalEvent([]byte(data))
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		encoded := mustEncode(t, event)
		if got := string(encoded.JSON()); got != data {
			t.Errorf("\n got %s\nwant %s", got, data)
		}
		if encoded.EventType() != event.EventType() {
			t.Errorf("%s: type %s", data, encoded.EventType())
		}
	}
}
