package managed

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// FuzzSeal compares sealed events with what JavaScript's spread makes of them: decoded,
// changed and encoded again.
func FuzzSeal(f *testing.F) {
	for _, seed := range []string{
		`{"type":"CUSTOM","name":"a","value":1}`,
		`{"type":"CUSTOM","name":"a","value":{"threadId":1},"threadId":"x","run_id":[1],"metadata":{"cpki_event_id":"x","k":{"cpki_event_seq":1}}}`,
		`{"type":"CUSTOM","name":"a","value":"\ud83d\ude00","metadata":"text","\u006detadata":{"\u0063pki_event_seq":1,"a":2,"a":3}}`,
	} {
		f.Add([]byte(seed), "thread", "run \"1\"")
	}
	f.Fuzz(func(t *testing.T, data []byte, threadID, runID string) {
		event, err := agui.ParseEncoded(data)
		if err != nil {
			return
		}
		sealer := newSealer(threadID, runID)
		sealed := sealer.seal(event.JSON())
		var got, want map[string]any
		if err := json.Unmarshal(sealed, &got); err != nil {
			t.Fatalf("%s became %s: %v", data, sealed, err)
		}
		if err := json.Unmarshal(event.JSON(), &want); err != nil {
			t.Fatal(err)
		}
		metadata, _ := want["metadata"].(map[string]any)
		if metadata == nil {
			metadata = make(map[string]any)
		}
		id, _ := got["metadata"].(map[string]any)["cpki_event_id"].(string)
		if len(id) != 36 {
			t.Errorf("event has id %q", id)
		}
		metadata["cpki_event_id"], metadata["cpki_event_seq"] = id, 1.0
		want["metadata"] = metadata
		for name, value := range map[string]string{"threadId": threadID, "thread_id": threadID, "runId": runID, "run_id": runID} {
			want[name] = string([]rune(value)) // what isn't UTF-8 is replaced
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %s", data, sealed)
		}
	})
}
