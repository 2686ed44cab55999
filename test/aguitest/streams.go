// Package aguitest provides AG-UI events for tests, and what the protocol's own client
// makes of them.
package aguitest

import (
	_ "embed"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// Stream is a stream of events with what the protocol's own client makes of them, as
// testdata/streams.mjs recorded it.
type Stream struct {
	Name   string            `json:"name"`
	Events []json.RawMessage `json:"events"`
	// ExpandError is the client's error if it can't expand the chunks.
	ExpandError string            `json:"expandError"`
	Expanded    []json.RawMessage `json:"expanded"`
	// Refused is the index of the first event of Expanded that the client refuses,
	// -1 for none, and Refusal is its error.
	Refused int    `json:"refused"`
	Refusal string `json:"refusal"`
	// Compacted is nil if the client fails.
	Compacted []json.RawMessage `json:"compacted"`
	Messages  json.RawMessage   `json:"messages"`
	State     json.RawMessage   `json:"state"`
}

//go:embed testdata/streams.json
var recorded []byte

// EachStream runs a test for each recorded stream, once with a read that returns
// events in their wire form and once with one that returns structs. The environment
// variable AGUI_STREAMS names another file of streams, such as one with thousands of
// random ones.
func EachStream(t *testing.T, test func(t *testing.T, s Stream, read func(*testing.T, []json.RawMessage) []agui.Event)) {
	data := recorded
	if file := os.Getenv("AGUI_STREAMS"); file != "" {
		var err error
		if data, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	var streams []Stream
	if err := json.Unmarshal(data, &streams); err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		t.Run(s.Name+", encoded", func(t *testing.T) { test(t, s, readEncoded) })
		t.Run(s.Name+", structs", func(t *testing.T) { test(t, s, readStructs) })
	}
}

func readEncoded(t *testing.T, events []json.RawMessage) []agui.Event {
	t.Helper()
	var read []agui.Event
	for _, data := range events {
		read = append(read, Parse(t, string(data))[0])
	}
	return read
}

func readStructs(t *testing.T, events []json.RawMessage) []agui.Event {
	t.Helper()
	var read []agui.Event
	for _, data := range events {
		event, err := agui.UnmarshalEvent(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		read = append(read, event)
	}
	return read
}

// Parse returns events in their wire form.
func Parse(t testing.TB, events ...string) []agui.Encoded {
	t.Helper()
	var parsed []agui.Encoded
	for _, event := range events {
		encoded, err := agui.ParseEncoded([]byte(event))
		if err != nil {
			t.Fatalf("%s: %v", event, err)
		}
		parsed = append(parsed, encoded)
	}
	return parsed
}

// Encode returns the wire form of an event.
func Encode(t testing.TB, event agui.Event) agui.Encoded {
	t.Helper()
	encoded, err := agui.Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// EncodeAll returns the wire forms of events.
func EncodeAll(t testing.TB, events []agui.Event) []agui.Encoded {
	t.Helper()
	var encoded []agui.Encoded
	for _, event := range events {
		encoded = append(encoded, Encode(t, event))
	}
	return encoded
}

// WantEvents fails the test unless got are the events whose JSON is want.
func WantEvents(t testing.TB, got []agui.Encoded, want []json.RawMessage) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("event %d is missing: %s", i, want[i])
		case i >= len(want):
			t.Errorf("event %d is too many: %s", i, got[i].JSON())
		default:
			WantJSON(t, string(got[i].EventType()), normalize(t, got[i]), normalize(t, Parse(t, string(want[i]))[0]))
		}
	}
}

// normalize returns the event's JSON with the schema's defaults filled in.
func normalize(t testing.TB, event agui.Encoded) json.RawMessage {
	t.Helper()
	decoded, err := event.Decode()
	if err != nil {
		t.Fatalf("%s: %v", event.JSON(), err)
	}
	return Encode(t, decoded).JSON()
}

// WantJSON fails the test unless two JSON values are equal.
func WantJSON(t testing.TB, what string, got, want json.RawMessage) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%s: %v: %s", what, err, got)
	}
	if err := json.Unmarshal(want, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}
