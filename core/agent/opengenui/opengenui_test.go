package opengenui_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
	"github.com/copilotkit-go/runtime/core/agui"
)

// yielding returns an agent that yields events, and then an error if there is one.
func yielding(err error, events ...agui.Event) agent.Agent {
	return agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for _, event := range events {
				if !yield(event, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
			}
		}
	})
}

// show returns what the extension makes of an agent's events, a line for each.
func show(t testing.TB, a agent.Agent) []string {
	t.Helper()
	extension := opengenui.New(opengenui.Config{Logger: slog.New(slog.DiscardHandler)})
	var lines []string
	for event, err := range extension.Extend("default", a).Run(t.Context(), &agui.RunAgentInput{RunID: "r"}) {
		if err != nil {
			lines = append(lines, "error "+err.Error())
			continue
		}
		lines = append(lines, line(t, event))
	}
	return lines
}

// line writes an event in short: its type, without what is always the same.
func line(t testing.TB, event agui.Event) string {
	t.Helper()
	encoded, err := agui.Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := encoded.Decode()
	if err != nil {
		t.Fatal(err)
	}
	switch v := decoded.(type) {
	case agui.ToolCallStartEvent:
		return "START " + v.ToolCallID
	case agui.ToolCallArgsEvent:
		return "ARGS " + v.ToolCallID + " " + v.Delta
	case agui.ToolCallEndEvent:
		return "END " + v.ToolCallID
	case agui.ActivitySnapshotEvent:
		if v.ActivityType != opengenui.ActivityType || v.NoReplace {
			t.Errorf("snapshot %s", encoded.JSON())
		}
		return strings.TrimSuffix(v.MessageID, "-activity") + " is " + string(v.Content)
	case agui.ActivityDeltaEvent:
		var patch []struct {
			Op, Path string
			Value    json.RawMessage
		}
		if err := json.Unmarshal(v.Patch, &patch); err != nil || len(patch) != 1 || patch[0].Op != "add" || v.ActivityType != opengenui.ActivityType {
			t.Errorf("delta %s", encoded.JSON())
		}
		return strings.TrimSuffix(v.MessageID, "-activity") + " " + patch[0].Path + " " + string(patch[0].Value)
	case agui.TextMessageContentEvent:
		return "TEXT " + v.Delta
	}
	return string(decoded.EventType())
}

func start(id string) agui.Event {
	return agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: opengenui.ToolName}
}
func args(id, delta string) agui.Event { return agui.ToolCallArgsEvent{ToolCallID: id, Delta: delta} }
func end(id string) agui.Event         { return agui.ToolCallEndEvent{ToolCallID: id} }

var finished agui.Event = agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}

