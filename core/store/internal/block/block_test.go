package block_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/block"
)

func TestABlockIsReadAsItWasWritten(t *testing.T) {
	for name, records := range map[string][]store.Record{
		"one record":              {record(t, 1)},
		"consecutive ones":        {record(t, 7), record(t, 8), record(t, 9)},
		"joined ones":             {record(t, 3), record(t, 6, 4, 11), record(t, 7), record(t, 9, 1)},
		"the first is joined":     {record(t, 2, 0), record(t, 3)},
		"numbers of every length": {record(t, 9_999_999_999), record(t, 10_000_000_009, 1, 22, 333, 4444, 0, 1, 2, 3, 4)},
	} {
		t.Run(name, func(t *testing.T) {
			data := block.Encode(records)
			for i, first := range records {
				got, err := block.Append(nil, data, first.Seq-1)
				if err != nil || !slices.Equal(lines(got), lines(records[i:])) {
					t.Errorf("after %d: got %q, %v, want %q", first.Seq-1, lines(got), err, lines(records[i:]))
				}
			}
		})
	}
}

func TestABatchThatWasStoredTwiceIsReadOnce(t *testing.T) {
	records := []store.Record{record(t, 1), record(t, 2), record(t, 3)}
	var got []store.Record
	for _, part := range [][]store.Record{records[:2], records[:2], records[1:], records} {
		var err error
		if got, err = block.Append(got, block.Encode(part), 0); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(lines(got), lines(records)) {
		t.Errorf("got %q", lines(got))
	}
}

func TestDataThatIsNoBlockIsRefused(t *testing.T) {
	for _, data := range []string{"", "5", "x {}", "5,x {}", `5 {"type":`, "5 {}\n\n"} {
		if got, err := block.Append(nil, []byte(data), 0); err == nil || !strings.Contains(err.Error(), "stored record") {
			t.Errorf("%q: got %q, %v", data, lines(got), err)
		}
	}
}

func record(t *testing.T, seq int64, cuts ...int) store.Record {
	t.Helper()
	event, err := agui.ParseEncoded(fmt.Appendf(nil, `{"type":"CUSTOM","name":"{,\u000a","value":%d}`, seq))
	if err != nil {
		t.Fatal(err)
	}
	return store.Record{Seq: seq, Event: event, Cuts: cuts}
}

func lines(records []store.Record) []string {
	lines := make([]string, len(records))
	for i, record := range records {
		lines[i] = fmt.Sprint(record.Seq, record.Cuts, string(record.Event.JSON()))
	}
	return lines
}
