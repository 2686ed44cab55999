package loop

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// unanswered is what the model is told of a call that nothing ever answered: the
// run was stopped, or the person wrote something else. Providers refuse a thread
// with a call that has no result.
const unanswered = `{"status":"unanswered"}`

// Conversation returns a run's messages as models are asked with them: results
// follow their calls directly, each once, whether they are in the thread or in
// resume. Activity messages are for the front end alone. The thread's system and
// developer messages are left out unless they are let through.
func Conversation(input *agui.RunAgentInput, withSystem, withDeveloper bool) ([]agui.Message, error) {
	results, err := toolResults(input)
	if err != nil {
		return nil, err
	}
	messages := make([]agui.Message, 0, len(input.Messages)+1)
	for i := range input.Messages {
		m := &input.Messages[i]
		switch m.Role {
		case agui.RoleSystem:
			if withSystem {
				messages = append(messages, *m)
			}
		case agui.RoleDeveloper:
			if withDeveloper {
				messages = append(messages, *m)
			}
		case agui.RoleUser, agui.RoleReasoning:
			messages = append(messages, *m)
		case agui.RoleAssistant:
			messages = appendAssistant(messages, m, results)
		}
	}
	return messages, nil
}

// appendAssistant appends an assistant's message and the results of its calls.
func appendAssistant(messages []agui.Message, m *agui.Message, results map[string]string) []agui.Message {
	if m.Content.Text() == "" && len(m.ToolCalls) == 0 {
		return messages // nothing was said
	}
	assistant := *m
	assistant.ToolCalls = slices.Clone(m.ToolCalls)
	for i := range assistant.ToolCalls {
		call := &assistant.ToolCalls[i]
		call.Arguments = objectArguments(call.Arguments)
	}
	messages = append(messages, assistant)
	for _, call := range m.ToolCalls {
		result, ok := results[call.ID]
		if !ok {
			result = unanswered
		}
		messages = append(messages, agui.Message{Role: agui.RoleTool, ToolCallID: call.ID, Content: agui.TextContent(result)})
	}
	return messages
}

// objectArguments returns arguments that a provider takes. It refuses a thread
// with arguments that aren't an object, and a model sometimes writes such.
func objectArguments(arguments string) string {
	data := bytes.TrimSpace([]byte(arguments))
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return "{}"
	}
	return arguments
}

// toolResults gathers the results of tool calls by the calls' ids. What the
// thread already holds wins over resume, so that an interrupt is answered once.
func toolResults(input *agui.RunAgentInput) (map[string]string, error) {
	results, called := map[string]string{}, map[string]bool{}
	for i := range input.Messages {
		m := &input.Messages[i]
		for _, call := range m.ToolCalls {
			called[call.ID] = true
		}
		if m.Role == agui.RoleTool {
			results[m.ToolCallID] = resultText(m)
		}
	}
	for _, entry := range input.Resume {
		if !called[entry.InterruptID] {
			return nil, &agent.Error{
				Code:    "unknown_interrupt",
				Message: "The run can't be resumed: the thread has no open question with that id.",
			}
		}
		if _, ok := results[entry.InterruptID]; !ok {
			results[entry.InterruptID] = resumeText(entry)
		}
	}
	return results, nil
}

// resultText returns a recorded result, or the error that stands for one.
func resultText(m *agui.Message) string {
	if text := m.Content.Text(); text != "" || m.Error == "" {
		return text
	}
	return string(errorResult(m.Error))
}

// resumeText returns the answer to an interrupt as the result of its tool call.
func resumeText(entry agui.ResumeEntry) string {
	switch {
	case entry.Status == "cancelled":
		return `{"status":"cancelled"}`
	case len(entry.Payload) == 0 || string(entry.Payload) == "null":
		return `{"status":"resolved"}`
	}
	return compact(entry.Payload)
}

// compact returns JSON without its insignificant space.
func compact(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// errorResult returns a tool's result that says what went wrong.
func errorResult(text string) json.RawMessage {
	result, err := json.Marshal(map[string]string{"error": text})
	if err != nil { // a string always marshals
		return json.RawMessage(`{"error":"the tool failed"}`)
	}
	return result
}
