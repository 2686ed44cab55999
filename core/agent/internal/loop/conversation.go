package loop

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// unanswered is the result of a call that nothing has answered, since the run was
// stopped or the person wrote something else. Providers refuse conversations in
// which a call has no result.
const unanswered = `{"status":"unanswered"}`

// Conversation returns a run's messages as a [model.Request] has them: results
// directly follow their calls, each once, whether they come from the thread or from
// resume. No two calls have the same id, and all have a name. Activity messages are dropped, and so are system and developer messages
// unless they are asked for.
func Conversation(input *agui.RunAgentInput, withSystem, withDeveloper bool) ([]agui.Message, error) {
	results, err := toolResults(input)
	if err != nil {
		return nil, err
	}
	messages := make([]agui.Message, 0, len(input.Messages)+1)
	ids := make(callIDs)
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
			messages = appendAssistant(messages, m, results, ids)
		}
	}
	return messages, nil
}

// appendAssistant appends an assistant's message and the results of its calls.
func appendAssistant(messages []agui.Message, m *agui.Message, results map[string]string, ids callIDs) []agui.Message {
	assistant := *m
	assistant.ToolCalls = slices.DeleteFunc(slices.Clone(m.ToolCalls), func(call agui.ToolCall) bool { return call.Name == "" })
	if m.Content.Text() == "" && len(assistant.ToolCalls) == 0 {
		return messages // nothing was said
	}
	at := len(messages)
	messages = append(messages, assistant)
	for i := range assistant.ToolCalls {
		call := &messages[at].ToolCalls[i]
		result, ok := results[call.ID]
		if !ok {
			result = unanswered
		}
		call.ID, call.Arguments = ids.unique(call.ID), objectArguments(call.Arguments)
		messages = append(messages, agui.Message{Role: agui.RoleTool, ToolCallID: call.ID, Content: agui.TextContent(result)})
	}
	return messages
}

// callIDs counts the calls of a conversation by their ids. A client, or the runtime that
// a thread comes from, may have used one twice, which providers refuse.
type callIDs map[string]int

// unique returns an id that no call has had yet, the given one if possible. It is the
// same in each run.
func (ids callIDs) unique(id string) string {
	if id == "" {
		id = "call"
	}
	unique := id
	for ids[unique] > 0 {
		ids[id]++
		unique = id + "_" + strconv.Itoa(ids[id])
	}
	ids[unique]++
	return unique
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
