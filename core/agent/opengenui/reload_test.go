package opengenui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/opengenui"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// A page is there again after a reload, on another instance, and after later runs,
// whether or not their agent sends all messages anew.
func TestAPageIsThereAgain(t *testing.T) {
	threads := memory.New(memory.Limits{})
	snapshot := agui.MessagesSnapshotEvent{Messages: []agui.Message{
		{ID: "c", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "c", Name: opengenui.ToolName, Arguments: "{}"}}},
		{ID: "result", Role: agui.RoleTool, ToolCallID: "c", Content: agui.TextContent("UI generated")},
		{ID: "m", Role: agui.RoleAssistant, Content: agui.TextContent("Done.")},
	}}
	runs := map[string][]agui.Event{
		"page":     called(`{"initialHeight":300,"html":"<p>He`, `llo</p>"}`),
		"snapshot": {snapshot, finished},
		"text": {agui.TextMessageStartEvent{MessageID: "n", Role: agui.RoleAssistant},
			agui.TextMessageContentEvent{MessageID: "n", Delta: "hi"}, agui.TextMessageEndEvent{MessageID: "n"}, finished},
	}
	artist := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return yielding(nil, runs[in.RunID]...).Run(ctx, in)
	})
	instance := func() http.Handler {
		logger := slog.New(slog.DiscardHandler)
		runtime, err := core.New(core.Config{
			Agents: map[string]agent.Agent{"default": artist}, Store: threads, Logger: logger, PublicThreads: true,
			Extensions: []agent.Extension{opengenui.New(opengenui.Config{Logger: logger})},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { runtime.Close() })
		return runtime
	}
	first, second := instance(), instance()
	// post returns the activity messages of a client that has the stream alone, and how
	// many events of theirs there were.
	post := func(handler http.Handler, route, runID string) (pages []string, events int) {
		r := httptest.NewRequest("POST", "/agent/default/"+route, strings.NewReader(fmt.Sprintf(
			`{"threadId":"t","runId":"%s","state":{},"messages":[{"id":"of %[1]s","role":"user","content":"draw"}],"tools":[],"context":[],"forwardedProps":{}}`, runID)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		content := map[string]string{}
		for event, err := range agui.ReadSSE(w.Body, 1<<20) {
			if err != nil {
				t.Fatal(err)
			}
			var activity struct {
				Type, MessageID string
				Content         json.RawMessage
			}
			if err := json.Unmarshal(event.Data, &activity); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(activity.Type, "ACTIVITY") {
				events++
				content[activity.MessageID] = string(activity.Content)
			}
		}
		for id, page := range content {
			pages = append(pages, id+" "+page)
		}
		return pages, events
	}
	const page = `{"initialHeight":300,"generating":false,"html":["<p>He","llo</p>"],"htmlComplete":true}`
	if _, events := post(first, "run", "page"); events != 6 {
		t.Errorf("the run has %d events of the page", events)
	}
	for _, later := range []string{"", "snapshot", "text"} {
		if later != "" {
			post(first, "run", later)
		}
		pages, events := post(second, "connect", "c")
		if events != 2 || len(pages) != 1 || pages[0] != "c-activity "+page {
			t.Errorf("after %q: %d events, %s", later, events, pages)
		}
		w := httptest.NewRecorder()
		second.ServeHTTP(w, httptest.NewRequest("GET", "/threads/t/messages", nil))
		if got := w.Body.String(); strings.Count(got, `{"id":"c-activity","role":"activity","content":`+page+`}`) != 1 {
			t.Errorf("after %q: messages %s", later, got)
		}
	}
}
