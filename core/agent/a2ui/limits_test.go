package a2ui_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/a2ui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

// split cuts a text into deltas of n bytes.
func split(text string, n int) (deltas []string) {
	for ; len(text) > n; text = text[n:] {
		deltas = append(deltas, text[:n])
	}
	return append(deltas, text)
}

// list returns the arguments of a surface with a list of about that many bytes.
func list(size int) string {
	var b strings.Builder
	b.WriteString(surface + `,"data":{"items":[`)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"Item %d","price":%d.5}`, i, i)
	}
	return b.String() + `]}}`
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	components := func(n int) string {
		return root + strings.Repeat(`,{"id":"a","component":"A"}`, n-1)
	}
	for name, test := range map[string]struct {
		deltas []string
		want   string
	}{
		"more than 4 MiB":           {[]string{`{"surfaceId":"s","x":"`, strings.Repeat("x", 4<<20)}, "The arguments have more than 4194304 bytes"},
		"more than 100 levels":      {[]string{`{"surfaceId":"s","components":[{"id":"root","component":"A","x":` + deep(98) + `}]}`}, "The arguments nest deeper than 100 levels"},
		"more than 5000 components": {[]string{`{"surfaceId":"s","components":[` + components(5001) + `]}`}, "There are more than 5000 components"},
		"more than 50000 references": {[]string{`{"surfaceId":"s","components":[{"id":"root","component":"A","children":[` +
			strings.Repeat(`"a",`, 50000) + `"a"]}]}`}, "There are more than 50000 references to components"},
		"an id of more than 4 KiB": {[]string{`{"surfaceId":"` + strings.Repeat("s", 5000)}, "An id has more than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			config := a2ui.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}
			content := string(lastActivity(t, config, test.deltas...))
			if !strings.HasPrefix(content, `{"status":"retrying"`) || !strings.Contains(content, `"code":"limit_exceeded"`) || !strings.Contains(content, test.want) {
				t.Errorf("got %.300s, want %s", content, test.want)
			}
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("the log is %s", &log)
			}
		})
	}
	if content := string(lastActivity(t, own, `{"surfaceId":"s","components":[{"id":"root","component":"A","x":`+deep(97)+`}]}`)); !strings.Contains(content, "createSurface") {
		t.Errorf("what is as deep as it may be is not drawn: %.300s", content)
	}
}

func TestWhatGrowsTooLargeStaysAsItWasDrawn(t *testing.T) {
	for name, deltas := range map[string][]string{
		"more than 4 MiB":       {surface, `,"data":{"items":[{"a":1}`, `,"`, strings.Repeat("x", 4<<20), `"]}}`},
		"more than 100 levels":  {surface, `,"data":{"items":[{"a":1}`, `,` + strings.Repeat("[", 100), `]}}`},
		"more than 50000 items": {surface, `,"data":{"items":[{"a":1}`, strings.Repeat(`,{}`, 50000), `]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tell(t, lastActivity(t, own, deltas...)); got != `create s of basic, 1 components, data {"items":[{"a":1}]}` {
				t.Errorf("got %.300s", got)
			}
		})
	}
}

func TestARunHasAtMost200Surfaces(t *testing.T) {
	var events []agui.Event
	for i := range 201 {
		events = append(events, call(fmt.Sprint(i), "render_a2ui", fmt.Sprintf(`{"surfaceId":"s%d","components":[%s]}`, i, root))...)
	}
	var ops []string
	for i := range 201 {
		ops = append(ops, fmt.Sprintf(`{"createSurface":{"surfaceId":"t%d"}}`, i))
	}
	many := result("x", `{"a2ui_operations":[`+strings.Join(ops, ",")+`]}`)
	for name, test := range map[string]struct {
		events []agui.Event
		want   int
	}{
		"of calls":          {run(events), 200},
		"of results":        {run(many), 200},
		"of both":           {run(events[:3*190], many), 200},
		"of one many times": {run(call("a", "render_a2ui", surface+"}"), call("b", "render_a2ui", surface+"}")), 2},
	} {
		t.Run(name, func(t *testing.T) {
			drawn := 0
			for _, event := range agenttest.Run(t, newExtension(t, own).Middleware(answering(test.events, nil)), &agui.RunAgentInput{}) {
				if activity, ok := event.(agui.ActivitySnapshotEvent); ok && bytes.Contains(activity.Content, []byte("a2ui_operations")) {
					drawn++
				}
			}
			if drawn != test.want {
				t.Errorf("%d surfaces, want %d", drawn, test.want)
			}
		})
	}
}

func TestAResultThatIsTooLargeIsNotDrawn(t *testing.T) {
	for name, content := range map[string]string{
		"more than 4 MiB":      `{"a2ui_operations":[{"createSurface":{"surfaceId":"s","x":"` + strings.Repeat("x", 4<<20) + `"}}]}`,
		"more than 100 levels": `{"a2ui_operations":[{"createSurface":{"surfaceId":"s","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}]}`,
	} {
		if lines := drawn(t, own, nil, result("x", content)...); len(lines) != 1 {
			t.Errorf("%s: %.300s", name, lines[1])
		}
	}
}

// A snapshot for each item of a list that is 1 MB long would be 10 GB: an item's
// snapshot has all those before it.
func TestSnapshotsOfALongListAreBounded(t *testing.T) {
	arguments := list(1 << 20)
	inner := answering(call("c", "render_a2ui", split(arguments, 4)...), nil)
	snapshots, total, length := 0, 0, 0
	var last json.RawMessage
	for event, err := range newExtension(t, own).Middleware(inner).Run(t.Context(), &agui.RunAgentInput{}) {
		if err != nil {
			t.Fatal(err)
		}
		if activity, ok := event.(agui.ActivitySnapshotEvent); ok && bytes.Contains(activity.Content, []byte("a2ui_operations")) {
			last = activity.Content
			snapshots++
			total += len(last)
			if len(last) < length {
				t.Fatalf("snapshot %d is shorter than the one before", snapshots)
			}
			length = len(last)
		}
	}
	if snapshots < 150 || total > 8<<20 {
		t.Errorf("%d snapshots with %d bytes", snapshots, total)
	}
	var surface operations
	if err := json.Unmarshal(last, &surface); err != nil || len(surface.Operations) != 3 || len(surface.Operations[2].UpdateDataModel.Value) < 1<<20-200 {
		t.Errorf("the last snapshot, of %d bytes, is not all of it: %v", len(last), err)
	}
}

// What was held back is drawn when the arguments end, even if the data doesn't.
func TestItemsThatWereHeldBackAreDrawnAtTheEnd(t *testing.T) {
	arguments := strings.TrimSuffix(list(3<<19), `]}}`)
	got := string(lastActivity(t, own, split(arguments, 4096)...))
	if last := arguments[strings.LastIndex(arguments, `{"name"`):]; !strings.HasSuffix(got, last+`]}}}]}`) {
		t.Errorf("got …%s, want …%s", got[len(got)-100:], last)
	}
}

// Thousands of calls in one run cost no more than their sum.
func TestManyCallsOfOneRun(t *testing.T) {
	var events []agui.Event
	for i := range 20_000 {
		id := fmt.Sprint(i)
		events = append(events, agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: "render_a2ui"})
	}
	for i := range 20_000 {
		events = append(events, result(fmt.Sprint(i), "ok")...)
	}
	got := agenttest.Run(t, newExtension(t, own).Middleware(answering(append(events, finished), nil)), &agui.RunAgentInput{})
	if len(got) != 60_001 {
		t.Errorf("%d events", len(got))
	}
}