// called returns the events of a run with one call, whose arguments come in these parts.
func called(deltas ...string) []agui.Event {
	events := []agui.Event{start("c")}
	for _, delta := range deltas {
		events = append(events, args("c", delta))
	}
	return append(events, end("c"), finished)
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestAPageIsShownAsItIsWritten(t *testing.T) {
	wantLines(t, show(t, yielding(nil, called(`{"initialHeight":300,"html":"<p>He`, `llo</p>"}`)...)),
		`c is {"initialHeight":300,"generating":true}`,
		`START c`,
		`ARGS c {"initialHeight":300,"html":"<p>He`,
		`c /html []`,
		`c /html/- "<p>He"`,
		`ARGS c llo</p>"}`,
		`c /html/- "llo</p>"`,
		`c /htmlComplete true`,
		`c /generating false`,
		`END c`,
		`RUN_FINISHED`,
	)
}

// The changes that arguments make to the page, in order.
func TestArgumentsMakeThePage(t *testing.T) {
	for name, test := range map[string]struct {
		deltas []string
		want   []string
	}{
		"all of them": {
			[]string{`{"initialHeight":480,"placeholderMessages":["One","Two"],"css":"p{}","html":"<p>","jsFunctions":"function f(){}","jsExpressions":["f()","g()"]}`},
			[]string{`is {"initialHeight":480,"generating":true}`, `/placeholderMessages []`, `/placeholderMessages/- "One"`, `/placeholderMessages/- "Two"`,
				`/css "p{}"`, `/cssComplete true`, `/html []`, `/html/- "<p>"`, `/htmlComplete true`, `/jsFunctions "function f(){}"`, `/jsFunctionsComplete true`,
				`/jsExpressions []`, `/jsExpressions/- "f()"`, `/jsExpressions/- "g()"`, `/jsExpressionsComplete true`}},
		"a height after the first change": {
			[]string{`{"css":"a","initialHeight":1.50,"initialHeight":2e2}`},
			[]string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`, `/initialHeight 1.5`, `/initialHeight 200`}},
		"a height that is no number": {
			[]string{`{"initialHeight":"300","css":"a","initialHeight":true}`},
			[]string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`}},
		"a height beyond all numbers": {
			[]string{`{"initialHeight":1e999}`}, []string{`is {"generating":true}`}},
		"null": {
			[]string{`{"initialHeight":null,"css":null,"html":null,"jsFunctions":null,"jsExpressions":null,"placeholderMessages":null}`},
			[]string{`is {"generating":true}`, `/cssComplete true`, `/htmlComplete true`, `/jsFunctionsComplete true`}},
		"nothing in them": {
			[]string{`{"css":"","html":"","jsFunctions":"","jsExpressions":[],"placeholderMessages":[ ]}`},
			[]string{`is {"generating":true}`, `/css ""`, `/cssComplete true`, `/htmlComplete true`, `/jsFunctions ""`, `/jsFunctionsComplete true`,
				`/jsExpressions []`, `/jsExpressionsComplete true`, `/placeholderMessages []`}},
		"values of other kinds": {
			[]string{`{"css":5.0,"html":true,"jsFunctions":false,"jsExpressions":[1.0,null,true,"x"]}`},
			[]string{`is {"generating":true}`, `/css "5"`, `/cssComplete true`, `/html []`, `/html/- "true"`, `/htmlComplete true`,
				`/jsFunctions "false"`, `/jsFunctionsComplete true`, `/jsExpressions []`, `/jsExpressions/- "1"`, `/jsExpressions/- "null"`,
				`/jsExpressions/- "true"`, `/jsExpressions/- "x"`, `/jsExpressionsComplete true`}},
		"other keys, and their values": {
			[]string{`{"title":"x","deep":{"css":"no","list":["no",{"html":"no"}]},"html":"y","a":[[]],"initial":1,"initialHeightX":2}`},
			[]string{`is {"generating":true}`, `/html []`, `/html/- "y"`, `/htmlComplete true`}},
		"objects where text is expected": {
			[]string{`{"html":{"css":"a"},"css":["b"],"jsFunctions":{},"jsExpressions":[{"css":"a"},["x"],"y"],"html":"z"}`},
			[]string{`is {"generating":true}`, `/jsExpressions []`, `/jsExpressions/- "y"`, `/jsExpressionsComplete true`, `/html []`, `/html/- "z"`, `/htmlComplete true`}},
		"html again": {
			[]string{`{"html":"a","html":"b"}`},
			[]string{`is {"generating":true}`, `/html []`, `/html/- "a"`, `/htmlComplete true`, `/html []`, `/html/- "b"`, `/htmlComplete true`}},
		"escapes": {
			[]string{`{"css":"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\ud83dx\ude00\ud83d","html":"<\/p>"}`},
			[]string{`is {"generating":true}`, `/css "\"\\/\b\f\n\r\tAé😀` + "\uFFFDx\uFFFD\uFFFD" + `"`, `/cssComplete true`, `/html []`, `/html/- "</p>"`, `/htmlComplete true`}},
		"escapes that are cut": {
			[]string{`{"html":"a\`, `nb\`, `u`, `00`, `41\ud83d`, `\ude0`, `0c\ud83d`, `\`, `n"`, `}`},
			[]string{`is {"generating":true}`, `/html []`, `/html/- "a"`, `/html/- "\nb"`, `/html/- "A"`, `/html/- "😀c"`, `/html/- "` + "\uFFFD" + `\n"`, `/htmlComplete true`}},
		"a character that is cut": {
			[]string{"{\"html\":\"a\xe2\x82", "\xac\"}"},
			[]string{`is {"generating":true}`, `/html []`, `/html/- "a"`, `/html/- "€"`, `/htmlComplete true`}},
		"white space": {
			[]string{" \n{ \"css\" \t: \"a\" , \"html\" : \"b\" \r\n } \n"},
			[]string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`, `/html []`, `/html/- "b"`, `/htmlComplete true`}},
		"an escaped key": {
			[]string{`{"\u0063ss":"a"}`}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`}},
		"an object in an array": {
			[]string{`[{"css":"a"}]`}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`}},
		"no arguments":         {nil, nil},
		"empty arguments":      {[]string{``, `{}`}, nil},
		"text that isn't JSON": {[]string{`I made you a page`}, nil},
		"JSON in a fence": {
			[]string{"```json\n{\"css\":\"a\"}\n```"}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`}},
		"an end too early": {
			[]string{`{"initialHeight":300,"css":"a","html":"<p>x`}, []string{`is {"initialHeight":300,"generating":true}`, `/css "a"`, `/cssComplete true`, `/html []`, `/html/- "<p>x"`}},
		"an end inside of an escape": {
			[]string{`{"html":"x\u00`}, []string{`is {"generating":true}`, `/html []`, `/html/- "x"`}},
		"a comma too many": {
			[]string{`{"css":"a",,"html":"b",}`}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`, `/html []`, `/html/- "b"`, `/htmlComplete true`}},
		"a missing comma": {
			[]string{`{"css":"a" "html":"b"}`}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`, `/html []`, `/html/- "b"`, `/htmlComplete true`}},
		"a missing value": {
			[]string{`{"initialHeight":,"css":"a","jsFunctions":}`}, []string{`is {"generating":true}`, `/css "a"`, `/cssComplete true`}},
		"words of other languages": {
			[]string{`{"initialHeight":NaN,"css":None,"html":"a","jsFunctions":nil}`}, []string{`is {"generating":true}`, `/html []`, `/html/- "a"`, `/htmlComplete true`}},
		"a key without quotes": {
			[]string{`{css:"a","html":"b"}`}, []string{`is {"generating":true}`, `/html []`, `/html/- "b"`, `/htmlComplete true`}},
		"a bad escape": {
			[]string{`{"html":"a\u00zzb\qc\é"}`}, []string{`is {"generating":true}`, `/html []`, `/html/- "a` + "\uFFFD" + `zzbqcé"`, `/htmlComplete true`}},
		"brackets that don't match": {
			[]string{`{"jsExpressions":["a"},"css":"b"]`}, []string{`is {"generating":true}`, `/jsExpressions []`, `/jsExpressions/- "a"`, `/jsExpressions/- "css"`, `/jsExpressionsComplete true`}},
		"more nesting than there can be": {
			[]string{`{"a":` + strings.Repeat(`[`, 600) + `"`, `","css":"a"}`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, line := range show(t, yielding(nil, called(test.deltas...)...)) {
				if change, ok := strings.CutPrefix(line, "c "); ok && change != "/generating false" {
					got = append(got, change)
				}
			}
			wantLines(t, got, test.want...)
		})
	}
}

func TestEventsKeepTheirOrder(t *testing.T) {
	text := agui.TextMessageContentEvent{MessageID: "m", Delta: "hi"}
	other := agui.ToolCallStartEvent{ToolCallID: "o", ToolCallName: "other"}
	chunk := func(id, name, delta string) agui.Event {
		return agui.ToolCallChunkEvent{ToolCallID: id, ToolCallName: name, Delta: delta}
	}
	encoded := func(event agui.Event) agui.Event {
		e, err := agui.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for name, test := range map[string]struct {
		err    error
		events []agui.Event
		want   []string
	}{
		"without a call": {nil, []agui.Event{text, finished}, []string{"TEXT hi", "RUN_FINISHED"}},
		"of another tool": {nil, []agui.Event{other, args("o", `{"html":"x"}`), end("o"), finished},
			[]string{"START o", `ARGS o {"html":"x"}`, "END o", "RUN_FINISHED"}},
		"with others before there is something to show": {nil, []agui.Event{start("c"), text, args("c", `{"title":`), text, args("c", `1,"css":"a",`), text, end("c"), finished},
			[]string{"TEXT hi", "TEXT hi", `c is {"generating":true}`, "START c", `ARGS c {"title":`, `ARGS c 1,"css":"a",`, `c /css "a"`, "c /cssComplete true",
				"TEXT hi", "c /generating false", "END c", "RUN_FINISHED"}},
		"where nothing is shown": {nil, []agui.Event{start("c"), args("c", `{}`), end("c"), text, finished},
			[]string{"c /generating false", "START c", "ARGS c {}", "END c", "TEXT hi", "RUN_FINISHED"}},
		"of two calls at once": {nil, []agui.Event{start("c"), start("d"), args("d", `{"css":"d"}`), args("c", `{"css":`), end("d"), args("c", `"c"}`), end("c"), finished},
			[]string{`d is {"generating":true}`, "START d", `ARGS d {"css":"d"}`, `d /css "d"`, "d /cssComplete true", "d /generating false", "END d",
				`c is {"generating":true}`, "START c", `ARGS c {"css":`, `ARGS c "c"}`, `c /css "c"`, "c /cssComplete true", "c /generating false", "END c", "RUN_FINISHED"}},
		"of an id that comes again": {nil, append(called(`{"css":"a"}`)[:3], called(`{"css":"b"}`)...),
			[]string{`c is {"generating":true}`, "START c", `ARGS c {"css":"a"}`, `c /css "a"`, "c /cssComplete true", "c /generating false", "END c",
				`c is {"generating":true}`, "START c", `ARGS c {"css":"b"}`, `c /css "b"`, "c /cssComplete true", "c /generating false", "END c", "RUN_FINISHED"}},
		"of a call that starts twice": {nil, []agui.Event{start("c"), start("c"), end("c"), finished},
			[]string{"START c", "c /generating false", "START c", "END c", "RUN_FINISHED"}},
		"of chunks": {nil, []agui.Event{chunk("c", opengenui.ToolName, `{"css":`), chunk("", "", `"a"}`), finished},
			[]string{`c is {"generating":true}`, "START c", `ARGS c {"css":`, `ARGS c "a"}`, `c /css "a"`, "c /cssComplete true", "c /generating false", "END c", "RUN_FINISHED"}},
		"of chunks that end with the agent": {nil, []agui.Event{chunk("c", opengenui.ToolName, `{`)},
			[]string{"c /generating false", "START c", "ARGS c {", "END c"}},
		"of chunks that are wrong": {nil, []agui.Event{chunk("", "", `{`), finished}, []string{"TOOL_CALL_CHUNK", "RUN_FINISHED"}},
		"of a remote agent": {nil, []agui.Event{encoded(start("c")), encoded(args("c", `{"css":"ä\n"`)), encoded(agui.ToolCallArgsEvent{
			BaseEvent: agui.BaseEvent{Metadata: json.RawMessage(`{}`)}, ToolCallID: "c", Delta: `}`}), encoded(end("c")), encoded(finished)},
			[]string{`c is {"generating":true}`, "START c", `ARGS c {"css":"ä\n"`, "ARGS c }", `c /css "ä\n"`, "c /cssComplete true", "c /generating false", "END c", "RUN_FINISHED"}},
		"of a call without an end":   {nil, []agui.Event{start("c"), args("c", `{"title":1`), finished}, []string{"c /generating false", "START c", `ARGS c {"title":1`, "END c", "RUN_FINISHED"}},
		"of an agent without an end": {nil, []agui.Event{start("c"), args("c", `{"title":1`)}, []string{"START c", `ARGS c {"title":1`}},
		"of a run that fails":        {nil, []agui.Event{start("c"), agui.RunErrorEvent{Message: "m"}}, []string{"START c", "RUN_ERROR"}},
		"of an agent that fails":     {errors.New("broke"), []agui.Event{start("c")}, []string{"START c", "error broke"}},
		"of arguments after the end": {nil, []agui.Event{start("c"), end("c"), args("c", `{"css":"a"}`), finished},
			[]string{"c /generating false", "START c", "END c", `ARGS c {"css":"a"}`, "RUN_FINISHED"}},
		"with nil": {nil, []agui.Event{nil, finished}, []string{"RUN_FINISHED"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantLines(t, show(t, yielding(test.err, test.events...)), test.want...)
		})
	}
}

// However early the one who reads leaves, the agent is told and nothing more is yielded.
func TestTheReaderMayLeaveAtAnyEvent(t *testing.T) {
	events := append(called(`{"initialHeight":1,"css":"a","jsExpressions":["a"]`), start("d"), finished)
	total := len(show(t, yielding(nil, events...)))
	for leave := range total {
		ended := false
		inner := agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				defer func() { ended = true }()
				yielding(nil, events...).Run(ctx, input)(yield)
			}
		})
		seen := 0
		for range opengenui.New(opengenui.Config{}).Middleware(inner).Run(t.Context(), &agui.RunAgentInput{}) {
			if seen == leave {
				break
			}
			seen++
		}
		if seen != leave || !ended {
			t.Errorf("left at %d: saw %d, agent ended: %t", leave, seen, ended)
		}
	}
}

