package a2ui_test

import (
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
)

// noRoot is what front ends are told of a surface without a root.
const noRoot = `"errors":[{"code":"no_root","path":"components","message":"No component has id 'root'"}]`

const rootless = `{"surfaceId":"s","components":[{"id":"a","component":"Text"}]`

func TestARefusedSurfaceIsNotDrawn(t *testing.T) {
	got := drawn(t, own, nil, run(call("c", "render_a2ui", rootless, `,"data":{"items":[{"a":1}]}`, strings.Repeat(" ", 200)+`}`), []agui.Event{finished})...)
	wantLines(t, got, "  c"+building, "start c",
		`  c: {"status":"retrying","attempt":2,"maxAttempts":3,`+noRoot+`}`, "args c", "args c", "args c", "end c",
		`result c {"status":"rendered"}`, "RUN_FINISHED")
}

// Calls within a call of another tool are attempts at one surface.
func TestAnAttemptTakesThePlaceOfTheOneBefore(t *testing.T) {
	outer := call("o", "generate_a2ui")
	config := own
	config.Recovery = a2ui.Recovery{DebugExposure: "collapsed", MaxAttempts: 2}
	refused := `  o: {"status":"retrying","attempt":2,"maxAttempts":2,` + noRoot + `,"debugExposure":"collapsed"}`
	got := drawn(t, config, nil, run(outer,
		call("c1", "render_a2ui", rootless+"}"), call("c2", "render_a2ui", rootless+"}"), call("c3", "render_a2ui", surface, "}"), call("c4", "render_a2ui"),
		result("o", `{"a2ui_operations":[{"version":"v0.9","createSurface":{"surfaceId":"s","catalogId":"c"}}]}`),
		call("d", "render_a2ui", rootless+"}"))...)
	wantLines(t, got, "start o", "end o",
		`  o: {"status":"building","debugExposure":"collapsed"}`, "start c1", refused, "args c1", "end c1",
		"start c2", refused, "args c2", "end c2",
		"start c3", "  o: create s of basic, 1 components", "args c3", "args c3", "end c3",
		`  o: {"status":"building","debugExposure":"collapsed"}`, "start c4", "end c4",
		"result o …",
		`  d: {"status":"building","debugExposure":"collapsed"}`, "start d",
		`  d: {"status":"retrying","attempt":2,"maxAttempts":2,`+noRoot+`,"debugExposure":"collapsed"}`, "args d", "end d")
}

func TestHowMuchOfASurfaceHasCome(t *testing.T) {
	long := strings.Repeat("x", 78)
	for name, test := range map[string]struct {
		recovery a2ui.Recovery
		deltas   []string
		want     []string
	}{
		"in steps of twenty tokens": {a2ui.Recovery{}, []string{long[:77], "x", "é", "😀" + long[:73], "😀" + long[:6]},
			[]string{"args c", `  c: {"status":"building","progressTokens":20}`, "args c", "args c", "args c",
				`  c: {"status":"building","progressTokens":41}`, "args c"}},
		"not if it is hidden": {a2ui.Recovery{HideProgress: true}, []string{long + long}, []string{"args c"}},
		"not once it is drawn": {a2ui.Recovery{}, []string{surface, `,"data":{"text":"` + long + `"}}`},
			[]string{"  c: create s of basic, 1 components", "args c", `  c: create s of basic, 1 components, data {"text":"` + long + `"}`, "args c"}},
		"also of what can't be drawn": {a2ui.Recovery{}, []string{`{"surfaceId":"s","components":[5]}`, long},
			[]string{"args c", `  c: {"status":"building","progressTokens":28}`, "args c"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := drawn(t, a2ui.Config{Recovery: test.recovery}, nil, call("c", "render_a2ui", test.deltas...)...)
			wantLines(t, got[2:len(got)-1], test.want...)
		})
	}
}

