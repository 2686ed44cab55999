package loop

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// unanswered is the result of a call that nothing has answered, since the run was
// stopped or the person wrote something else. Providers refuse conversations in
// which a call has no result.
const unanswered = `{"status":"unanswered"}`

// Conversation returns a run's messages as a [model.Request] has them: results
// directly follow their calls, each once, whether they come from the thread or from
// resume. Activity messages are dropped, and so are system and developer messages
// unless they are asked for.
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

// objectArguments returns the arguments if they are a JSON object, and an empty
// object otherwise. Models sometimes write other arguments, and providers refuse
// conversations with them.
func objectArguments(arguments string) string {
	data := bytes.TrimSpace([]byte(arguments))
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return "{}"
	}
	return arguments
}

// toolResults returns the results of tool calls by the ids of the calls. Results in
// the thread take precedence over resume, so that an interrupt is answered once.
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

// resultText returns a recorded result, or the error in its place.
func resultText(m *agui.Message) string {
	if text := m.Content.Text(); text != "" || m.Error == "" {
		return text
	}
	return string(errorResult(m.Error))
}

// resumeText returns the answer to an interrupt as the result of the tool call.
func resumeText(entry agui.ResumeEntry) string {
	switch {
	case entry.Status == "cancelled":
		return `{"status":"cancelled"}`
	case len(entry.Payload) == 0 || string(entry.Payload) == "null":
		return `{"status":"resolved"}`
	}
	return compact(entry.Payload)
}

// compact returns JSON without insignificant space.
func compact(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// errorResult returns the result of a tool that failed.
func errorResult(text string) json.RawMessage {
	result, err := json.Marshal(map[string]string{"error": text})
	if err != nil { // unreachable: strings can be marshaled
		return json.RawMessage(`{"error":"the tool failed"}`)
	}
	return result
}
