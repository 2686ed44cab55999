package a2ui_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const (
	surface  = `{"surfaceId":"s","components":[` + root + `]`
	repeated = `{"surfaceId":"s","components":[{"id":"root","component":"List","children":{"componentId":"row","path":"/rows"}},{"id":"row","component":"Text"}]`
	building = `: {"status":"building"}`
)

func TestASurfaceIsDrawnWhileItsArgumentsStream(t *testing.T) {
	for name, test := range map[string]struct {
		deltas []string
		want   []string // after the start, up to the end
	}{
		"components at once, never without them": {
			[]string{`{"surfaceId":"s",`, `"components":[`, root, `]`, `}`},
			[]string{"args c", "args c", "args c", "  c: create s of basic, 1 components", "args c", "args c"}},
		"items one by one, and then all of the data": {
			[]string{surface, `,"data":{"items":[{"a":1}`, `,{"a":2},`, ` {"a":3}`, `],"n":1}`, `}`},
			[]string{"  c: create s of basic, 1 components", "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":1},{"a":2}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":1},{"a":2}, {"a":3}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":1},{"a":2}, {"a":3}],"n":1}`, "args c", "args c"}},
		"several items with one delta": {
			[]string{surface + `,"data":{"items":[{"a":1},{"a":2}`, `]}}`},
			[]string{`  c: create s of basic, 1 components, data {"items":[{"a":1},{"a":2}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":1},{"a":2}]}`, "args c"}},
		"items of the list that components repeat": {
			[]string{repeated, `,"data":{"items":[{}],`, `"rows":[{"a":1},`, `2]}}`},
			[]string{"  c: create s of basic, 2 components", "args c", "args c",
				`  c: create s of basic, 2 components, data {"rows":[{"a":1}]}`, "args c",
				`  c: create s of basic, 2 components, data {"items":[{}],"rows":[{"a":1},2]}`, "args c"}},
		"data that is no list": {
			[]string{surface, `,"data":{"form":{"name":`, `"Ada"}`, `}}`},
			[]string{"  c: create s of basic, 1 components", "args c", "args c", "args c",
				`  c: create s of basic, 1 components, data {"form":{"name":"Ada"}}`, "args c"}},
		"the same data twice": {
			[]string{surface + `,"data":{"items":[{"a":1}]}}`},
			[]string{`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`,
				`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c"}},
		"an empty list": {
			[]string{surface, `,"data":{"items":[]}}`},
			[]string{"  c: create s of basic, 1 components", "args c", `  c: create s of basic, 1 components, data {"items":[]}`, "args c"}},
		"data before components": {
			[]string{`{"surfaceId":"s","data":{"items":[{"a":1}]},`, `"components":[` + root + `]}`},
			[]string{"args c", "  c: create s of basic, 1 components",
				`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c"}},
		"a surface whose id comes last": {
			[]string{`{"components":[` + root + `],"data":{"items":[{"a":1}]},"surfaceId":"s`, `"`, `}`},
			[]string{"args c", "args c", `  c: create s of basic, 1 components, data {"items":[{"a":1}]}`,
				`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c"}},
		"only the members of the arguments themselves": {
			[]string{`{"x":{"surfaceId":"no","components":[1]},"surfaceId":"s","components":[{"id":"root","component":"Chart","data":{"items":[{"no":1}]},"components":[]}],"data":{"nested":{"items":[{"no":1}]}}}`},
			[]string{"  c: create s of basic, 1 components", `  c: create s of basic, 1 components, data {"nested":{"items":[{"no":1}]}}`, "args c"}},
		"the first of several members with one name": {
			[]string{`{"surfaceId":5,"surfaceId":"s","surfaceId":"t","data":5,"components":[` + root + `],"components":[],"data":{"n":1}}`},
			[]string{"  c: create s of basic, 1 components", "args c"}},
		"a name that is spelt in a text": {
			[]string{`{"surfaceId":"components","note":"\"components\":[","components":[` + root + `]}`},
			[]string{"  c: create components of basic, 1 components", "args c"}},
		"brackets and quotes in texts": {
			[]string{`{"surfaceId":"s","components":[{"id":"root","component":"Text","text":"}]\"{"}],"data":{"items":[{"a":"]}\\"},`, `{"b":"\"}"}]}}`},
			[]string{`  c: create s of basic, 1 components, data {"items":[{"a":"]}\\"}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[{"a":"]}\\"},{"b":"\"}"}]}`,
				`  c: create s of basic, 1 components, data {"items":[{"a":"]}\\"},{"b":"\"}"}]}`, "args c"}},
		"escapes that deltas cut": {
			[]string{`{"surface\u00`, `49d":"\u00e`, `9\ud83`, `d\ude00","components":[` + root + `]}`},
			[]string{"args c", "args c", "args c", "  c: create é😀 of basic, 1 components", "args c"}},
		"much white space": {
			[]string{" { \t\"surfaceId\" : \"s\" , \"components\" : [ " + root + "\t] , \"data\" : { \"items\" : [ {\"a\" : 1} , ", "{} ] } } "},
			[]string{`  c: create s of basic, 1 components, data {"items":[ {"a" : 1}]}`, "args c",
				`  c: create s of basic, 1 components, data {"items":[ {"a" : 1} , {}]}`,
				`  c: create s of basic, 1 components, data { "items" : [ {"a" : 1} , {} ] }`, "args c"}},
		"many lines": {
			[]string{"\n{\n\"surfaceId\":\r\n\"s\",\n\"components\":[\n" + root + "\n],\"data\":{\n\"n\":1\n}\n}\n"},
			[]string{"  c: create s of basic, 1 components", `  c: create s of basic, 1 components, data {"n":1}`, "args c"}},
		"arguments that begin anew": {
			[]string{`{}`, surface + `}`},
			[]string{"args c", "  c: create s of basic, 1 components", "args c"}},
		"nothing of an array":        {[]string{`[` + surface + `}]`}, []string{"args c"}},
		"nothing of broken brackets": {[]string{`{"surfaceId":"s"]`, `,"components":[` + root + `]}`}, []string{"args c", "args c"}},
		"nothing of what is no JSON": {[]string{`I can't draw that: "sorry"`}, []string{"args c"}},
		"nothing of components without JSON": {
			[]string{`{"surfaceId":"s","components":[{"id":"root","component":"Text","n":nope}]}`}, []string{"args c"}},
		"nothing of components without a type": {
			[]string{`{"surfaceId":"s","components":[` + root + `,{"id":"a"}]}`}, []string{"args c"}},
		"nothing of no components": {[]string{`{"surfaceId":"s","components":[]}`}, []string{"args c"}},
		"nothing without an id":    {[]string{`{"surfaceId":"","components":[` + root + `]}`}, []string{"args c"}},
		"no items after one that is no JSON": {
			[]string{surface + `,"data":{"items":[{"a":1},`, `{"a":nope},{"a":3}`, `]}}`},
			[]string{`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c", "args c", "args c"}},
		"no data after what is no JSON": {
			[]string{surface, `,"data":{"form":nope}}`},
			[]string{"  c: create s of basic, 1 components", "args c", "args c"}},
		"as much as there is of arguments that never end": {
			[]string{surface + `,"data":{"items":[{"a":1},{"a`},
			[]string{`  c: create s of basic, 1 components, data {"items":[{"a":1}]}`, "args c"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := own
			config.Recovery.HideProgress = true
			got := drawn(t, config, nil, run(call("c", "render_a2ui", test.deltas...), []agui.Event{finished})...)
			want := append([]string{"  c" + building, "start c"}, test.want...)
			wantLines(t, got, append(want, "end c", `result c {"status":"rendered"}`, "RUN_FINISHED")...)
		})
	}
}

func TestWhichCatalogASurfaceIsOf(t *testing.T) {
	front := func(value string) *agui.RunAgentInput {
		return &agui.RunAgentInput{Context: []agui.Context{{Description: schemaDescription, Value: value}}}
	}
	const named = `{"surfaceId":"s","catalogId":"streamed","components":[` + root + `]}`
	for name, test := range map[string]struct {
		config a2ui.Config
		input  *agui.RunAgentInput
		args   string
		want   string
	}{
		"that of the server":                                {a2ui.Config{DefaultCatalogID: "default"}, front(`{"catalogId":"front"}`), named, "default"},
		"else that of the front end":                        {own, front(`{"catalogId":"front"}`), named, "front"},
		"also where the server has a schema":                {a2ui.Config{Schema: []byte(`{"catalogId":"schema","components":{"Text":{}}}`)}, front(`{"catalogId":"front"}`), named, "front"},
		"else that which the model names":                   {own, front(`{}`), named, "streamed"},
		"not if the front end's is no JSON":                 {own, front(`catalog`), named, "streamed"},
		"not if the front end's is empty":                   {own, front(`{"catalogId":""}`), named, "streamed"},
		"else the basic one":                                {own, nil, surface + `}`, "basic"},
		"also if the model calls it so":                     {own, nil, `{"surfaceId":"s","catalogId":"basic","components":[` + root + `]}`, "basic"},
		"the one that it was drawn with, if one comes late": {own, nil, surface + `,"catalogId":"late"}`, "late"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Join(drawn(t, test.config, test.input, call("c", "render_a2ui", test.args)...), "\n")
			if !strings.Contains(lines, "create s of "+test.want+", ") {
				t.Errorf("got %s, want %s", lines, test.want)
			}
		})
	}
	// What was drawn keeps its catalog, whatever is said later.
	lines := drawn(t, own, nil, call("c", "render_a2ui", surface, `,"catalogId":"late","data":{"n":1}}`)...)
	wantLines(t, lines, "  c"+building, "start c", "  c: create s of basic, 1 components", "args c",
		`  c: create s of basic, 1 components, data {"n":1}`, "args c", "end c")
}

func TestWhatPassesAsItIs(t *testing.T) {
	text := []agui.Event{
		agui.TextMessageStartEvent{MessageID: "m"},
		agui.TextMessageContentEvent{MessageID: "m", Delta: `{"a2ui_operations":[{"createSurface":{"surfaceId":"s"}}]}`},
		agui.TextMessageEndEvent{MessageID: "m"},
	}
	got := drawn(t, own, nil, run(text, call("c", "other", surface+"}"), call("d", "log_a2ui_event", surface+"}"), []agui.Event{finished})...)
	wantLines(t, got, "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END",
		"start c", "args c", "end c", "start d", "args d", "end d", "RUN_FINISHED")
}

func TestWhichToolsDraw(t *testing.T) {
	given := func(name string) a2ui.Config { return a2ui.Config{Tool: a2ui.ToolAlways, ToolName: name} }
	for name, test := range map[string]struct {
		config a2ui.Config
		tool   string
		want   bool
	}{
		"the usual one":                       {own, "render_a2ui", true},
		"one of another name, if it is given": {given("draw"), "draw", true},
		"the usual one beside it":             {given("draw"), "render_a2ui", true},
		"no other":                            {given("draw"), "paint", false},
		"one that is not given":               {a2ui.Config{Tool: a2ui.ToolNever, ToolName: "draw"}, "draw", false},
		"those of the agent":                  {a2ui.Config{Tool: a2ui.ToolNever, ToolNames: []string{"paint"}}, "paint", true},
		"not the usual one beside them":       {a2ui.Config{Tool: a2ui.ToolNever, ToolNames: []string{"paint"}}, "render_a2ui", false},
		"the given one beside them":           {a2ui.Config{Tool: a2ui.ToolAlways, ToolNames: []string{"paint"}}, "render_a2ui", true},
		"none, if there are none":             {a2ui.Config{Tool: a2ui.ToolNever, ToolNames: []string{}}, "render_a2ui", false},
	} {
		t.Run(name, func(t *testing.T) {
			lines := drawn(t, test.config, nil, call("c", test.tool, surface+"}")...)
			if got := strings.Contains(strings.Join(lines, "\n"), "create s"); got != test.want {
				t.Errorf("got %s", strings.Join(lines, "\n"))
			}
		})
	}
}

func TestCallsThatDrawGetResults(t *testing.T) {
	assistant := agui.Message{ID: "a", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{
		{ID: "old", Name: "render_a2ui"}, {ID: "done", Name: "render_a2ui"}, {ID: "x", Name: "other"}}}
	answered := agui.Message{ID: "b", Role: agui.RoleTool, ToolCallID: "done", Content: agui.TextContent("ok")}
	history := &agui.RunAgentInput{ThreadID: "t", RunID: "r", Messages: []agui.Message{assistant, answered}}
	end := []agui.Event{finished}
	for name, test := range map[string]struct {
		input  *agui.RunAgentInput
		events []agui.Event
		want   []string // the last lines
	}{
		"also those of earlier runs, first": {history, run(call("c", "render_a2ui"), end),
			[]string{"end c", `result old {"status":"rendered"}`, `result c {"status":"rendered"}`, "RUN_FINISHED"}},
		"but for those that have one": {nil, run(call("c", "render_a2ui"), result("c", "mine"), end),
			[]string{"end c", "result c mine", "RUN_FINISHED"}},
		"each one": {nil, run(call("c", "render_a2ui"), call("c", "render_a2ui"), end),
			[]string{"end c", `result c {"status":"rendered"}`, "RUN_FINISHED"}},
		"of the messages that a snapshot leaves": {history,
			run(call("c", "render_a2ui"), []agui.Event{agui.MessagesSnapshotEvent{Messages: []agui.Message{{ID: "z", Role: agui.RoleAssistant,
				ToolCalls: []agui.ToolCall{{ID: "new", Name: "render_a2ui"}}}}}}, end),
			[]string{"end c", "MESSAGES_SNAPSHOT", `result new {"status":"rendered"}`, "RUN_FINISHED"}},
		"not if the run doesn't finish": {nil, call("c", "render_a2ui"), []string{"  c" + building, "start c", "end c"}},
		"not if it fails": {nil, run(call("c", "render_a2ui"), []agui.Event{agui.RunErrorEvent{Message: "no"}}),
			[]string{"end c", "RUN_ERROR"}},
		"also without an end": {nil, run([]agui.Event{agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "render_a2ui"}}, end),
			[]string{"start c", "end c", `result c {"status":"rendered"}`, "RUN_FINISHED"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := drawn(t, own, test.input, test.events...)
			wantLines(t, lines[max(0, len(lines)-len(test.want)):], test.want...)
		})
	}
}

func TestChunksAreCalls(t *testing.T) {
	got := drawn(t, own, nil,
		agui.ToolCallChunkEvent{ToolCallID: "c", ToolCallName: "render_a2ui", Delta: `{"surfaceId":"s","components":[`},
		agui.ToolCallChunkEvent{Delta: root + `]}`},
		agui.TextMessageChunkEvent{MessageID: "m", Delta: "hi"},
		finished)
	wantLines(t, got, "  c"+building, "start c", "args c", "  c: create s of basic, 1 components", "args c", "end c",
		"TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", `result c {"status":"rendered"}`, "RUN_FINISHED")
	got = drawn(t, own, nil, agui.ToolCallChunkEvent{ToolCallID: "c", ToolCallName: "render_a2ui", Delta: surface + "}"})
	wantLines(t, got, "  c"+building, "start c", "  c: create s of basic, 1 components", "args c", "end c")
	// A chunk that continues nothing is the runner's to refuse.
	got = drawn(t, own, nil, agui.ToolCallChunkEvent{Delta: "x"})
	wantLines(t, got, "TOOL_CALL_CHUNK")
}

func TestCallsSideBySideHaveASurfaceEach(t *testing.T) {
	start := func(id string) agui.Event {
		return agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: "render_a2ui"}
	}
	args := func(id, delta string) agui.Event { return agui.ToolCallArgsEvent{ToolCallID: id, Delta: delta} }
	config := own
	config.Recovery.HideProgress = true
	got := drawn(t, config, nil, start("a"), start("b"),
		args("a", `{"surfaceId":"s1",`), args("b", `{"surfaceId":"s2",`),
		args("a", `"components":[`+root+`]}`), args("b", `"components":[`+root+`]}`))
	wantLines(t, got, "  a"+building, "start a", "  b"+building, "start b", "args a", "args b",
		"  a: create s1 of basic, 1 components", "args a", "  b: create s2 of basic, 1 components", "args b")
}

// A JavaScript agent that cuts its text anywhere may cut a character in two, of which
// each half stands in JSON by itself.
func TestCharactersThatDeltasCutAreWhole(t *testing.T) {
	var events []agui.Event
	for _, line := range []string{
		`{"type":"TOOL_CALL_START","toolCallId":"c\u0031","toolCallName":"render_a2ui"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c\u0031","delta":"{\"surfaceId\":\"\ud83d"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c1","delta":"\ude00\\\\ud83d","timestamp":1}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"c1","delta":"\",\"components\":[{\"id\":\"root\",\"component\":\"Text\"}]}"}`,
	} {
		event, err := agui.ParseEncoded([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	got := drawn(t, own, nil, events...)
	wantLines(t, got[len(got)-2:], `  c1: create 😀\ud83d of basic, 1 components`, "args c1")
}

func TestFailuresPass(t *testing.T) {
	inner := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			_ = yield(nil, nil) && yield(agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "render_a2ui"}, nil) && yield(nil, errAgent)
		}
	})
	events, err := agenttest.Collect(newExtension(t, own).Middleware(inner).Run(t.Context(), &agui.RunAgentInput{}))
	if !errors.Is(err, errAgent) {
		t.Errorf("got %v", err)
	}
	wantLines(t, trace(t, events), "  c"+building, "start c")
}

// Whoever has enough of a run gets no more of it.
func TestARunMayBeLeftAnywhere(t *testing.T) {
	events := run(call("c", "render_a2ui", surface+`,"data":{"items":[{}]}}`),
		result("x", `{"a2ui_operations":[{"createSurface":{"surfaceId":"q"}}]}`),
		[]agui.Event{agui.ToolCallChunkEvent{ToolCallID: "d", ToolCallName: "other"}})
	x := newExtension(t, own)
	for most := range 11 {
		n := 0
		for range x.Middleware(answering(events, nil)).Run(t.Context(), &agui.RunAgentInput{}) {
			if n++; n > most {
				break
			}
		}
		if n != most+1 {
			t.Errorf("%d events, want %d", n, most+1)
		}
	}
}
