package fold_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/fold"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestRunKeepsTheBeginningAndTheEndOfAnActivity(t *testing.T) {
	const (
		begun  = `{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":true}}`
		args   = `{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"ab"}`
		more   = `{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"cde"}`
		custom = `{"type":"CUSTOM","name":"n","value":1}`
	)
	delta := func(id, path, value string) string {
		return fmt.Sprintf(`{"type":"ACTIVITY_DELTA","messageId":"%s","activityType":"page","patch":[{"op":"add","path":"%s","value":%s}]}`, id, path, value)
	}
	for name, test := range map[string]struct{ events, want []string }{
		"of one event, as it came": {
			[]string{`{"type":"ACTIVITY_SNAPSHOT","content":{"x" : 1},"messageId":"a","activityType":"page"}`},
			[]string{`1 {"type":"ACTIVITY_SNAPSHOT","content":{"x" : 1},"messageId":"a","activityType":"page"} []`}},
		"of deltas, in place of the last": {
			[]string{begun, delta("a", "/n", "1"), custom, delta("a", "/generating", "false"), custom},
			[]string{`1 ` + begun + ` []`, `3 ` + custom + ` []`,
				`4 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":false,"n":1}} []`,
				`5 ` + custom + ` []`}},
		"of snapshots, the last as it came": {
			[]string{begun, `{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"n" : 1},"replace":true}`,
				`{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"n" : 2},"replace":true}`},
			[]string{`1 ` + begun + ` []`,
				`3 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"n" : 2},"replace":true} []`}},
		"of a snapshot that replaces nothing": {
			[]string{begun, `{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{},"replace":false}`},
			[]string{`1 ` + begun + ` []`,
				`2 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":true}} []`}},
		"with the metadata of all": {
			[]string{`{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{},"metadata":{"x":1}}`,
				`{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{},"metadata":{"y":2},"subagentRunId":"s"}`},
			[]string{`1 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{},"metadata":{"x":1}} []`,
				`2 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{},"subagentRunId":"s","metadata":{"x":1,"y":2}} []`}},
		"between deltas, which it doesn't part once it is over": {
			[]string{begun, args, delta("a", "/n", "1"), more, delta("a", "/n", "2"), custom},
			[]string{`1 ` + begun + ` []`,
				`4 {"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"abcde"} [2 0]`,
				`5 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":true,"n":2}} []`,
				`6 ` + custom + ` []`}},
		"that ends between deltas, which it parts": {
			[]string{begun, args, delta("a", "/n", "1"), delta("a", "/n", "2"), more, args, custom},
			[]string{`1 ` + begun + ` []`,
				`3 {"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"ab"} [2]`,
				`4 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":true,"n":2}} []`,
				`6 {"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"cdeab"} [3]`,
				`7 ` + custom + ` []`}},
		"that begins between deltas": {
			[]string{args, begun, more},
			[]string{`1 ` + args + ` []`, `2 ` + begun + ` []`, `3 ` + more + ` []`}},
		"that isn't there": {
			[]string{delta("a", "/n", "1"), delta("a", "/n", "2")},
			[]string{`1 ` + delta("a", "/n", "1") + ` []`}},
		"that a snapshot of messages without activities keeps": {
			[]string{begun, `{"type":"MESSAGES_SNAPSHOT","messages":[]}`, delta("a", "/n", "1")},
			[]string{`1 ` + begun + ` []`, `2 {"type":"MESSAGES_SNAPSHOT","messages":[]} []`,
				`3 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"generating":true,"n":1}} []`}},
		"that a snapshot of messages says anew": {
			[]string{begun, delta("a", "/n", "1"),
				`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"a","role":"activity","activityType":"page","content":{}}]}`,
				delta("a", "/m", "1"), delta("a", "/m", "2")},
			[]string{`1 ` + begun + ` []`,
				`3 {"type":"MESSAGES_SNAPSHOT","messages":[{"id":"a","role":"activity","activityType":"page","content":{}}]} []`,
				`4 ` + delta("a", "/m", "1") + ` []`,
				`5 {"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"page","content":{"m":2}} []`}},
	} {
		t.Run(name, func(t *testing.T) {
			wantRecords(t, foldRun(t, "", aguitest.Parse(t, test.events...)...).Records, test.want...)
		})
	}
}

// Many small deltas of a page that is being written leave a handful of records.
func TestRunOfAPageLeavesFewRecords(t *testing.T) {
	run := fold.NewRun(1, nil, nil)
	add := func(event agui.Event) {
		if err := run.Add(aguitest.Encode(t, event)); err != nil {
			t.Fatal(err)
		}
	}
	add(agui.ActivitySnapshotEvent{MessageID: "a", ActivityType: "page", Content: json.RawMessage(`{"html":[]}`)})
	add(agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "page"})
	for range 1000 {
		add(agui.ToolCallArgsEvent{ToolCallID: "c", Delta: "text"})
		add(agui.ActivityDeltaEvent{MessageID: "a", ActivityType: "page",
			Patch: json.RawMessage(`[{"op":"add","path":"/html/-","value":"text"}]`)})
	}
	add(agui.ToolCallEndEvent{ToolCallID: "c"})
	result, err := run.Result()
	if err != nil || len(result.Records) != 5 {
		t.Errorf("%d records, want 5: %v", len(result.Records), err)
	}
}

