package agui_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agui"
)

const fullInput = `{"threadId":"t","runId":"r","protocolVersion":"1.0","parentRunId":"p","state":{"n":1.0,"big":12345678901234567890},"messages":[` +
	`{"id":"1","role":"developer","content":"d","name":"n"},` +
	`{"id":"2","role":"system","content":"s","encryptedValue":"e"},` +
	`{"id":"3","role":"user","content":[` +
	`{"type":"text","text":"t","id":"p","metadata":null,"x":1},` +
	`{"type":"image","source":{"type":"url","value":"https://x/y.png"},"metadata":{"a":1}},` +
	`{"type":"audio","source":{"type":"data","value":"AAAA","mimeType":"audio/wav","x":1}},` +
	`{"type":"video","id":"v","source":{"type":"file","value":"h","mimeType":"video/mp4","provider":"openai"}},` +
	`{"type":"document","source":{"type":"url","value":"u"}},` +
	`{"type":"binary","mimeType":"image/png","url":"u","data":"AAAA","filename":"f","id":"i"}]},` +
	`{"id":"4","role":"assistant","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}","strict":true},"encryptedValue":"e","metadata":{"k":null},"index":0}]},` +
	`{"id":"5","role":"tool","content":"out","toolCallId":"c","error":"bad"},` +
	`{"id":"6","role":"activity","activityType":"A","content":{"x":[1]}},` +
	`{"id":"7","role":"reasoning","content":"because","subagentRunId":"s","metadata":{},"createdAt":"2026"},` +
	`{"id":"8","role":"assistant","content":"","toolCalls":[]}],` +
	`"tools":[{"name":"f","description":"d","parameters":{"type":"object"},"metadata":{},"x":1}],` +
	`"context":[{"description":"d","value":"v","x":1}],` +
	`"forwardedProps":{"a":[1,2]},` +
	`"resume":[{"interruptId":"i","status":"resolved","payload":null,"metadata":{},"x":1}],` +
	`"later":{"y":1}}`

