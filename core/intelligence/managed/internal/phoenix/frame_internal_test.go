package phoenix

import (
	"encoding/json"
	"testing"
)

// FuzzFrame compares the frames that are understood, and what is read in them, with
// encoding/json.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`["1","2","topic","phx_reply",{"status":"ok","response":{}}]`,
		` [ null , null, "\u0074" ,"", [] ] `,
		`["1","2","topic","phx_reply"]`, `[1,2,3,4,5]`, `{}`, `[[[[[`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := parseFrame(data)
		var parts []json.RawMessage
		var joinRef, ref, topic, event *string
		understood := json.Unmarshal(data, &parts) == nil && len(parts) == 5
		if understood {
			for i, text := range []**string{&joinRef, &ref, &topic, &event} {
				understood = understood && json.Unmarshal(parts[i], text) == nil
			}
			understood = understood && topic != nil && event != nil
		}
		if (err == nil) != understood {
			t.Fatalf("%q: %v", data, err)
		}
		if err != nil {
			return
		}
		if frame.topic != *topic || frame.event != *event || (joinRef != nil && frame.joinRef != *joinRef) || (ref != nil && frame.ref != *ref) {
			t.Errorf("%q was read as %+v", data, frame)
		}
		reply, ok := frame.reply()
		var answer struct{ Status *json.RawMessage }
		if ok && json.Unmarshal(frame.payload, &answer) != nil || reply.OK && !ok {
			t.Errorf("%q is answered %+v", data, reply)
		}
	})
}