// Whoever has seen a part of any run with activities ends with what the run has come to.
func TestHistoryWithActivitiesContinuesFromEverywhere(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		lines := []string{
			`{"type":"TEXT_MESSAGE_START","messageId":"m0"}`, `{"type":"TEXT_MESSAGE_START","messageId":"m1"}`,
		}
		for range 40 {
			id, n := random.IntN(2), random.IntN(1000)
			switch random.IntN(8) {
			case 0:
				lines = append(lines, fmt.Sprintf(`{"type":"ACTIVITY_SNAPSHOT","messageId":"a%d","activityType":"t","content":{"n":%d},"replace":%t}`, id, n, random.IntN(2) == 0))
			case 1, 2:
				lines = append(lines, fmt.Sprintf(`{"type":"ACTIVITY_DELTA","messageId":"a%d","activityType":"t","patch":[{"op":"add","path":"/f%d","value":%d}]}`, id, n%5, n))
			case 3:
				lines = append(lines, fmt.Sprintf(`{"type":"CUSTOM","name":"n","value":%d}`, n))
			case 4:
				if n%4 == 0 {
					lines = append(lines, `{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"m0","role":"assistant","content":"x"},{"id":"m1","role":"assistant","content":"y"}]}`)
				} else if n%4 == 1 {
					lines = append(lines, fmt.Sprintf(`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"m0","role":"assistant","content":"x"},{"id":"a%d","role":"activity","activityType":"t","content":{}}]}`, id))
				}
			default:
				lines = append(lines, fmt.Sprintf(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m%d","delta":"%d "}`, id&random.IntN(2), n))
			}
		}
		events := aguitest.Parse(t, lines...)
		whole := fold.NewThread(nil, nil)
		for _, event := range events {
			if err := whole.Add(event); err != nil {
				t.Fatal(err)
			}
		}
		want := activitiesAndTexts(whole)
		result := foldRun(t, "", events...)
		for seen := range len(events) + 1 {
			if got := activitiesAndTexts(resume(t, events[:seen], result.Records)); got != want {
				t.Fatalf("seed %d after %d events:\n got %s\nwant %s", seed, seen, got, want)
			}
		}
	}
}

func TestMessagesGetTheActivitiesOfEarlierRuns(t *testing.T) {
	history := aguitest.Parse(t,
		`{"type":"ACTIVITY_SNAPSHOT","messageId":"first","activityType":"t","content":{}}`,
		`{"type":"RUN_STARTED","threadId":"t","runId":"r","input":{"threadId":"t","runId":"r","messages":[{"id":"u","role":"user","content":"x"}],"tools":[],"context":[],"state":{},"forwardedProps":{}}}`,
		`{"type":"ACTIVITY_SNAPSHOT","messageId":"a","activityType":"t","content":{"n":1}}`,
		`{"type":"ACTIVITY_SNAPSHOT","messageId":"b","activityType":"t","content":{}}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"m"}`,
		`{"type":"ACTIVITY_DELTA","messageId":"a","activityType":"t","patch":[{"op":"add","path":"/n","value":2}]}`,
		`{"type":"ACTIVITY_SNAPSHOT","messageId":"known","activityType":"t","content":{}}`,
		`{"type":"ACTIVITY_SNAPSHOT","messageId":"last","activityType":"t","content":{}}`,
	)
	message := func(id string) agui.Message { return agui.Message{ID: id, Role: agui.RoleUser} }
	for name, test := range map[string]struct {
		messages []string
		history  []agui.Encoded
		want     string
	}{
		"where they were":              {[]string{"u", "m", "known", "new"}, history, "first u a b m known last new"},
		"of messages that are no more": {[]string{"u"}, history, "first u a b known last"},
		"without messages":             {nil, history, "first a b known last"},
		"and nothing else":             {[]string{"u"}, history[4:5], "u"},
	} {
		t.Run(name, func(t *testing.T) {
			var messages []agui.Message
			for _, id := range test.messages {
				messages = append(messages, message(id))
			}
			var got []string
			for _, m := range fold.WithActivities(messages, test.history) {
				got = append(got, m.ID)
				if m.ID == "a" && string(m.Content.Object()) != `{"n":2}` {
					t.Errorf("a is %s", m.Content.Object())
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

// resume returns the thread of a reader who has seen events, and then gets the rest.
func resume(t *testing.T, events []agui.Encoded, records []store.Record) *fold.Thread {
	thread := fold.NewThread(nil, nil)
	for _, event := range events {
		if err := thread.Add(event); err != nil {
			t.Fatal(err)
		}
	}
	last := int64(len(events))
	for _, record := range records {
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
	return thread
}

// activitiesAndTexts returns what a thread has, whatever the order of members.
func activitiesAndTexts(thread *fold.Thread) string {
	said := map[string]any{}
	for _, message := range thread.Messages() {
		var content any = message.Content.Text()
		if message.Role == agui.RoleActivity {
			content = map[string]any{}
			_ = json.Unmarshal(message.Content.Object(), &content)
		}
		said[message.ID] = content
	}
	text, _ := json.Marshal(said)
	return string(text)
}