func TestRunAgentInputSurvivesARoundTrip(t *testing.T) {
	input, err := agui.UnmarshalRunAgentInput([]byte(fullInput))
	if err != nil {
		t.Fatal(err)
	}
	got, err := input.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != fullInput {
		t.Errorf("\n got %s\nwant %s", got, fullInput)
	}
	var again agui.RunAgentInput
	if err := json.Unmarshal(got, &again); err != nil {
		t.Fatal(err)
	}
	for _, message := range again.Messages {
		data, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		var one agui.Message
		if err := json.Unmarshal(data, &one); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestContentIsWhatItsKindSays(t *testing.T) {
	input, err := agui.UnmarshalRunAgentInput([]byte(fullInput))
	if err != nil {
		t.Fatal(err)
	}
	absent, text, parts, object := input.Messages[3].Content, input.Messages[0].Content, input.Messages[2].Content, input.Messages[5].Content
	if !absent.IsAbsent() || text.IsAbsent() || input.Messages[7].Content.IsAbsent() {
		t.Error("only content that isn't there is absent; empty text is content")
	}
	if text.Text() != "d" || parts.Text() != "t" || object.Text() != "" {
		t.Errorf("texts %q, %q and %q", text.Text(), parts.Text(), object.Text())
	}
	if len(parts.Parts()) != 6 || text.Parts() != nil {
		t.Errorf("%d parts, and %v of a text", len(parts.Parts()), text.Parts())
	}
	if string(object.Object()) != `{"x":[1]}` || text.Object() != nil {
		t.Errorf("object %s, and %s of a text", object.Object(), text.Object())
	}
}

func TestUnmarshalRunAgentInputReadsNull(t *testing.T) {
	input, err := agui.UnmarshalRunAgentInput([]byte(
		`{"threadId":"t","runId":"r","state":null,"forwardedProps":null,"messages":[],"tools":[{"name":"f","description":"","parameters":null}],"context":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if input.State != nil {
		t.Errorf("state is %s, want none", input.State)
	}
	if string(input.ForwardedProps) != "null" {
		t.Errorf("forwardedProps is %s, want null", input.ForwardedProps)
	}
	if input.Tools[0].Parameters != nil {
		t.Errorf("parameters are %s, want none", input.Tools[0].Parameters)
	}
}

func TestUnmarshalRunAgentInputNamesWhatIsWrong(t *testing.T) {
	messages := func(messages string) string {
		return `{"threadId":"t","runId":"r","tools":[],"context":[],"messages":[` + messages + `]}`
	}
	tests := []struct{ name, input, want string }{
		{"no JSON", `{"threadId":`, "invalid JSON at offset 12: unexpected end"},
		{"an empty body", ``, "invalid JSON at offset 0: unexpected end"},
		{"another kind of value", `[]`, "expected object, got array"},
		{"everything missing", `{}`, "threadId: required; runId: required; messages: required; tools: required; context: required"},
		{"wrong types", `{"threadId":1,"runId":null,"parentRunId":{},"messages":{},"tools":"x","context":true,"resume":0}`,
			"threadId: expected string, got number; runId: expected string, got null; parentRunId: expected string, got object; " +
				"messages: expected array, got object; tools: expected array, got string; context: expected array, got boolean; resume: expected array, got number"},
		{"an unknown role", messages(`{"id":"1","role":"robot","content":""}`),
			`messages[0].role: expected "developer" or "system" or "assistant" or "user" or "tool" or "activity" or "reasoning", got "robot"`},
		{"a message without a role", messages(`{"id":"1"}`), `messages[0].role: required`},
		{"a message that is none", messages(`{"id":"1","role":"user","content":""},7`), `messages[1]: expected object, got number`},
		{"a user message without content", messages(`{"id":"1","role":"user"}`), `messages[0].content: required`},
		{"content of a wrong type", messages(`{"id":"1","role":"user","content":{}}`), `messages[0].content: expected string or array, got object`},
		{"null content", messages(`{"id":"1","role":"assistant","content":null}`), `messages[0].content: expected string, got null`},
		{"a tool call without a name", messages(`{"id":"1","role":"assistant","toolCalls":[{"id":"c","type":"function","function":{"arguments":""}}]}`),
			`messages[0].toolCalls[0].function.name: required`},
		{"arguments that are an object", messages(`{"id":"1","role":"assistant","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":{}}}]}`),
			`messages[0].toolCalls[0].function.arguments: expected string, got object`},
		{"a tool message without its call", messages(`{"id":"1","role":"tool","content":""}`), `messages[0].toolCallId: required`},
		{"a binary part without bytes", messages(`{"id":"1","role":"user","content":[{"type":"binary","mimeType":"x","url":""}]}`),
			`messages[0].content[0].id: at least one of id, url and data is required`},
		{"data without a type", messages(`{"id":"1","role":"user","content":[{"type":"image","source":{"type":"data","value":"x"}}]}`),
			`messages[0].content[0].source.mimeType: required`},
		{"an unknown part", messages(`{"id":"1","role":"user","content":[{"type":"smell"}]}`),
			`messages[0].content[0].type: expected "text" or "image" or "audio" or "video" or "document" or "binary", got "smell"`},
		{"null metadata", messages(`{"id":"1","role":"user","content":"","metadata":null}`), `messages[0].metadata: expected object, got null`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := agui.UnmarshalRunAgentInput([]byte(test.input))
			if err == nil || err.Error() != test.want {
				t.Errorf("\n got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestValidationErrorListsABoundedNumberOfIssues(t *testing.T) {
	input := `{"threadId":"t","runId":"r","tools":[],"context":[],"messages":[` + strings.Repeat("0,", 999) + `0]}`
	_, err := agui.UnmarshalRunAgentInput([]byte(input))
	var invalid *agui.ValidationError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	if len(invalid.Issues) != 20 || invalid.More != 980 || !strings.HasSuffix(err.Error(), "; and 980 more") {
		t.Errorf("%d issues and %d more: %v", len(invalid.Issues), invalid.More, err)
	}
}

func BenchmarkUnmarshalRunAgentInput1000Messages(b *testing.B) {
	var messages []string
	for i := range 500 {
		messages = append(messages,
			fmt.Sprintf(`{"id":"user-%d","role":"user","content":"What is the weather in city number %d like today?"}`, i, i),
			fmt.Sprintf(`{"id":"assistant-%d","role":"assistant","content":"Let me see.\n","toolCalls":[{"id":"call-%d","type":"function","function":{"name":"weather","arguments":"{\"city\":%d}"}}]}`, i, i, i))
	}
	input := []byte(`{"threadId":"t","runId":"r","tools":[],"context":[],"state":{},"forwardedProps":{},"messages":[` + strings.Join(messages, ",") + `]}`)
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := agui.UnmarshalRunAgentInput(input); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheDeepestInputFitsIntoAnEvent(t *testing.T) {
	const around = `{"threadId":"t","runId":"r","messages":[],"tools":[],"context":[],"state":%s}`
	nested := func(depth int) []byte {
		return fmt.Appendf(nil, around, strings.Repeat("[", depth)+strings.Repeat("]", depth))
	}
	deepest := 0
	for depth := 960; depth <= 1000; depth++ {
		input, err := agui.UnmarshalRunAgentInput(nested(depth))
		if err != nil {
			continue
		}
		deepest = depth
		encoded, err := agui.Encode(agui.RunStartedEvent{ThreadID: "t", RunID: "r", Input: input})
		if err != nil {
			t.Fatalf("depth %d: %v", depth, err)
		}
		if _, err := agui.ParseEncoded(encoded.JSON()); err != nil {
			t.Fatalf("depth %d: %v", depth, err)
		}
	}
	if deepest == 0 {
		t.Error("no state that nests 960 deep is taken")
	}
}

func TestIDsAreRandomUUIDs(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := make(map[string]bool)
	for range 1000 {
		id := agui.NewID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("%q is no new UUID", id)
		}
		seen[id] = true
	}
}
