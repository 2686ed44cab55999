package mcptools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/mcptools"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

func TestRuns(t *testing.T) {
	interrupted := []agui.Event{agui.RunFinishedEvent{ThreadID: "t", RunID: "r", Outcome: &agui.Outcome{
		Type: "interrupt", Interrupts: []agui.Interrupt{{ID: "i", Reason: "ask"}},
	}}}
	for _, test := range []struct {
		name string
		runs [][]agui.Event
		// want are the events' types, with the results of calls.
		want  string
		runsN int
	}{
		{"an agent that calls no tools runs once",
			[][]agui.Event{slices.Concat(started(), saying("m", "hi"), finished())},
			"RUN_STARTED TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END RUN_FINISHED", 1},
		{"a call's result is what the agent is run again with, in one run",
			[][]agui.Event{slices.Concat(started(), calling("c", "mcp__notes__note", `{"a":1}`), finished()), slices.Concat(started(), saying("m", "hi"), finished())},
			"RUN_STARTED TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:noted TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END RUN_FINISHED", 2},
		{"a call that comes in chunks is made",
			[][]agui.Event{slices.Concat([]agui.Event{
				agui.ToolCallChunkEvent{ToolCallID: "c", ToolCallName: "mcp__notes__note", Delta: `{"a"`}, agui.ToolCallChunkEvent{Delta: `:1}`},
			}, finished()), finished()},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_ARGS TOOL_CALL_END result:noted RUN_FINISHED", 2},
		{"several calls are answered in their order",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", ""), calling("d", "mcp__notes__fail", "{}"), finished()), finished()},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:noted result:that didn't work RUN_FINISHED", 2},
		{"a front end's call in the same answer ends the run with the results",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "{}"), calling("d", "paint", "{}"), finished())},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:noted RUN_FINISHED", 1},
		{"a question to somebody ends the run",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "{}"), interrupted)},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:noted RUN_FINISHED", 1},
		{"arguments that are no object are the model's to correct",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "[1"), finished()), finished()},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:Error executing tool note: the arguments aren't a JSON object RUN_FINISHED", 2},
		{"the key is in no result",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__echo_key", "{}"), calling("d", "mcp__notes__refuse", "{}"), finished()), finished()},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:you are [redacted] result:* RUN_FINISHED", 2},
		{"a failed run isn't gone on with",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "{}"), []agui.Event{agui.RunErrorEvent{Message: "no"}})},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END RUN_ERROR", 1},
		{"a run without an end isn't either",
			[][]agui.Event{calling("c", "mcp__notes__note", "{}")},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END", 1},
		{"an agent that always calls is run 3 times more",
			[][]agui.Event{
				slices.Concat(calling("c0", "mcp__notes__note", "{}"), finished()), slices.Concat(calling("c1", "mcp__notes__note", "{}"), finished()),
				slices.Concat(calling("c2", "mcp__notes__note", "{}"), finished()), slices.Concat(calling("c3", "mcp__notes__note", "{}"), finished()),
			},
			strings.Repeat("TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:noted ", 3) + "TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END RUN_FINISHED", 4},
		{"an agent that answers its calls itself is left alone",
			[][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "{}"), []agui.Event{agui.ToolCallResultEvent{MessageID: "x", ToolCallID: "c", Content: "own"}}, finished())},
			"TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END result:own RUN_FINISHED", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote := newToolServer(t)
			server, log := newServer(t, remote.URL, func(c *mcptools.Config) { c.MaxRounds = 3 })
			inner := &script{runs: test.runs}
			input := agenttest.Saying("hello")
			input.Tools = []agui.Tool{agenttest.PaintTool()}
			// What an earlier run left open isn't made up for.
			input.Messages = append(input.Messages, agui.Message{ID: "e", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "early", Name: "mcp__notes__note", Arguments: `{"early":true}`}}})
			events, err := agenttest.Collect(agent.Extend("default", inner, server.Extension(nil)).Run(t.Context(), input))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, event := range events {
				if result, ok := event.(agui.ToolCallResultEvent); ok {
					text := "result:" + result.Content
					if strings.Contains(text, "Error executing tool refuse: ") {
						text = "result:*"
					}
					if strings.Contains(result.Content, "a-key") {
						t.Errorf("the key is in %q", result.Content)
					}
					got = append(got, text)
					continue
				}
				got = append(got, string(event.EventType()))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), test.want)
			}
			if len(inner.inputs) != test.runsN {
				t.Errorf("the agent ran %d times, want %d", len(inner.inputs), test.runsN)
			}
			if len(input.Tools) != 1 || len(input.Messages) != 2 {
				t.Error("the input was changed")
			}
			for _, arguments := range remote.arguments {
				if strings.Contains(arguments, "early") {
					t.Error("a call of an earlier run was made")
				}
			}
			if strings.Contains(log.String(), "a-key") {
				t.Errorf("the log has the key: %s", log)
			}
			remote.noSession(t)
		})
	}
}

