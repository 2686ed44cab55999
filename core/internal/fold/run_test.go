package fold_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

// foldRun folds events whose first has the Seq 1.
func foldRun(t testing.TB, state string, events ...agui.Encoded) *store.Result {
	t.Helper()
	var given json.RawMessage
	if state != "" {
		given = json.RawMessage(state)
	}
	run := fold.NewRun(1, nil, given)
	for _, event := range events {
		if err := run.Add(event); err != nil {
			t.Fatal(err)
		}
	}
	result, err := run.Result()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestRunJoinsDeltas(t *testing.T) {
	result := foldRun(t, "", aguitest.Parse(t,
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
	)...)
	wantRecords(t, result.Records,
		`1 {"type":"TEXT_MESSAGE_START","messageId":"m"} []`,
		`6 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hel\nö \ud83d\ude00"} [2 3 0 9]`,
		`7 {"type":"TEXT_MESSAGE_CONTENT","messageId":"n","delta":"other"} []`,
		`8 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"more"} []`,
		`9 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"!","timestamp":1} []`,
		`11 {"type":"TOOL_CALL_ARGS","toolCallId":"m","delta":"{}"} [1]`,
		`13 {"type":"REASONING_MESSAGE_CONTENT","messageId":"m","delta":"ab"} [1]`,
	)
	if got, want := string(result.Snapshot.Messages), `[{"id":"m","role":"assistant","content":"Hel\nö 😀more!ab"}]`; got != want {
		t.Errorf("messages %s, want %s", got, want)
	}
	if result.Snapshot.State != nil {
		t.Errorf("state %s, want none", result.Snapshot.State)
	}
}

func TestRunKeepsOneSnapshotOfTheState(t *testing.T) {
	const custom = `{"type":"CUSTOM","name":"n","value":1}`
	for _, test := range []struct {
		name   string
		given  string
		events []string
		want   []string
		state  string
	}{
		{"in place of the last delta", `{"n":0}`,
			[]string{`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/a","value":1}]}`, custom, `{"type":"STATE_DELTA","delta":[{"op":"replace","path":"/n","value":2}]}`, custom},
			[]string{`2 ` + custom, `3 {"type":"STATE_SNAPSHOT","snapshot":{"n":2,"a":1}}`, `4 ` + custom}, `{"n":2,"a":1}`},
		{"in place of superseded snapshots", "",
			[]string{`{"type":"STATE_SNAPSHOT","snapshot":{"a":1}}`, custom, `{"type":"STATE_SNAPSHOT","snapshot":{"b":1.50}}`},
			[]string{`2 ` + custom, `3 {"type":"STATE_SNAPSHOT","snapshot":{"b":1.50}}`}, `{"b":1.50}`},
		{"with the metadata of all", "",
			[]string{`{"type":"STATE_SNAPSHOT","snapshot":1,"metadata":{"a":1,"b":1}}`, `{"type":"STATE_SNAPSHOT","snapshot":2,"metadata":{"b":2}}`},
			[]string{`2 {"type":"STATE_SNAPSHOT","snapshot":2,"metadata":{"a":1,"b":2}}`}, `2`},
		{"as it came when it is the only one", "",
			[]string{custom, `{"type":"STATE_SNAPSHOT","timestamp":5,"snapshot":{"a" : 1}}`},
			[]string{`1 ` + custom, `2 {"type":"STATE_SNAPSHOT","timestamp":5,"snapshot":{"a" : 1}}`}, `{"a" : 1}`},
		{"of no state at first", "",
			[]string{`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/a","value":1}]}`},
			[]string{`1 {"type":"STATE_SNAPSHOT","snapshot":{"a":1}}`}, `{"a":1}`},
		{"also where no delta applies", `{"n":0}`,
			[]string{`{"type":"STATE_DELTA","delta":[{"op":"remove","path":"/a"}]}`},
			[]string{`1 {"type":"STATE_SNAPSHOT","snapshot":{"n":0}}`}, `{"n":0}`},
		{"that is empty where no delta applies to none", "",
			[]string{`{"type":"STATE_DELTA","delta":[{"op":"remove","path":"/a"}]}`},
			[]string{`1 {"type":"STATE_SNAPSHOT","snapshot":{}}`}, `{}`},
		{"of null", "", []string{`{"type":"STATE_SNAPSHOT"}`}, []string{`1 {"type":"STATE_SNAPSHOT"}`}, `null`},
		{"and none where nothing was said of it", `{"n":0}`, []string{custom}, []string{`1 ` + custom}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := foldRun(t, test.given, aguitest.Parse(t, test.events...)...)
			for i, line := range test.want {
				test.want[i] = line + " []"
			}
			wantRecords(t, result.Records, test.want...)
			if string(result.Snapshot.State) != test.state {
				t.Errorf("state %s, want %s", result.Snapshot.State, test.state)
			}
		})
	}
}

