package protocol_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/protocol"
	"github.com/copilotkit-go/runtime/test/aguitest"
)

func TestFinalize(t *testing.T) {
	started := `{"type":"RUN_STARTED","threadId":"t","runId":"r"}`
	stopped := protocol.Ending{Stopped: true, ThreadID: "t", RunID: "r"}
	finished := `{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`
	incomplete := `{"type":"RUN_ERROR","message":"Run ended without emitting a terminal event","code":"INCOMPLETE_STREAM"}`
	tests := []struct {
		name   string
		events []string
		ending protocol.Ending
		want   []string
	}{
		{"a run with nothing open fails", []string{started}, protocol.Ending{}, []string{incomplete}},
		{"a stopped run with nothing open finishes", []string{started}, stopped, []string{finished}},
		{"nothing follows RUN_FINISHED", []string{started, finished}, protocol.Ending{}, nil},
		{"nothing follows RUN_ERROR", []string{`{"type":"RUN_ERROR","message":"x"}`}, stopped, nil},
		{"open messages are closed in order",
			[]string{started,
				`{"type":"TEXT_MESSAGE_START","messageId":"a"}`, `{"type":"TEXT_MESSAGE_START","messageId":"b"}`,
				`{"type":"TEXT_MESSAGE_START","messageId":"c"}`, `{"type":"TEXT_MESSAGE_END","messageId":"b"}`},
			stopped,
			[]string{`{"type":"TEXT_MESSAGE_END","messageId":"a"}`, `{"type":"TEXT_MESSAGE_END","messageId":"c"}`, finished}},
		{"an open call is closed and answered",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`},
			stopped,
			[]string{`{"type":"TOOL_CALL_END","toolCallId":"c"}`,
				`{"type":"TOOL_CALL_RESULT","messageId":"c-result","toolCallId":"c","content":"{\"status\":\"stopped\",\"reason\":\"stop_requested\",\"message\":\"Run stopped by user\"}","role":"tool"}`,
				finished}},
		{"a closed call without a result is answered",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`, `{"type":"TOOL_CALL_END","toolCallId":"c"}`},
			protocol.Ending{},
			[]string{
				`{"type":"TOOL_CALL_RESULT","messageId":"c-result","toolCallId":"c","content":"{\"status\":\"error\",\"reason\":\"missing_terminal_event\",\"message\":\"Run ended without emitting a terminal event\"}","role":"tool"}`,
				incomplete}},
		{"an answered call is left alone",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`, `{"type":"TOOL_CALL_END","toolCallId":"c"}`,
				`{"type":"TOOL_CALL_RESULT","toolCallId":"c","messageId":"m","content":"x"}`},
			stopped, []string{finished}},
		{"a call that was answered before its end is left alone",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`,
				`{"type":"TOOL_CALL_RESULT","toolCallId":"c","messageId":"m","content":"x"}`, `{"type":"TOOL_CALL_END","toolCallId":"c"}`},
			stopped, []string{finished}},
		{"a call that begins anew after its answer is answered anew",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`, `{"type":"TOOL_CALL_END","toolCallId":"c"}`,
				`{"type":"TOOL_CALL_RESULT","toolCallId":"c","messageId":"m","content":"x"}`, `{"type":"TOOL_CALL_RESULT","toolCallId":"c","messageId":"n","content":"y"}`,
				`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`},
			stopped,
			[]string{`{"type":"TOOL_CALL_END","toolCallId":"c"}`,
				`{"type":"TOOL_CALL_RESULT","messageId":"c-result","toolCallId":"c","content":"{\"status\":\"stopped\",\"reason\":\"stop_requested\",\"message\":\"Run stopped by user\"}","role":"tool"}`,
				finished}},
		{"an ending has its own message and code",
			[]string{started, `{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`},
			protocol.Ending{Message: "Out of time", Code: "DEADLINE"},
			[]string{`{"type":"TOOL_CALL_END","toolCallId":"c"}`,
				`{"type":"TOOL_CALL_RESULT","messageId":"c-result","toolCallId":"c","content":"{\"status\":\"error\",\"reason\":\"deadline\",\"message\":\"Out of time\"}","role":"tool"}`,
				`{"type":"RUN_ERROR","message":"Out of time","code":"DEADLINE"}`}},
		{"reasoning is closed from the inside out",
			[]string{started, `{"type":"REASONING_START","messageId":"r"}`, `{"type":"REASONING_MESSAGE_START","messageId":"r","role":"reasoning"}`},
			protocol.Ending{},
			[]string{`{"type":"REASONING_MESSAGE_END","messageId":"r"}`, `{"type":"REASONING_END","messageId":"r"}`, incomplete}},
		{"thinking is closed from the inside out",
			[]string{started, `{"type":"THINKING_START"}`, `{"type":"THINKING_TEXT_MESSAGE_START"}`},
			protocol.Ending{},
			[]string{`{"type":"THINKING_TEXT_MESSAGE_END"}`, `{"type":"THINKING_END"}`, incomplete}},
		{"steps and subagents end before RUN_FINISHED, the last one first",
			[]string{started, `{"type":"SUBAGENT_STARTED","subagentRunId":"s","name":"n"}`,
				`{"type":"STEP_STARTED","stepName":"1"}`, `{"type":"STEP_STARTED","stepName":"2","subagentRunId":"s"}`,
				`{"type":"TEXT_MESSAGE_START","messageId":"m","subagentRunId":"s"}`},
			stopped,
			[]string{`{"type":"TEXT_MESSAGE_END","messageId":"m","subagentRunId":"s"}`,
				`{"type":"STEP_FINISHED","stepName":"2","subagentRunId":"s"}`, `{"type":"STEP_FINISHED","stepName":"1"}`,
				`{"type":"SUBAGENT_ERROR","subagentRunId":"s","message":"Run stopped by user"}`, finished}},
		{"steps stay as they are before RUN_ERROR",
			[]string{started, `{"type":"STEP_STARTED","stepName":"1"}`}, protocol.Ending{}, []string{incomplete}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var progress protocol.Progress
			for _, event := range aguitest.Parse(t, test.events...) {
				if err := progress.Observe(event); err != nil {
					t.Fatal(err)
				}
			}
			closing := progress.Finalize(test.ending)
			var got []string
			for _, event := range closing {
				got = append(got, string(aguitest.Encode(t, event).JSON()))
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			// What it returns is what the protocol asks for.
			for _, event := range closing {
				if err := progress.Observe(event); err != nil {
					t.Error(err)
				}
			}
			if !progress.Terminated() {
				t.Error("the run has not ended")
			}
		})
	}
}

func TestClosersLetARunFinish(t *testing.T) {
	var progress protocol.Progress
	for _, event := range aguitest.Parse(t,
		`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`,
		`{"type":"STEP_STARTED","stepName":"1"}`,
		`{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"m"}`) {
		if err := progress.Observe(event); err != nil {
			t.Fatal(err)
		}
	}
	finished := agui.RunFinishedEvent{ThreadID: "t", RunID: "r"}
	if err := progress.Observe(finished); err == nil {
		t.Fatal("RUN_FINISHED is taken with a message open")
	}
	var got []string
	for _, event := range progress.Closers() {
		got = append(got, string(event.EventType()))
		if err := progress.Observe(event); err != nil {
			t.Error(err)
		}
	}
	if want := "TEXT_MESSAGE_END TOOL_CALL_END STEP_FINISHED"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := progress.Observe(finished); err != nil {
		t.Error(err)
	}
}

func TestObserveSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ event, want string }{
		"a delta of nothing":        {`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"x"}`, `TEXT_MESSAGE_CONTENT: no text message "m" is open`},
		"arguments of no call":      {`{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"x"}`, `TOOL_CALL_ARGS: no tool call "c" is open`},
		"an event without its id":   {`{"type":"TEXT_MESSAGE_START"}`, `TEXT_MESSAGE_START: messageId is missing`},
		"a chunk":                   {`{"type":"TEXT_MESSAGE_CHUNK","messageId":"m"}`, `TEXT_MESSAGE_CHUNK: chunks must be expanded`},
		"a second start":            {`{"type":"RUN_STARTED","threadId":"t","runId":"r"}`, `RUN_STARTED: the run has started already`},
		"a subagent of no subagent": {`{"type":"SUBAGENT_STARTED","subagentRunId":"s","name":"n","parentSubagentRunId":"p"}`, `SUBAGENT_STARTED: subagent "p", which began it, has not started`},
	} {
		t.Run(name, func(t *testing.T) {
			var progress protocol.Progress
			if err := progress.Observe(agui.RunStartedEvent{ThreadID: "t", RunID: "r"}); err != nil {
				t.Fatal(err)
			}
			if err := progress.Observe(aguitest.Parse(t, test.event)[0]); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestExpanderDoesNotAllocateForOtherEvents(t *testing.T) {
	var expander protocol.Expander
	var event agui.Event = aguitest.Encode(t, agui.TextMessageContentEvent{MessageID: "m", Delta: "x"})
	room := make([]agui.Event, 0, 4)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := expander.Expand(room[:0], event); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestExpanderCloses(t *testing.T) {
	var expander protocol.Expander
	events, err := expander.Expand(nil, agui.TextMessageChunkEvent{MessageID: "m", Delta: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, event := range expander.Close(events) {
		got = append(got, string(event.EventType()))
	}
	if want := "TEXT_MESSAGE_START TEXT_MESSAGE_CONTENT TEXT_MESSAGE_END"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if more := expander.Close(nil); len(more) > 0 {
		t.Errorf("a second Close returns %v", more)
	}
}

func BenchmarkObserve(b *testing.B) {
	for name, event := range map[string]agui.Event{
		"struct":  agui.TextMessageContentEvent{MessageID: "m", Delta: "x"},
		"encoded": aguitest.Encode(b, agui.TextMessageContentEvent{MessageID: "m", Delta: "x"}),
	} {
		b.Run(name, func(b *testing.B) {
			var progress protocol.Progress
			for _, before := range []agui.Event{agui.RunStartedEvent{}, agui.TextMessageStartEvent{MessageID: "m"}} {
				if err := progress.Observe(before); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := progress.Observe(event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkObserveCalls is the cost of a tool call in a run that has many.
func BenchmarkObserveCalls(b *testing.B) {
	var progress protocol.Progress
	if err := progress.Observe(agui.RunStartedEvent{ThreadID: "t", RunID: "r"}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		id := strconv.Itoa(n)
		for _, event := range []agui.Event{
			agui.ToolCallStartEvent{ToolCallID: id, ToolCallName: "f"},
			agui.ToolCallEndEvent{ToolCallID: id},
			agui.ToolCallResultEvent{ToolCallID: id, MessageID: "m"},
		} {
			if err := progress.Observe(event); err != nil {
				b.Fatal(err)
			}
		}
	}
}
