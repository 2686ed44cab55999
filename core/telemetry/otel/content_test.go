package otel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/telemetry"
	"github.com/copilotkit-go/runtime/test/otlptest"
)

// ask lets an observer see a call of a model, and returns the attributes of its span.
func ask(t *testing.T, content bool, call telemetry.ModelCall, result telemetry.ModelResult) map[string]any {
	t.Helper()
	collector := otlptest.New(t)
	config := newConfig(t, collector.URL)
	config.Content = content
	observer := start(t, config)
	if observer.Content() != content {
		t.Errorf("it says that it wants content: %t", observer.Content())
	}
	serve(observer, nil, func(ctx context.Context) {
		_, answered := observer.Model(ctx, call)
		answered(result)
	})
	return otlptest.Attributes(collector.Spans()[0].Attributes)
}

func conversation() (telemetry.ModelCall, telemetry.ModelResult) {
	return telemetry.ModelCall{
			Provider: "openai", Model: "gpt-4o", System: []string{"be kind"}, Tools: []string{"weather"},
			Messages: []agui.Message{
				{Role: agui.RoleUser, Content: agui.TextContent("a question")},
				{Role: agui.RoleReasoning, Content: agui.TextContent("a thought")},
				{Role: agui.RoleAssistant, ToolCalls: []agui.ToolCall{{ID: "call-1", Name: "weather", Arguments: `{"city":"Rome"}`}, {ID: "call-2", Arguments: "broken"}}},
				{Role: agui.RoleTool, ToolCallID: "call-1", Content: agui.TextContent("sunny")},
			},
		}, telemetry.ModelResult{
			FinishReason: "stop", Answer: []agui.Message{{Role: agui.RoleAssistant, Content: agui.TextContent("an answer")}},
		}
}

func TestPromptsAndAnswersAreThereOnlyIfTheyAreAskedFor(t *testing.T) {
	call, result := conversation()
	for key, value := range ask(t, false, call, result) {
		if text := fmt.Sprint(value); strings.Contains(text, "answer") || strings.Contains(text, "question") || strings.Contains(text, "kind") {
			t.Errorf("without the opt-in there is %s: %s", key, text)
		}
	}
	attributes := ask(t, true, call, result)
	for key, want := range map[string]string{
		"gen_ai.system_instructions": `[{"type":"text","content":"be kind"}]`,
		"gen_ai.tool.definitions":    `[{"type":"function","name":"weather"}]`,
		"gen_ai.output.messages":     `[{"role":"assistant","parts":[{"type":"text","content":"an answer"}],"finish_reason":"stop"}]`,
		"gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"a question"}]},` +
			`{"role":"assistant","parts":[{"type":"reasoning","content":"a thought"}]},` +
			`{"role":"assistant","parts":[{"type":"tool_call","id":"call-1","name":"weather","arguments":{"city":"Rome"}},{"type":"tool_call","id":"call-2"}]},` +
			`{"role":"tool","parts":[{"type":"tool_call_response","id":"call-1","response":"sunny"}]}]`,
	} {
		if attributes[key] != want {
			t.Errorf("%s is %v, want %s", key, attributes[key], want)
		}
	}
}

func TestAnAnswerIsOneMessage(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, test := range map[string]struct {
		result telemetry.ModelResult
		want   string
	}{
		"with its thoughts": {
			telemetry.ModelResult{FinishReason: "stop", Answer: []agui.Message{
				{Role: agui.RoleReasoning, Content: agui.TextContent("a thought")}, {Role: agui.RoleAssistant, Content: agui.TextContent("an answer")},
			}},
			`[{"role":"assistant","parts":[{"type":"reasoning","content":"a thought"},{"type":"text","content":"an answer"}],"finish_reason":"stop"}]`,
		},
		"that was broken off": {
			telemetry.ModelResult{Err: context.Canceled, Answer: []agui.Message{{Role: agui.RoleAssistant, Content: agui.TextContent("an")}}},
			`[{"role":"assistant","parts":[{"type":"text","content":"an"}],"finish_reason":"error"}]`,
		},
		"of which the end is kept if it is too long": {
			telemetry.ModelResult{FinishReason: "stop", Answer: []agui.Message{
				{Role: agui.RoleReasoning, Content: agui.TextContent(long)}, {Role: agui.RoleReasoning, Content: agui.TextContent(long)},
				{Role: agui.RoleReasoning, Content: agui.TextContent(long)}, {Role: agui.RoleReasoning, Content: agui.TextContent(long)},
				{Role: agui.RoleAssistant, Content: agui.TextContent("an answer")},
			}},
			`{"type":"text","content":"an answer"}],"finish_reason":"stop"}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := ask(t, true, telemetry.ModelCall{}, test.result)["gen_ai.output.messages"].(string)
			if !strings.HasSuffix(got, test.want) || !json.Valid([]byte(got)) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestOfALongConversationTheNewestMessagesAreKept(t *testing.T) {
	call, result := conversation()
	for n := range 5000 {
		call.Messages = append(call.Messages, agui.Message{Role: agui.RoleUser, Content: agui.TextContent(fmt.Sprintf("message %d %s", n, strings.Repeat("\"é\xff", 200)))})
	}
	call.Messages = append(call.Messages, agui.Message{Role: agui.RoleUser, Content: agui.TextContent(strings.Repeat("the last one ", 100_000))})
	encoded, _ := ask(t, true, call, result)["gen_ai.input.messages"].(string)
	var messages []struct {
		Parts []struct{ Content string }
	}
	if err := json.Unmarshal([]byte(encoded), &messages); err != nil {
		t.Fatal(err)
	}
	if len(encoded) > 32<<10 || len(messages) < 5 || !strings.HasPrefix(messages[len(messages)-1].Parts[0].Content, "the last one") {
		t.Errorf("there are %d messages in %d bytes", len(messages), len(encoded))
	}
	if !strings.HasPrefix(messages[len(messages)-2].Parts[0].Content, "message 4999 ") {
		t.Errorf("the one before it is %q", messages[len(messages)-2].Parts[0].Content)
	}
}