func wantRecords(t *testing.T, records []store.Record, want ...string) {
	t.Helper()
	var got []string
	for _, record := range records {
		got = append(got, fmt.Sprintf("%d %s %v", record.Seq, record.Event.JSON(), record.Cuts))
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestRunTellsWhatDoesNotFit(t *testing.T) {
	run := fold.NewRun(1, nil, nil)
	event := aguitest.Parse(t, `{"type":"TEXT_MESSAGE_START"}`)[0]
	if err := run.Add(event); err == nil || err.Error() != "fold TEXT_MESSAGE_START: messageId: required" {
		t.Errorf("error %v", err)
	}
	result, err := run.Result()
	if err != nil || len(result.Records) != 1 {
		t.Errorf("%d records, %v", len(result.Records), err)
	}
}

func TestAfterGivesTheRestOfJoinedDeltas(t *testing.T) {
	events := aguitest.Parse(t,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a\u0041"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"\\\n"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"ö"}`,
	)
	record := foldRun(t, "", events...).Records[0]
	for last := range events {
		rest, err := fold.After(record, int64(last))
		if err != nil {
			t.Fatal(err)
		}
		want := foldRun(t, "", events[last:]...).Records[0].Event
		if string(rest.Frame()) != string(want.Frame()) {
			t.Errorf("after %d events: got %s, want %s", last, rest.JSON(), want.JSON())
		}
	}
}

func TestAfterRefuses(t *testing.T) {
	text := `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"ö\u0041"}`
	for name, test := range map[string]struct {
		event string
		cut   int
	}{
		"an event that is no delta":    {`{"type":"RAW","event":1}`, 1},
		"a negative length":            {text, -1},
		"more than there is":           {text, 9},
		"a cut through a character":    {text, 1},
		"a cut through an escape":      {text, 4},
		"a delta that carries more":    {`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"x","metadata":{}}`, 1},
		"a delta without an id":        {`{"type":"TOOL_CALL_ARGS","delta":"x","a":"b"}`, 1},
		"a delta that is not a string": {`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":1}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			record := store.Record{Seq: 2, Event: aguitest.Parse(t, test.event)[0], Cuts: []int{test.cut}}
			if got, err := fold.After(record, 1); err == nil {
				t.Errorf("got %s, want an error", got.JSON())
			}
		})
	}
	record := store.Record{Seq: 2, Event: aguitest.Parse(t, text)[0]}
	if got, err := fold.After(record, 2); err == nil {
		t.Errorf("got %s of a record that was seen, want an error", got.JSON())
	}
}

// Whoever has seen the events up to any of them, and then gets what the history has
// after it, ends with the messages and the state of the whole run.
func TestHistoryContinuesFromEverywhere(t *testing.T) {
	events := aguitest.Parse(t,
		`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`,
		`{"type":"STATE_SNAPSHOT","snapshot":{"n":0,"list":[]}}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"b"}`,
		`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/list/-","value":"x"}]}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"c"}`,
		`{"type":"STATE_DELTA","delta":[{"op":"add","path":"/list/-","value":"y"}]}`,
		`{"type":"STATE_DELTA","delta":[{"op":"replace","path":"/n","value":2}]}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"d"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"e"}`,
		`{"type":"TEXT_MESSAGE_END","messageId":"m"}`,
		`{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`,
	)
	result := foldRun(t, "", events...)
	for seen := range len(events) + 1 {
		thread := fold.NewThread(nil, nil)
		for _, event := range events[:seen] {
			if err := thread.Add(event); err != nil {
				t.Fatal(err)
			}
		}
		last := int64(seen)
		for _, record := range result.Records {
			if record.Seq <= last {
				continue
			}
			event, err := fold.After(record, last)
			if err != nil {
				t.Fatal(err)
			}
			last = record.Seq
			if err := thread.Add(event); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := string(thread.State()), `{"n":2,"list":["x","y"]}`; got != want {
			t.Errorf("after %d events: state %s, want %s", seen, got, want)
		}
		if got := thread.Messages()[0].Content.Text(); got != "abcde" {
			t.Errorf("after %d events: text %q", seen, got)
		}
	}
}

// The state of a run costs what its deltas say, not what it holds: as many
// allocations in a large state as in a small one.
func TestDeltasCostNothingOfTheState(t *testing.T) {
	checkCostOfDeltas(t, func(fields int) []agui.Encoded { return stateDeltas(t, fields, 1) })
}

func TestDeltasThatDoNotApplyCostNothingOfTheState(t *testing.T) {
	checkCostOfDeltas(t, func(int) []agui.Encoded {
		return aguitest.Parse(t, `{"type":"STATE_DELTA","delta":[{"op":"replace","path":"/nowhere/at/all","value":1}]}`)
	})
}

func checkCostOfDeltas(t *testing.T, deltasOf func(fields int) []agui.Encoded) {
	t.Helper()
	cost := func(fields int) float64 {
		run := fold.NewRun(1, nil, largeState(fields))
		deltas := deltasOf(fields)
		if err := run.Add(deltas[0]); err != nil {
			t.Fatal(err)
		}
		return testing.AllocsPerRun(50, func() {
			if err := run.Add(deltas[0]); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := cost(10), cost(10000); large > small+4 {
		t.Errorf("a delta takes %v allocations in a large state, %v in a small one", large, small)
	}
}

func largeState(fields int) json.RawMessage {
	var state strings.Builder
	for n := range fields {
		fmt.Fprintf(&state, `,"field-%d":"%s"`, n, strings.Repeat("x", 85))
	}
	return json.RawMessage("{" + state.String()[1:] + "}")
}

func stateDeltas(t testing.TB, fields, deltas int) []agui.Encoded {
	t.Helper()
	var events []agui.Encoded
	for n := range deltas {
		events = append(events, aguitest.Parse(t, fmt.Sprintf(`{"type":"STATE_DELTA","delta":[{"op":"replace","path":"/field-%d","value":%d}]}`, n%fields, n))...)
	}
	return events
}

// BenchmarkRunState is a run that changes a large state one field at a time.
func BenchmarkRunState(b *testing.B) {
	for _, size := range []struct{ kilobytes, deltas int }{{100, 1000}, {200, 4000}} {
		b.Run(fmt.Sprintf("%d KB and %d deltas", size.kilobytes, size.deltas), func(b *testing.B) {
			state := largeState(size.kilobytes * 10)
			deltas := stateDeltas(b, size.kilobytes*10, size.deltas)
			b.ReportAllocs()
			for b.Loop() {
				foldRun(b, string(state), deltas...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size.deltas), "ns/delta")
		})
	}
}

// BenchmarkRunText is a run of 500 deltas of text.
func BenchmarkRunText(b *testing.B) {
	events := aguitest.Parse(b, `{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}`)
	delta := aguitest.Parse(b, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"a few words "}`)[0]
	for range 500 {
		events = append(events, delta)
	}
	b.ReportAllocs()
	for b.Loop() {
		foldRun(b, "", events...)
	}
}
