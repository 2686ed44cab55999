package agui_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// FuzzUnmarshalRunAgentInput checks that an input that is taken says the same when it
// is sent on, and fits into the event that begins its run.
func FuzzUnmarshalRunAgentInput(f *testing.F) {
	for _, seed := range []string{
		`{"threadId":"t1","runId":"r1","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`,
		`{"threadId":"t","runId":"r","protocolVersion":"1.0","messages":[{"id":"1","role":"user","content":[{"type":"text","text":"é\ud83d\ude00"},{"type":"image","source":{"type":"data","value":"AAAA","mimeType":"image/png"},"metadata":{"x":1}},{"type":"binary","mimeType":"image/png","url":"https://h/b.png","filename":"f"}],"name":"bob"}]}`,
		`{"threadId":"t","runId":"r","parentRunId":"p","state":[1,{"a":null}],"tools":[{"name":"n","description":"d","parameters":{"type":"object"}}],"context":[{"description":"d","value":"v","x":1}],"messages":[{"id":"5","role":"assistant","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"id":"7","role":"tool","toolCallId":"c","content":"r","error":"e"},{"id":"8","role":"activity","activityType":"PLAN","content":{"steps":[]}},{"id":"9","role":"reasoning","content":"because","encryptedValue":"x"}],"resume":[{"interruptId":"i","status":"resolved","payload":{"ok":true}}],"forwardedProps":null,"unknown":{"a":[1,2.5]}}`,
		`{"threadId":1,"messages":{}}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input, err := agui.UnmarshalRunAgentInput(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(input)
		if err != nil {
			t.Fatalf("%q is taken and can't be sent on: %v", data, err)
		}
		again, err := agui.UnmarshalRunAgentInput(encoded)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, encoded, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(encoded, twice) {
			t.Fatalf("%q became %q, then %q: %v", data, encoded, twice, err)
		}
		started, err := agui.Encode(agui.RunStartedEvent{ThreadID: input.ThreadID, RunID: input.RunID, Input: input})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agui.ParseEncoded(started.JSON()); err != nil {
			t.Fatalf("%q became the event %q: %v", data, started.JSON(), err)
		}
	})
}
