package mcpapps_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/copilotkit-go/runtime/core/agent/mcp"
	"github.com/copilotkit-go/runtime/core/agent/mcpapps"
	"github.com/copilotkit-go/runtime/core/agui"
)

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// stable replaces what differs from run to run.
func stable(lines []string) []string {
	hash := regexp.MustCompile(`"serverHash":"[0-9a-f]{32}"`)
	for i := range lines {
		lines[i] = hash.ReplaceAllString(uuid.ReplaceAllString(lines[i], "ID"), `"serverHash":"HASH"`)
	}
	return lines
}

func TestAnOpenCallIsMadeAndShown(t *testing.T) {
	t.Parallel()
	forBothTransports(t, func(t *testing.T, transport mcp.Transport) {
		t.Parallel()
		server := newAppServer(t, answers("a", withPage(), &sdk.CallToolResult{
			Content:           []sdk.Content{&sdk.TextContent{Text: "<one>"}, &sdk.TextContent{Text: "two"}},
			StructuredContent: map[string]any{"x": 1},
		}, nil))
		of := server.at(transport)
		of.ServerID = "app1"
		inner := &played{events: append(calling("1", "a", `{"q": `, `"z"}`), finished())}
		got, err := run(t.Context(), t, appsOf(t, of), inner, input())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			`{"type":"TOOL_CALL_START","toolCallId":"1","toolCallName":"a"}`,
			`{"type":"TOOL_CALL_ARGS","toolCallId":"1","delta":"{\"q\": "}`,
			`{"type":"TOOL_CALL_ARGS","toolCallId":"1","delta":"\"z\"}"}`,
			`{"type":"TOOL_CALL_END","toolCallId":"1"}`,
			`{"type":"TOOL_CALL_RESULT","messageId":"ID","toolCallId":"1","content":"<one>\ntwo"}`,
			`{"type":"ACTIVITY_SNAPSHOT","messageId":"ID","activityType":"mcp-apps","content":{"result":{"content":[{"type":"text","text":"<one>"},` +
				`{"type":"text","text":"two"}],"structuredContent":{"x":1}},"resourceUri":"ui://page","serverHash":"HASH","serverId":"app1","toolInput":{"q":"z"}},"replace":true}`,
			`{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`,
		}
		if got := stable(got); !slices.Equal(got, want) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		if n := server.open(); n > 0 {
			t.Errorf("%d sessions are open after the run", n)
		}
	})
}

