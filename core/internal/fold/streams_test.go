package fold_test

import (
	"encoding/json"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestCompactDoesWhatTheClientDoes(t *testing.T) {
	aguitest.EachStream(t, func(t *testing.T, s aguitest.Stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.Compacted == nil {
			t.Skip("the client fails")
		}
		got, err := fold.Compact(aguitest.EncodeAll(t, read(t, s.Expanded)))
		if err != nil {
			t.Fatal(err)
		}
		aguitest.WantEvents(t, got, s.Compacted)
	})
}

func TestThreadIsWhatTheClientHas(t *testing.T) {
	aguitest.EachStream(t, func(t *testing.T, s aguitest.Stream, read func(*testing.T, []json.RawMessage) []agui.Event) {
		if s.ExpandError != "" {
			t.Skip("never gets there")
		}
		thread := fold.NewThread(nil, json.RawMessage("{}"))
		for _, event := range read(t, s.Expanded) {
			if err := thread.Add(event); err != nil {
				t.Fatal(err)
			}
		}
		messages, err := json.Marshal(thread.Messages())
		if err != nil {
			t.Fatal(err)
		}
		aguitest.WantJSON(t, "messages", messages, s.Messages)
		aguitest.WantJSON(t, "state", thread.State(), s.State)
	})
}