func TestNoMoreThanABitIsHeldBack(t *testing.T) {
	events := []agui.Event{start("c"), args("c", `{"title":"`)}
	for range 100 {
		events = append(events, args("c", strings.Repeat("x", 1000)))
	}
	events = append(events, args("c", `","css":"a"}`), end("c"), finished)
	lines := show(t, yielding(nil, events...))
	if at := slices.Index(lines, `c is {"generating":true}`); at != 103 || lines[0] != "START c" {
		t.Errorf("the page begins at %d, after %s", at, lines[0])
	}
}

func TestAValueTooLargeIsGivenUp(t *testing.T) {
	part := strings.Repeat("x", 1<<20)
	deltas := []string{`{"css":"`}
	for range 9 {
		deltas = append(deltas, part)
	}
	if got := patches(t, called(append(deltas, `","html":"x"}`)...)); len(got) != 1 {
		t.Errorf("%d changes, want that of the end alone", len(got))
	}
	if got := patches(t, called(`{"html":"`+strings.Repeat(part, 9), `"}`)); len(got) != 4 {
		t.Errorf("%d changes of html, want all that there are", len(got))
	}
}

func TestALargePageComesInSomeThousandChunks(t *testing.T) {
	deltas := []string{`{"html":"`}
	for n := range 1 << 16 {
		deltas = append(deltas, fmt.Sprintf("%04d", n%10000))
	}
	var html strings.Builder
	chunks := 0
	for _, patch := range patches(t, called(append(deltas, `"}`)...)) {
		if chunk, ok := strings.CutPrefix(patch, `[{"op":"add","path":"/html/-","value":"`); ok {
			chunks++
			html.WriteString(strings.TrimSuffix(chunk, `"}]`))
		}
	}
	if want := strings.Join(deltas[1:], ""); html.String() != want {
		t.Errorf("%d bytes of html, want %d", html.Len(), len(want))
	}
	if chunks < 16<<10 || chunks > 18<<10 {
		t.Errorf("%d chunks", chunks)
	}
}

