package core_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestAfterRequestGetsTheStreamsMessages(t *testing.T) {
	tooling := agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			for _, event := range []agui.Event{
				agui.TextMessageChunkEvent{MessageID: "m1", Role: agui.RoleAssistant, Delta: "let me ", HasDelta: true},
				agui.TextMessageChunkEvent{Delta: "look", HasDelta: true},
				agui.ToolCallStartEvent{ToolCallID: "c1", ToolCallName: "look", ParentMessageID: "m1"},
				agui.ToolCallArgsEvent{ToolCallID: "c1", Delta: `{"x":`},
				agui.ToolCallArgsEvent{ToolCallID: "c1", Delta: `1}`},
				agui.ToolCallEndEvent{ToolCallID: "c1"},
				agui.ToolCallResultEvent{MessageID: "m2", ToolCallID: "c1", Content: "seen"},
			} {
				if !yield(event, nil) {
					return
				}
			}
			if len(in.Messages) > 0 {
				yield(agui.MessagesSnapshotEvent{Messages: []agui.Message{{ID: "s", Role: agui.RoleUser, Content: agui.TextContent("all")}}}, nil)
			}
		}
	})
	rebuilt := []agui.Message{
		{ID: "m1", Role: agui.RoleAssistant, Content: agui.TextContent("let me look"), ToolCalls: []agui.ToolCall{{ID: "c1", Name: "look", Arguments: `{"x":1}`}}},
		{ID: "m2", Role: agui.RoleTool, Content: agui.TextContent("seen"), ToolCallID: "c1"},
	}
	snapshot := []agui.Message{{ID: "s", Role: agui.RoleUser, Content: agui.TextContent("all")}}
	withMessages := strings.Replace(input, `"messages":[]`, `"messages":[{"id":"u","role":"user","content":"x"}]`, 1)
	var got []core.Answer
	handler := newRuntime(t, core.Config{Agents: agents(tooling), Hooks: core.Hooks{AfterRequest: func(_ *http.Request, answer core.Answer) error {
		got = append(got, answer)
		return nil
	}}})
	for _, test := range []struct {
		path, body string
		messages   []agui.Message
		runID      string
	}{
		{"/agent/default/run", input, rebuilt, "r1"},
		{"/agent/default/connect", input, rebuilt, "r1"},
		{"/agent/default/suggest", input, rebuilt, "r1"},
		{"/agent/default/suggest", withMessages, snapshot, "r1"},
		{"/agent/default/stop/t1", "", nil, ""},
		{"/agent/default/run", "{", nil, ""},
	} {
		got = nil
		answer := request{method: "POST", path: test.path, body: test.body}.to(handler)
		if len(got) != 1 {
			t.Fatalf("%s: AfterRequest was called %d times", test.path, len(got))
		}
		outcome := got[0]
		if outcome.Status != answer.Code || outcome.RunID != test.runID || (test.runID != "" && outcome.ThreadID != "t1") {
			t.Errorf("%s: %+v", test.path, outcome)
		}
		if !reflect.DeepEqual(outcome.Messages, test.messages) {
			t.Errorf("%s: messages\n  %+v\nwant\n  %+v", test.path, outcome.Messages, test.messages)
		}
	}
}

func TestAfterRequestGetsARunWholeWhoseClientLeft(t *testing.T) {
	begun, release, after := make(chan struct{}), make(chan struct{}), make(chan core.Answer, 1)
	slow := agent.Func(func(_ context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
			close(begun)
			<-release
			yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "late"}, nil)
		}
	})
	server := httptest.NewServer(newRuntime(t, core.Config{Agents: agents(slow), Hooks: core.Hooks{AfterRequest: func(_ *http.Request, answer core.Answer) error {
		after <- answer
		return nil
	}}}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "POST", server.URL+"/agent/default/run", strings.NewReader(input))
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	cancel()
	response.Body.Close()
	close(release)
	select {
	case outcome := <-after:
		if len(outcome.Messages) != 1 || outcome.Messages[0].Content.Text() != "late" {
			t.Errorf("messages %+v", outcome.Messages)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("AfterRequest was never called")
	}
}