func TestWhatTheAgentIsGiven(t *testing.T) {
	remote := newToolServer(t)
	server, _ := newServer(t, remote.URL, nil)
	inner := &script{runs: [][]agui.Event{
		slices.Concat(saying("m2", "let me see"), []agui.Event{agui.StateSnapshotEvent{Snapshot: json.RawMessage(`{"n":1}`)}}, calling("c", "mcp__notes__note", `{"a":1}`), finished()),
		finished(),
	}}
	input := agenttest.Saying("hello")
	input.Tools = []agui.Tool{{Name: "mcp__notes__fail"}}
	input.Resume = []agui.ResumeEntry{{InterruptID: "i", Status: "resolved"}}
	if _, err := agenttest.Collect(agent.Extend("default", inner, server.Extension(nil)).Run(t.Context(), input)); err != nil {
		t.Fatal(err)
	}
	first, second := inner.inputs[0], inner.inputs[1]
	var names []string
	for _, tool := range first.Tools {
		names = append(names, tool.Name)
		if strings.Contains(tool.Description, "a-key") {
			t.Errorf("the description of %s has the key", tool.Name)
		}
	}
	want := []string{"mcp__notes__fail", "mcp__notes__echo_key", "mcp__notes__fail_1", "mcp__notes__note", "mcp__notes__refuse", "mcp__notes__wait"}
	if !slices.Equal(names, want) {
		t.Errorf("got tools %v, want %v", names, want)
	}
	if len(second.Tools) != len(first.Tools) || string(second.State) != `{"n":1}` || second.Resume != nil || second.RunID == first.RunID || second.ThreadID != first.ThreadID {
		t.Errorf("the second run got %+v", second)
	}
	last := second.Messages[len(second.Messages)-1]
	if last.Role != agui.RoleTool || last.ToolCallID != "c" || last.Content.Text() != "noted" || second.Messages[0].Content.Text() != "hello" {
		t.Errorf("the second run got messages %+v", second.Messages)
	}
	if len(remote.arguments) != 1 || remote.arguments[0] != `{"a":1}` {
		t.Errorf("the tool got %v", remote.arguments)
	}
}

func TestEachRunHasHeadersOfItsOwn(t *testing.T) {
	remote := newToolServer(t)
	server, _ := newServer(t, remote.URL, nil)
	for _, user := range []string{"ann", "bob"} {
		remote.headers = nil
		inner := &script{runs: [][]agui.Event{slices.Concat(calling("c", "mcp__notes__note", "{}"), finished()), finished()}}
		extension := server.Extension(http.Header{"X-User": {user}})
		if _, err := agenttest.Collect(agent.Extend("default", inner, extension).Run(t.Context(), agenttest.Saying("hello"))); err != nil {
			t.Fatal(err)
		}
		if len(remote.headers) == 0 {
			t.Error("the server wasn't asked")
		}
		for _, header := range remote.headers {
			if header.Get("X-User") != user || header.Get("Authorization") != key {
				t.Errorf("the run of %s sent %v", user, header)
			}
		}
	}
	remote.noSession(t)
}

func TestARunGoesOnWithoutAServer(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for name, handler := range map[string]http.HandlerFunc{
		"that refuses":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no: "+key, http.StatusUnauthorized) },
		"that never answers": hang,
		"that answers HTML":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"that leads elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var told atomic.Bool
			remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				told.Store(told.Load() || bytes.Contains(body, []byte("notifications/cancelled")))
				handler(w, r)
			}))
			defer remote.Close()
			defer remote.CloseClientConnections()
			server, log := newServer(t, remote.URL, func(c *mcptools.Config) { c.ConnectTimeout = 50 * time.Millisecond })
			inner := &script{runs: [][]agui.Event{slices.Concat(saying("m", "hi"), finished())}}
			events, err := agenttest.Collect(agent.Extend("default", inner, server.Extension(nil)).Run(t.Context(), agenttest.Saying("hello")))
			if err != nil || len(events) != 4 || len(inner.inputs[0].Tools) != 0 {
				t.Errorf("got %v, %v", events, err)
			}
			// Nor does it wait for the server to take note of that.
			if told.Load() {
				t.Error("the server was told of the end of its initialization")
			}
			if text := log.String(); !strings.Contains(text, "left out") || strings.Contains(text, "a-key") {
				t.Errorf("logged %s", text)
			}
		})
	}
	if elsewhere > 0 {
		t.Error("a redirect was followed")
	}
}

func TestARunThatIsStoppedEndsItsCall(t *testing.T) {
	remote := newToolServer(t)
	server, _ := newServer(t, remote.URL, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		<-remote.entered
		stop()
	}()
	inner := &script{runs: [][]agui.Event{slices.Concat(calling("c", "mcp__notes__wait", "{}"), finished())}}
	events, err := agenttest.Collect(agent.Extend("default", inner, server.Extension(nil)).Run(ctx, agenttest.Saying("hello")))
	if !errors.Is(err, context.Canceled) || len(events) != 3 {
		t.Errorf("got %v, %v", events, err)
	}
	select {
	case <-remote.cancelled:
	case <-time.After(time.Minute):
		t.Error("the call goes on")
	}
	remote.noSession(t)
}

func TestNewRefuses(t *testing.T) {
	for name, config := range map[string]mcptools.Config{
		"no name":        {URL: "http://127.0.0.1/"},
		"no address":     {Name: "a"},
		"a bad header":   {Name: "a", URL: "http://127.0.0.1/", Headers: map[string]string{"A": "secret\n"}},
		"negative times": {Name: "a", URL: "http://127.0.0.1/", CallTimeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mcptools.New(config); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
}