func TestResultsOfToolsAreDrawn(t *testing.T) {
	const (
		one    = `{"a2ui_operations":[{"version":"v0.9","createSurface":{"surfaceId":"q","catalogId":"k"}},{"deleteSurface":{"surfaceId":"q"}}]}`
		failed = `{"code":"a2ui_recovery_exhausted","error":"no","attempts":[{"n":1},{"n":2}]}`
	)
	tool := call("o", "search")
	for name, test := range map[string]struct {
		events []agui.Event
		want   []string // the last lines
	}{
		"as they are, after the result": {run(tool, result("o", one)),
			[]string{"result o …", "  o: create q of k, another"}},
		"by the call that is open, also if another one answers": {run(tool, result("x", one), result("o", "done"), result("y", one)),
			[]string{"result x …", "  o: create q of k, another", "result o done", "result y …", "  y: create q of k, another"}},
		"also encoded twice": {run(tool, result("o", `"{\"a2ui_operations\":[{\"createSurface\":{\"surfaceId\":\"q\"}}]}"`)),
			[]string{"result o …", "  o: create q of "}},
		"an activity for each surface": {run(tool, result("o", `{"a2ui_operations":[null,5,[],{"createSurface":{"surfaceId":"a"}},{"updateComponents":{"surfaceId":"b"}},{"z":1},{"updateDataModel":{"surfaceId":"a"}},{"deleteSurface":{"surfaceId":7}}]}`)),
			[]string{"result o …", "  a-o: create a of , data ", "  b-o: 0 components", "  default-o: another, another"}},
		"nothing of an empty list":          {run(tool, result("o", `{"a2ui_operations":[]}`)), []string{"end o", "result o …"}},
		"nothing of no list":                {run(tool, result("o", `{"a2ui_operations":{}}`)), []string{"end o", "result o …"}},
		"nothing without the key":           {run(tool, result("o", `[{"createSurface":{"surfaceId":"a2ui_operations"}}]`)), []string{"end o", "result o …"}},
		"nothing of what is no JSON":        {run(tool, result("o", `{"a2ui_operations":[{]}`)), []string{"end o", "result o …"}},
		"nothing of what is encoded thrice": {run(tool, result("o", `"\"{\\\"a2ui_operations\\\":[{}]}\""`)), []string{"end o", "result o …"}},
		"once, if the call has drawn it":    {run(call("c", "render_a2ui", surface+"}"), result("c", one)), []string{"end c", "result c …"}},
		"once, if a call within has drawn it": {run(tool, call("c", "render_a2ui", surface+"}"), result("o", one)),
			[]string{"end c", "result o …"}},
		"but for surfaces that were drawn": {run(call("c", "render_a2ui", surface+"}"), result("x",
			`{"a2ui_operations":[{"createSurface":{"surfaceId":"s"}},{"updateComponents":{"surfaceId":"q"}},{"deleteSurface":{"surfaceId":"s"}}]}`)),
			[]string{"result x …", "  x: 0 components"}},
		"nothing, if all were drawn": {run(call("c", "render_a2ui", surface+"}"), result("x",
			`{"a2ui_operations":[{"createSurface":{"surfaceId":"s"}}]}`)), []string{"end c", "result x …"}},
		"if the call itself could draw nothing": {run(call("c", "render_a2ui", rootless+"}"), result("c", one)),
			[]string{"result c …", "  c: create q of k, another"}},
		"that it was given up": {run(tool, result("o", failed)),
			[]string{"result o …", `  o: {"status":"failed","error":"no","attempts":[{"n":1},{"n":2}],"maxAttempts":2}`}},
		"that it was given up, in general words": {run(tool, result("o", `{"code":"a2ui_recovery_exhausted"}`)),
			[]string{"result o …", `  o: {"status":"failed","error":"A2UI generation failed","attempts":[],"maxAttempts":3}`}},
		"that it was given up, whatever the kinds": {run(tool, result("o", `{"code":"a2ui_recovery_exhausted","error":5,"attempts":"many"}`)),
			[]string{"result o …", `  o: {"status":"failed","error":"5","attempts":"many","maxAttempts":3}`}},
		"not that anything else was": {run(tool, result("o", `{"code":"a2ui_recovery_exhausted!"}`)), []string{"end o", "result o …"}},
		"nothing of parts": {run(tool, []agui.Event{agui.ToolCallResultEvent{MessageID: "m", ToolCallID: "o",
			Parts: []agui.InputContent{{Type: "text", Text: one}}}}), []string{"end o", "result o "}},
	} {
		t.Run(name, func(t *testing.T) {
			got := drawn(t, own, nil, test.events...)
			wantLines(t, got[len(got)-len(test.want):], test.want...)
		})
	}
}

// Retrying is over when the agent gives up: the next call begins anew.
func TestASurfaceThatWasGivenUpIsBuiltAnew(t *testing.T) {
	got := drawn(t, own, nil, run(call("o", "generate"), call("c", "render_a2ui", rootless+"}"),
		result("x", `{"code":"a2ui_recovery_exhausted"}`), call("d", "render_a2ui"))...)
	wantLines(t, got[len(got)-3:], "  o"+building, "start d", "end d")
}
