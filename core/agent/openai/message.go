package openai

import (
	"bytes"
	"encoding/json"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// message is a message as the provider gets it.
type message struct {
	Role string `json:"role"`
	// Content is a string, a []part, or nil for none.
	Content          any               `json:"content,omitempty"`
	ReasoningContent string            `json:"reasoning_content,omitempty"`
	ToolCalls        []messageToolCall `json:"tool_calls,omitempty"`
	ToolCallID       string            `json:"tool_call_id,omitempty"`
}

type messageToolCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
	ExtraContent json.RawMessage `json:"extra_content,omitempty"`
}

// newMessageToolCall repeats a call to the provider. Providers refuse a thread
// with arguments that aren't an object, and a model sometimes writes such.
func newMessageToolCall(id, name, arguments string, signature json.RawMessage) messageToolCall {
	call := messageToolCall{ID: id, Type: "function", ExtraContent: signature}
	call.Function.Name = name
	call.Function.Arguments = arguments
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &object) != nil || object == nil {
		call.Function.Arguments = "{}"
	}
	return call
}

// noAnswer is what the model is told of a call that nothing ever answered: the
// run was stopped, or the person wrote something else. Providers refuse a thread
// with a call that has no result.
const noAnswer = `{"status":"unanswered"}`

// messagesOf turns a run's messages into the provider's. Results follow their
// calls directly, each once, whether they are in the thread or in resume.
// Activity and reasoning messages are for the front end alone.
func messagesOf(input *agui.RunAgentInput, forwardSystem, forwardDeveloper bool) ([]message, error) {
	answers, err := answersOf(input)
	if err != nil {
		return nil, err
	}
	messages := make([]message, 0, len(input.Messages)+1)
	for i := range input.Messages {
		m := &input.Messages[i]
		switch m.Role {
		case agui.RoleSystem:
			if forwardSystem {
				messages = append(messages, message{Role: "system", Content: m.Content.Text()})
			}
		case agui.RoleDeveloper:
			if forwardDeveloper {
				messages = append(messages, message{Role: "system", Content: m.Content.Text()})
			}
		case agui.RoleUser:
			content, err := userContent(m.Content)
			if err != nil {
				return nil, err
			}
			messages = append(messages, message{Role: "user", Content: content})
		case agui.RoleAssistant:
			messages = appendAssistant(messages, m, answers)
		}
	}
	return messages, nil
}

// appendAssistant appends an assistant's message and the results of its calls.
func appendAssistant(messages []message, m *agui.Message, answers map[string]string) []message {
	assistant := message{Role: "assistant"}
	if text := m.Content.Text(); text != "" {
		assistant.Content = text
	}
	var results []message
	for _, call := range m.ToolCalls {
		assistant.ToolCalls = append(assistant.ToolCalls, newMessageToolCall(call.ID, call.Name, call.Arguments, signatureOf(call.EncryptedValue)))
		answer, ok := answers[call.ID]
		if !ok {
			answer = noAnswer
		}
		results = append(results, message{Role: "tool", ToolCallID: call.ID, Content: answer})
	}
	if assistant.Content == nil && len(assistant.ToolCalls) == 0 {
		return messages // nothing was said
	}
	return append(append(messages, assistant), results...)
}

// answersOf gathers the results of tool calls by the calls' ids. What the
// thread already holds wins over resume, so that an interrupt is answered once.
func answersOf(input *agui.RunAgentInput) (map[string]string, error) {
	answers, known := map[string]string{}, map[string]bool{}
	for i := range input.Messages {
		m := &input.Messages[i]
		for _, call := range m.ToolCalls {
			known[call.ID] = true
		}
		if m.Role == agui.RoleTool {
			answers[m.ToolCallID] = resultText(m)
		}
	}
	for _, entry := range input.Resume {
		if !known[entry.InterruptID] {
			return nil, &agent.Error{
				Code:    "unknown_interrupt",
				Message: "The run can't be resumed: the thread has no open question with that id.",
			}
		}
		if _, ok := answers[entry.InterruptID]; !ok {
			answers[entry.InterruptID] = resumeText(entry)
		}
	}
	return answers, nil
}

// resultText is a recorded result, or the error that stands for one.
func resultText(m *agui.Message) string {
	if text := m.Content.Text(); text != "" || m.Error == "" {
		return text
	}
	return string(errorResult(m.Error))
}

// resumeText is the answer to an interrupt as the result of its tool call.
func resumeText(entry agui.ResumeEntry) string {
	switch {
	case entry.Status == "cancelled":
		return `{"status":"cancelled"}`
	case len(entry.Payload) == 0 || string(entry.Payload) == "null":
		return `{"status":"resolved"}`
	}
	return compacted(entry.Payload)
}

// compacted gives JSON without its insignificant space.
func compacted(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// errorResult is a tool's result that says what went wrong.
func errorResult(text string) json.RawMessage {
	result, err := json.Marshal(map[string]string{"error": text})
	if err != nil { // a string always marshals
		return json.RawMessage(`{"error":"the tool failed"}`)
	}
	return result
}
