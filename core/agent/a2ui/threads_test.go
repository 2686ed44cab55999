package a2ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store/sqlite"
)

// newInstance returns a runtime whose agent answers a run with the events of its id. Its
// threads are in a file, which instances may share.
func newInstance(t *testing.T, file string, runs map[string][]agui.Event) http.Handler {
	t.Helper()
	threads, err := sqlite.Open(t.Context(), "sqlite://"+file)
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := core.New(core.Config{
		Agents: map[string]agent.Agent{"default": agent.Func(func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return answering(runs[input.RunID], nil).Run(ctx, input)
		})},
		Extensions: []agent.Extension{newExtension(t, own)}, Store: threads, PublicThreads: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		runtime.Close()
		threads.Close()
	})
	return runtime
}

// post runs, or connects to, the thread, and returns the content that its surfaces have
// in the end, by the activity's id.
func post(t *testing.T, handler http.Handler, route, runID string) map[string]string {
	t.Helper()
	request := httptest.NewRequest("POST", "/agent/default/"+route, strings.NewReader(fmt.Sprintf(
		`{"threadId":"t","runId":"%s","state":{},"messages":[{"id":"u-%[1]s","role":"user","content":"draw"}],"tools":[],"context":[],"forwardedProps":{}}`, runID)))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	surfaces := make(map[string]string)
	for event, err := range agui.ReadEvents(recorder.Body, 0) {
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := event.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if activity, ok := decoded.(agui.ActivitySnapshotEvent); ok {
			surfaces[activity.MessageID] = string(activity.Content)
		}
		if failed, ok := decoded.(agui.RunErrorEvent); ok {
			t.Errorf("%s %s: %s", route, runID, failed.Message)
		}
	}
	return surfaces
}

// historyOf returns the content of the surface's message among those of the thread.
func historyOf(t *testing.T, handler http.Handler) json.RawMessage {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/threads/t/messages", nil))
	var history struct {
		Messages []struct {
			ID      string
			Content json.RawMessage
		}
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &history); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	for _, message := range history.Messages {
		if message.ID == "a2ui-surface-c" {
			return message.Content
		}
	}
	return json.RawMessage("{}")
}

// A surface is there again after a reload, on another instance, and after runs of an
// agent that sends all of its messages anew, which know of no surface.
func TestASurfaceIsThereAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "threads.db")
	end := []agui.Event{finished}
	snapshot := []agui.Event{agui.MessagesSnapshotEvent{Messages: []agui.Message{
		{ID: "c", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "c", Name: "render_a2ui", Arguments: "{}"}}},
		{ID: "done", Role: agui.RoleTool, ToolCallID: "c", Content: agui.TextContent(`{"status":"rendered"}`)},
		{ID: "m", Role: agui.RoleAssistant, Content: agui.TextContent("There it is.")},
	}}}
	runs := map[string][]agui.Event{
		"draw":     run(call("c", "render_a2ui", split(surface+`,"data":{"items":[{"n":1},{"n":2},{"n":3}]}}`, 4)...), end),
		"snapshot": run(snapshot, end),
		"refused":  run(call("d", "render_a2ui", rootless+"}"), end),
	}
	first, second := newInstance(t, file, runs), newInstance(t, file, runs)
	const drawn = `create s of basic, 1 components, data {"items":[{"n":1},{"n":2},{"n":3}]}`
	for _, later := range []string{"draw", "snapshot", "refused"} {
		post(t, first, "run", later)
		surfaces := post(t, second, "connect", "connect")
		if got := tell(t, json.RawMessage(surfaces["a2ui-surface-c"])); got != drawn {
			t.Errorf("after %q the surface is %s", later, got)
		}
		if got := historyOf(t, second); tell(t, got) != drawn {
			t.Errorf("after %q the message is %s", later, got)
		}
		if later == "refused" && !strings.Contains(surfaces["a2ui-surface-d"], "no_root") {
			t.Errorf("the refusal is %s", surfaces["a2ui-surface-d"])
		}
	}
}
