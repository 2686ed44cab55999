package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestExpanderDoesWhatTheClientDoes(t *testing.T) {
	aguitest.EachStream(t, func(t *testing.T, s aguitest.Stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		var expander protocol.Expander
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
		aguitest.WantEvents(t, aguitest.EncodeAll(t, got), s.Expanded)
	})
}

func TestProgressRefusesWhatTheClientRefuses(t *testing.T) {
	aguitest.EachStream(t, func(t *testing.T, s aguitest.Stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.ExpandError != "" {
			t.Skip("never gets there")
		}
		var progress protocol.Progress
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
