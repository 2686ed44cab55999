package openai

import (
	"encoding/json"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
)

// message is a message in the provider's form.
type message struct {
	Role string `json:"role"`
	// Content is a string, a []part, or nil for none.
	Content          any        `json:"content,omitempty"`
	ReasoningContent string     `json:"reasoning_content,omitempty"`
	ToolCalls        []toolCall `json:"tool_calls,omitempty"`
	ToolCallID       string     `json:"tool_call_id,omitempty"`
}

type toolCall struct {
	ID       string           `json:"id"`
	Type     string           `json:"type"`
	Function toolCallFunction `json:"function"`
	// ExtraContent is the data that the provider sent with the call.
	ExtraContent json.RawMessage `json:"extra_content,omitempty"`
}

type toolCallFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// messages converts the conversation.
func (e *endpoint) messages(request *model.Request) ([]message, error) {
	messages := make([]message, 0, len(request.System)+len(request.Messages))
	for _, prompt := range request.System {
		messages = append(messages, message{Role: "system", Content: prompt})
	}
	var reasoning strings.Builder
	for i := range request.Messages {
		m := &request.Messages[i]
		inThisRun := i >= request.History
		switch m.Role {
		case agui.RoleSystem, agui.RoleDeveloper:
			messages = append(messages, message{Role: "system", Content: m.Content.Text()})
		case agui.RoleUser:
			content, err := gpt.UserContent(m.Content, userPart)
			if err != nil {
				return nil, err
			}
			messages = append(messages, message{Role: "user", Content: content})
		case agui.RoleReasoning:
			if e.provider.echoReasoning && inThisRun {
				reasoning.WriteString(m.Content.Text())
			}
		case agui.RoleAssistant:
			converted := message{Role: "assistant", ReasoningContent: reasoning.String(), ToolCalls: e.toolCalls(m.ToolCalls, inThisRun)}
			if text := m.Content.Text(); text != "" {
				converted.Content = text
			}
			reasoning.Reset()
			messages = append(messages, converted)
		case agui.RoleTool:
			messages = append(messages, message{Role: "tool", ToolCallID: m.ToolCallID, Content: m.Content.Text()})
		}
	}
	return messages, nil
}

// toolCalls converts the calls of a message.
//
// Gemini signs its tool calls in the field extra_content, and refuses calls without
// a signature. Providers that don't know the field refuse calls with it, also when
// another model has answered an earlier step of the run.
func (e *endpoint) toolCalls(calls []agui.ToolCall, inThisRun bool) []toolCall {
	if len(calls) == 0 {
		return nil
	}
	converted := make([]toolCall, len(calls))
	for i, call := range calls {
		converted[i] = toolCall{ID: call.ID, Type: "function", Function: toolCallFunction{call.Name, call.Arguments}}
		if e.provider.signatures {
			converted[i].ExtraContent = signature(call.EncryptedValue)
		}
	}
	if e.provider.unsigned != "" && !inThisRun && converted[0].ExtraContent == nil {
		converted[0].ExtraContent = json.RawMessage(e.provider.unsigned)
	}
	return converted
}

// signature returns the value if it is Gemini's, and nil otherwise.
func signature(value string) json.RawMessage {
	var members struct {
		Google json.RawMessage `json:"google"`
	}
	if json.Unmarshal([]byte(value), &members) != nil || members.Google == nil {
		return nil
	}
	return json.RawMessage(value)
}

// object returns the value if it is a JSON object that isn't empty, and nil
// otherwise.
func object(value string) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(value), &members) != nil || len(members) == 0 {
		return nil
	}
	return json.RawMessage(value)
}