// patches returns the patches of what the extension makes of events.
func patches(t *testing.T, events []agui.Event) []string {
	var patches []string
	for event := range opengenui.New(opengenui.Config{}).Extend("a", yielding(nil, events...)).Run(t.Context(), &agui.RunAgentInput{}) {
		if delta, ok := event.(agui.ActivityDeltaEvent); ok {
			patches = append(patches, string(delta.Patch))
		}
	}
	return patches
}

func TestOnlyTheListedAgentsDraw(t *testing.T) {
	inner := yielding(nil, called(`{"css":"a"}`)...)
	extension := opengenui.New(opengenui.Config{Agents: []string{"artist"}})
	for id, want := range map[string]int{"artist": 8, "default": 4} {
		count := 0
		for range extension.Extend(id, inner).Run(t.Context(), &agui.RunAgentInput{}) {
			count++
		}
		if count != want {
			t.Errorf("%s: %d events, want %d", id, count, want)
		}
	}
	var features agent.Features
	if extension.Announce(&features); !features.OpenGenerativeUI {
		t.Error("not announced")
	}
}

func TestWhatTheAgentSaysOfItselfStays(t *testing.T) {
	inner, err := agent.NewCustom(agent.CustomConfig{Description: "draws", Events: yielding(nil).Run})
	if err != nil {
		t.Fatal(err)
	}
	describer, ok := agent.As[agent.Describer](opengenui.New(opengenui.Config{}).Extend("a", inner))
	if !ok || describer.Description() != "draws" {
		t.Errorf("description %v", describer)
	}
}

// The log is told once that arguments are no JSON, and nothing of them.
func TestArgumentsThatAreNoJSONAreLoggedOnce(t *testing.T) {
	var log strings.Builder
	extension := opengenui.New(opengenui.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range extension.Extend("a", yielding(nil, called(`secret`, `secret {"css":secret}`)...)).Run(t.Context(), &agui.RunAgentInput{RunID: "r"}) {
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "toolCall=c") || strings.Contains(got, "secret") {
		t.Errorf("log %q", got)
	}
}
