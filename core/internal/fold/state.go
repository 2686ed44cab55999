package fold

import (
	"encoding/json"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// state is the shared state as events set and change it. The zero value is none.
type state struct {
	// text is the state as JSON, nil for none and while only document has it. Where there
	// are both, they are the same.
	text     json.RawMessage
	document *jsonpatch.Document
}

// set replaces the state by a JSON value.
func (s *state) set(text json.RawMessage) { *s = state{text: text} }

// patch applies a JSON Patch. One that doesn't apply changes nothing, as when the
// protocol's clients meet it. Of no state it makes an object, so that a first delta
// has something to add to.
func (s *state) patch(delta []byte) {
	document := s.document
	if document == nil {
		text := s.text
		if text == nil {
			text = json.RawMessage("{}")
		}
		var err error
		if document, err = jsonpatch.Parse(text); err != nil {
			return
		}
		if s.text != nil {
			s.document = document // also where this delta doesn't apply: the next may
		}
	}
	if document.Apply(delta) == nil {
		s.text, s.document = nil, document
	}
}

// begin takes the state that a run was given, if event is a RUN_STARTED that says so.
func (s *state) begin(event agui.Encoded) {
	if event.EventType() != agui.EventTypeRunStarted {
		return
	}
	input, ok := event.Field("input")
	if !ok || jsonscan.Kind(input) != "object" {
		return
	}
	if given, ok := jsonscan.Lookup(input, "state"); ok && !jsonscan.IsNull(given) {
		s.set(given)
	}
}

// add folds a STATE_SNAPSHOT or STATE_DELTA.
func (s *state) add(event agui.Encoded) {
	if event.EventType() == agui.EventTypeStateSnapshot {
		snapshot, _ := event.Field("snapshot")
		s.set(orNull(snapshot))
	} else if delta, ok := event.Field("delta"); ok {
		s.patch(delta)
	}
}

// encode returns the state as JSON, nil for none.
func (s *state) encode() json.RawMessage {
	if s.text == nil && s.document != nil {
		s.text = s.document.AppendJSON(nil)
	}
	return s.text
}

// LastState returns the state of the last STATE_SNAPSHOT that [Compact] makes of a
// history, nil when there is none.
func LastState(history []agui.Encoded) json.RawMessage {
	var state state
	var last json.RawMessage
	said := false
	for _, event := range history {
		switch event.EventType() {
		case agui.EventTypeRunStarted:
			if said {
				last, said = orEmpty(state.encode()), false
			}
			state.begin(event)
		case agui.EventTypeStateSnapshot, agui.EventTypeStateDelta:
			state.add(event)
			said = true
		}
	}
	if said {
		last = orEmpty(state.encode())
	}
	return last
}

// orEmpty returns a state as it is shown: where deltas alone have been tried on
// none, it is empty.
func orEmpty(state json.RawMessage) json.RawMessage {
	if state == nil {
		return json.RawMessage("{}")
	}
	return state
}

// encodeState returns the STATE_SNAPSHOT of a state.
func encodeState(state, metadata json.RawMessage) (agui.Encoded, error) {
	return agui.Encode(agui.StateSnapshotEvent{
		BaseEvent: agui.BaseEvent{Metadata: metadata}, Snapshot: orEmpty(state),
	})
}

// stateEvents are events about the state, for all of which one is to stand.
type stateEvents struct {
	count int
	last  agui.Encoded
	// metadata is that of all of them.
	metadata json.RawMessage
}

func (s *stateEvents) add(event agui.Encoded) {
	s.count++
	s.last = event
	s.metadata = mergeMetadata(s.metadata, metadataOf(event))
}