func TestWhatACallComesTo(t *testing.T) {
	t.Parallel()
	text := func(text string) []sdk.Content { return []sdk.Content{&sdk.TextContent{Text: text}} }
	for name, c := range map[string]struct {
		result    *sdk.CallToolResult
		err       error
		arguments string
		// want is the content of the result, card whether there is one.
		want string
		card string
	}{
		"a text":                      {&sdk.CallToolResult{Content: text("hi")}, nil, `{}`, `hi`, `"result":{"content":[{"type":"text","text":"hi"}]`},
		"no arguments":                {&sdk.CallToolResult{Content: text("hi")}, nil, ``, `hi`, `"toolInput":{}`},
		"an image":                    {&sdk.CallToolResult{Content: []sdk.Content{&sdk.ImageContent{Data: []byte("x"), MIMEType: "image/png"}}}, nil, `{}`, `[{"type":"image","mimeType":"image/png","data":"eA=="}]`, `"image"`},
		"nothing but structure":       {&sdk.CallToolResult{StructuredContent: map[string]any{"a": 1}}, nil, `{}`, `[]`, `"structuredContent":{"a":1}`},
		"a failure of the tool":       {&sdk.CallToolResult{Content: text("no luck"), IsError: true}, nil, `{}`, `no luck`, `"isError":true`},
		"an error of the protocol":    {nil, errors.New("boom at 10.0.0.1"), `{}`, `{"error":"MCP tool execution failed"}`, ``},
		"arguments that aren't JSON":  {nil, nil, `{"a":`, `{"error":"Invalid MCP tool arguments"}`, ``},
		"arguments that are a list":   {nil, nil, `[1]`, `{"error":"Invalid MCP tool arguments"}`, ``},
		"arguments followed by more":  {nil, nil, `{} {}`, `{"error":"Invalid MCP tool arguments"}`, ``},
		"arguments of five megabytes": {nil, nil, `{"a":"` + strings.Repeat("x", 5<<20) + `"}`, `{"error":"Invalid MCP tool arguments"}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAppServer(t, answers("a", withPage(), c.result, c.err))
			inner := &played{events: append(calling("1", "a", c.arguments), finished())}
			lines, err := run(t.Context(), t, appsOf(t, server.at(mcp.StreamableHTTP)), inner, input())
			if err != nil {
				t.Fatal(err)
			}
			content, cards := "", ""
			for _, line := range lines {
				event, err := agui.UnmarshalEvent([]byte(line))
				if err != nil {
					t.Fatal(err)
				}
				switch event := event.(type) {
				case agui.ToolCallResultEvent:
					content += event.Content
				case agui.ActivitySnapshotEvent:
					cards += string(event.Content)
				}
			}
			if content != c.want || (cards == "") != (c.card == "") || !strings.Contains(cards, c.card) {
				t.Errorf("the result is %q, with the card %s", content, cards)
			}
			if c.result == nil && c.err == nil && server.asked("tools/call") > 0 {
				t.Error("the server was called")
			}
		})
	}
}

func TestWhichCallsAreMade(t *testing.T) {
	t.Parallel()
	encoded := func(json string) agui.Event {
		event, err := agui.ParseEncoded([]byte(json))
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	dangling := []agui.Message{{ID: "m", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "old", Name: "a", Arguments: "{}"}}}}
	for name, c := range map[string]struct {
		events   []agui.Event
		err      error
		messages []agui.Message
		want     int
		// last is the type of the last event.
		last string
	}{
		"one":                          {events: append(calling("1", "a"), finished()), want: 1, last: "RUN_FINISHED"},
		"six":                          {events: append(slices.Concat(calling("1", "a"), calling("2", "a"), calling("3", "a"), calling("4", "a"), calling("5", "a"), calling("6", "a")), finished()), want: 6, last: "RUN_FINISHED"},
		"one of another tool":          {events: append(calling("1", "other"), finished()), last: "RUN_FINISHED"},
		"one of a tool for pages":      {events: append(calling("1", "page-only"), finished()), last: "RUN_FINISHED"},
		"one that the agent answers":   {events: append(calling("1", "a"), agui.ToolCallResultEvent{ToolCallID: "1", MessageID: "x"}, finished()), last: "RUN_FINISHED"},
		"one in chunks":                {events: []agui.Event{agui.ToolCallChunkEvent{ToolCallID: "1", ToolCallName: "a", Delta: `{"a"`}, agui.ToolCallChunkEvent{Delta: ":1}"}, finished()}, want: 1, last: "RUN_FINISHED"},
		"one that is encoded":          {events: []agui.Event{encoded(`{"type":"TOOL_CALL_START","toolCallId":"1","toolCallName":"a"}`), encoded(`{"type":"TOOL_CALL_ARGS","toolCallId":"1","delta":"{}"}`), encoded(`{"type":"TOOL_CALL_END","toolCallId":"1"}`), encoded(`{"type":"RUN_FINISHED","threadId":"t","runId":"r"}`)}, want: 1, last: "RUN_FINISHED"},
		"one answered in encoded form": {events: []agui.Event{encoded(`{"type":"TOOL_CALL_CHUNK","toolCallId":"1","toolCallName":"a","delta":"{}"}`), encoded(`{"type":"TOOL_CALL_RESULT","toolCallId":"1","messageId":"m","content":""}`), finished()}, last: "RUN_FINISHED"},
		"one in a snapshot":            {events: []agui.Event{agui.MessagesSnapshotEvent{Messages: []agui.Message{{ID: "m", Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "1", Name: "a", Arguments: "{}"}}}}}, finished()}, want: 1, last: "RUN_FINISHED"},
		"one answered in a snapshot":   {events: []agui.Event{encoded(`{"type":"MESSAGES_SNAPSHOT","messages":[{"id":"m","role":"assistant","toolCalls":[{"id":"1","type":"function","function":{"name":"a","arguments":"{}"}}]},{"id":"n","role":"tool","toolCallId":"1","content":"x"}]}`), finished()}, last: "RUN_FINISHED"},
		"one of an earlier run":        {events: []agui.Event{agui.MessagesSnapshotEvent{Messages: dangling}, finished()}, messages: dangling, last: "RUN_FINISHED"},
		"one in a run that fails":      {events: calling("1", "a"), err: errAgent, last: "TOOL_CALL_END"},
		"one in a run with RUN_ERROR":  {events: append(calling("1", "a"), agui.RunErrorEvent{Message: "x"}), last: "RUN_ERROR"},
		"one in a run without an end":  {events: calling("1", "a"), last: "TOOL_CALL_END"},
		"one before a late event":      {events: append(calling("1", "a"), finished(), agui.CustomEvent{Name: "late"}), last: "CUSTOM"},
		"one before a late failure":    {events: append(calling("1", "a"), finished()), err: errAgent, last: "RUN_FINISHED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newAppServer(t, shows("a", withPage()), shows("page-only", withPage("app")))
			in := input()
			in.Messages = c.messages
			lines, err := run(t.Context(), t, appsOf(t, server.at(mcp.StreamableHTTP)), &played{events: c.events, err: c.err}, in)
			if !errors.Is(err, c.err) {
				t.Fatalf("the run fails with %v", err)
			}
			all := strings.Join(lines, "\n")
			if got := strings.Count(all, `"mcp-apps"`); got != c.want || server.asked("tools/call") != c.want {
				t.Errorf("%d cards and %d calls in\n%s", got, server.asked("tools/call"), all)
			}
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, `{"type":"`+c.last+`"`) {
				t.Errorf("the last event is %s", last)
			}
		})
	}
}

func TestResultsComeInTheOrderOfTheCalls(t *testing.T) {
	t.Parallel()
	slow, fast := make(chan struct{}), make(chan struct{})
	server := newAppServer(t, func(s *sdk.Server) {
		s.AddTool(&sdk.Tool{Name: "slow", InputSchema: map[string]any{"type": "object"}, Meta: withPage()},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				<-fast // which is called beside it
				close(slow)
				return &sdk.CallToolResult{}, nil
			})
		s.AddTool(&sdk.Tool{Name: "fast", InputSchema: map[string]any{"type": "object"}, Meta: withPage()},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				close(fast)
				<-slow
				return &sdk.CallToolResult{}, nil
			})
	})
	inner := &played{events: append(append(calling("1", "slow"), calling("2", "fast")...), finished())}
	lines, err := run(t.Context(), t, appsOf(t, server.at(mcp.StreamableHTTP)), inner, input())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, line := range lines {
		if strings.HasPrefix(line, `{"type":"TOOL_CALL_RESULT"`) {
			order = append(order, line[strings.Index(line, `"toolCallId"`):][:16])
		}
	}
	if want := []string{`"toolCallId":"1"`, `"toolCallId":"2"`}; !slices.Equal(order, want) {
		t.Errorf("got %v", order)
	}
}

func TestAStopEndsTheCall(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	server := newAppServer(t, func(s *sdk.Server) {
		s.AddTool(&sdk.Tool{Name: "hang", InputSchema: map[string]any{"type": "object"}, Meta: withPage()},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
				close(entered)
				<-release // whether or not the server is told in time
				return &sdk.CallToolResult{}, nil
			})
	})
	t.Cleanup(func() { close(release) })
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-entered
		stop()
	}()
	_, err := run(ctx, t, appsOf(t, server.at(mcp.StreamableHTTP)), &played{events: append(calling("1", "hang"), finished())}, input())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the run ends with %v", err)
	}
}

func TestWhatAServerSaysOfAFailureIsOnlyLogged(t *testing.T) {
	t.Parallel()
	var log lockedBuilder
	server := newAppServer(t, answers("a", withPage(), nil, errors.New("boom at db.internal, key sesame-sesame")))
	of := server.at(mcp.StreamableHTTP)
	of.Headers = map[string]string{"X-Key": "sesame-sesame"}
	apps := newApps(t, mcpapps.Config{Servers: []mcpapps.Server{of}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	lines, err := run(t.Context(), t, apps, &played{events: append(calling("1", "a"), finished())}, input())
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t.Context(), t, apps, "default", fmt.Sprintf(`{"serverHash":%q,"method":"tools/call","params":{"name":"a"}}`, hashOf("http", of.URL)))
	if all := strings.Join(lines, "\n") + answer; strings.Contains(all, "boom") || !strings.Contains(answer, "MCP request failed") {
		t.Errorf("clients are told\n%s", all)
	}
	if text := log.String(); !strings.Contains(text, "boom") || strings.Contains(text, "sesame") {
		t.Errorf("the log is\n%s", text)
	}
}
