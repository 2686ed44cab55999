package agui_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

// stream is what the protocol's own client makes of some events; see
// testdata/streams.mjs.
type stream struct {
	Name        string            `json:"name"`
	Events      []json.RawMessage `json:"events"`
	ExpandError string            `json:"expandError"`
	Expanded    []json.RawMessage `json:"expanded"`
	Refused     int               `json:"refused"`
	Refusal     string            `json:"refusal"`
	Compacted   []json.RawMessage `json:"compacted"`
	Messages    json.RawMessage   `json:"messages"`
	State       json.RawMessage   `json:"state"`
}

// eachStream runs test for each recorded stream, once with events in their wire
// form and once with their structs. AGUI_STREAMS names another file of streams,
// such as one with thousands of random ones.
func eachStream(t *testing.T, test func(t *testing.T, s stream, read func(*testing.T, []json.RawMessage) []agui.Event)) {
	file := "testdata/streams.json"
	if other := os.Getenv("AGUI_STREAMS"); other != "" {
		file = other
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var streams []stream
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
		event, err := agui.ParseEncoded(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		read = append(read, event)
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

func TestExpanderDoesWhatTheClientDoes(t *testing.T) {
	eachStream(t, func(t *testing.T, s stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		var expander agui.Expander
		var got []agui.Event
		for _, event := range read(t, s.Events) {
			var err error
			if got, err = expander.Expand(got, event); err != nil {
				if s.ExpandError == "" {
					t.Fatal(err)
				}
				return
			}
		}
		if s.ExpandError != "" {
			t.Fatalf("no error, want: %s", s.ExpandError)
		}
		wantEvents(t, encodeAll(t, got), s.Expanded)
	})
}

func TestProgressRefusesWhatTheClientRefuses(t *testing.T) {
	eachStream(t, func(t *testing.T, s stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.ExpandError != "" {
			t.Skip("never gets there")
		}
		var progress agui.Progress
		for i, event := range read(t, s.Expanded) {
			if progress.Terminated() {
				// One run ends here, and a Progress is for one.
				if err := progress.Observe(event); err == nil {
					t.Errorf("event %d, %s, follows the end", i, event.EventType())
				}
				return
			}
			err := progress.Observe(event)
			switch {
			case err == nil && i == s.Refused:
				t.Fatalf("event %d, %s: no error, want: %s", i, event.EventType(), s.Refusal)
			case err != nil && i != s.Refused:
				t.Fatalf("event %d: %v, and the client takes it", i, err)
			case err != nil:
				return
			}
		}
	})
}

func TestCompactDoesWhatTheClientDoes(t *testing.T) {
	eachStream(t, func(t *testing.T, s stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.Compacted == nil {
			t.Skip("the client fails")
		}
		got, err := agui.Compact(encodeAll(t, read(t, s.Expanded)))
		if err != nil {
			t.Fatal(err)
		}
		wantEvents(t, got, s.Compacted)
	})
}

func TestTranscriptIsWhatTheClientHas(t *testing.T) {
	eachStream(t, func(t *testing.T, s stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.ExpandError != "" {
			t.Skip("never gets there")
		}
		transcript := agui.NewTranscript(nil, json.RawMessage("{}"))
		for _, event := range read(t, s.Expanded) {
			if err := transcript.Apply(event); err != nil {
				t.Fatal(err)
			}
		}
		messages, err := json.Marshal(transcript.Messages())
		if err != nil {
			t.Fatal(err)
		}
		wantJSON(t, "messages", messages, s.Messages)
		wantJSON(t, "state", transcript.State(), s.State)
	})
}

func encodeAll(t *testing.T, events []agui.Event) []agui.Encoded {
	t.Helper()
	var encoded []agui.Encoded
	for _, event := range events {
		encoded = append(encoded, mustEncode(t, event))
	}
	return encoded
}

func wantEvents(t *testing.T, got []agui.Encoded, want []json.RawMessage) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("event %d is missing: %s", i, want[i])
		case i >= len(want):
			t.Errorf("event %d is too many: %s", i, got[i].JSON())
		default:
			wantJSON(t, string(got[i].EventType()), normal(t, got[i]), normal(t, mustParse(t, string(want[i]))[0]))
		}
	}
}

// normal gives the event's JSON with what the schema fills in.
func normal(t *testing.T, event agui.Encoded) json.RawMessage {
	t.Helper()
	decoded, err := event.Decode()
	if err != nil {
		t.Fatalf("%s: %v", event.JSON(), err)
	}
	return mustEncode(t, decoded).JSON()
}

func wantJSON(t *testing.T, what string, got, want json.RawMessage) {
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
