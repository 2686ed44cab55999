package fold_test

import (
	"fmt"
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/aguitest"
	"github.com/copilotkit-go/runtime/core/internal/fold"
)

func TestJoinDeltas(t *testing.T) {
	events := aguitest.Parse(t,
		`{"type":"TEXT_MESSAGE_START","messageId":"m"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"He"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","delta":"l\n", "messageId":"m"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":""}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"ö \ud83d"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"\ude00"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"n","delta":"other"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"more"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"!","timestamp":1}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"m","delta":"{"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"m","delta":"}"}`,
		`{"type":"REASONING_MESSAGE_CONTENT","messageId":"m","delta":"a"}`,
		`{"type":"REASONING_MESSAGE_CONTENT","messageId":"m","delta":"b"}`,
	)
	joined, err := fold.JoinDeltas(events)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"type":"TEXT_MESSAGE_START","messageId":"m"} []`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hel\nö \ud83d\ude00"} [2 3 0 9]`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"n","delta":"other"} []`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"more"} []`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"!","timestamp":1} []`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"m","delta":"{}"} [1]`,
		`{"type":"REASONING_MESSAGE_CONTENT","messageId":"m","delta":"ab"} [1]`,
	}
	if len(joined) != len(want) {
		t.Fatalf("got %d events, want %d", len(joined), len(want))
	}
	for i, j := range joined {
		if got := fmt.Sprintf("%s %v", j.Event.JSON(), j.Cuts); got != want[i] {
			t.Errorf("event %d\n got %s\nwant %s", i, got, want[i])
		}
	}
}

func TestSkipDeltaGivesTheRestOfAJoinedDelta(t *testing.T) {
	events := aguitest.Parse(t,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a\u0041"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"\\\n"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"ö"}`,
	)
	all, err := fold.JoinDeltas(events)
	if err != nil {
		t.Fatal(err)
	}
	for had := range events {
		n := 0
		for _, cut := range all[0].Cuts[:had] {
			n += cut
		}
		rest, err := fold.SkipDelta(all[0].Event, n)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fold.JoinDeltas(events[had:])
		if err != nil {
			t.Fatal(err)
		}
		if string(rest.Frame()) != string(want[0].Event.Frame()) {
			t.Errorf("after %d events: got %s, want %s", had, rest.JSON(), want[0].Event.JSON())
		}
	}
}

func TestSkipDeltaRefuses(t *testing.T) {
	text := `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"ö\u0041"}`
	for name, test := range map[string]struct {
		event string
		n     int
	}{
		"an event that is no delta":    {`{"type":"RAW","event":1}`, 1},
		"a negative count":             {text, -1},
		"more than there is":           {text, 9},
		"a cut through a character":    {text, 1},
		"a cut through an escape":      {text, 4},
		"a delta that carries more":    {`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"x","metadata":{}}`, 1},
		"a delta without an id":        {`{"type":"TOOL_CALL_ARGS","delta":"x","a":"b"}`, 1},
		"a delta that is not a string": {`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":1}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := fold.SkipDelta(aguitest.Parse(t, test.event)[0], test.n); err == nil {
				t.Errorf("got %s, want an error", got.JSON())
			}
		})
	}
}
