package responses

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/gpt"
)

// item is an item of the input. Items have no ids: those are of what a provider stores,
// and it would demand all items that they were stored with.
type item struct {
	Type string `json:"type,omitempty"`
	// Role and Content are those of a message. Content is text or a []part.
	Role    string `json:"role,omitempty"`
	Content any    `json:"content,omitempty"`
	Phase   string `json:"phase,omitempty"`
	// CallID, Name and Arguments are those of a call, Output its result.
	CallID    string  `json:"call_id,omitempty"`
	Name      string  `json:"name,omitempty"`
	Arguments string  `json:"arguments,omitempty"`
	Output    *string `json:"output,omitempty"`
	// EncryptedContent is that of reasoning, which must have a Summary.
	EncryptedContent string    `json:"encrypted_content,omitempty"`
	Summary          *[]string `json:"summary,omitempty"`
}

// input converts the conversation.
func (m *Model) input(request *model.Request, reasons, withReasoning bool) ([]item, error) {
	items := make([]item, 0, len(request.System)+len(request.Messages))
	role := "system"
	if m.gpt.Reasons() {
		role = "developer" // what they call it
	}
	for _, prompt := range request.System {
		items = append(items, item{Role: role, Content: prompt})
	}
	var reasoning []item
	for i := range request.Messages {
		message := &request.Messages[i]
		if message.Role != agui.RoleReasoning && message.Role != agui.RoleAssistant {
			reasoning = reasoning[:0] // led to nothing: the provider refuses it then
		}
		switch message.Role {
		case agui.RoleSystem, agui.RoleDeveloper:
			items = append(items, item{Role: role, Content: message.Content.Text()})
		case agui.RoleUser:
			content, err := gpt.UserContent(message.Content, userPart)
			if err != nil {
				return nil, err
			}
			items = append(items, item{Role: "user", Content: content})
		case agui.RoleReasoning:
			if content := parseData(message.EncryptedValue).Encrypted; content != "" && reasons && withReasoning {
				reasoning = append(reasoning, item{Type: "reasoning", EncryptedContent: content, Summary: &[]string{}})
			}
		case agui.RoleAssistant:
			items = append(items, reasoning...)
			reasoning = reasoning[:0]
			if text := message.Content.Text(); text != "" {
				items = append(items, item{Role: "assistant", Content: text, Phase: parseData(message.EncryptedValue).Phase})
			}
			for _, call := range message.ToolCalls {
				items = append(items, item{Type: "function_call", CallID: callID(call.ID), Name: call.Name, Arguments: call.Arguments})
			}
		case agui.RoleTool:
			output := message.Content.Text()
			items = append(items, item{Type: "function_call_output", CallID: callID(message.ToolCallID), Output: &output})
		}
	}
	return items, nil
}

// maxCallID is the length of the longest id of a call that the provider takes.
const maxCallID = 64

// callID returns the id of a call, which may be another provider's or a client's, as the
// provider takes it.
func callID(id string) string {
	if len(id) <= maxCallID {
		return id
	}
	hash := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(hash[:16])
}

// data is what goes back to the provider with a message, within {"openai":…}.
type data struct {
	// Encrypted is reasoning, encrypted.
	Encrypted string `json:"encrypted,omitempty"`
	// Phase says whether a text was said on the way or is the answer.
	Phase string `json:"phase,omitempty"`
}

// maxData bounds the data that is sent back, in bytes.
const maxData = 4 << 20

// parseData returns the data that a client has sent back, the zero value for that of
// another provider.
func parseData(value string) data {
	var wrapped struct {
		OpenAI data `json:"openai"`
	}
	if len(value) > maxData || json.Unmarshal([]byte(value), &wrapped) != nil {
		return data{}
	}
	if phase := wrapped.OpenAI.Phase; phase != "commentary" && phase != "final_answer" {
		wrapped.OpenAI.Phase = ""
	}
	return wrapped.OpenAI
}

// formatData returns data as a client gets it.
func formatData(d data) (string, error) {
	encoded, err := json.Marshal(map[string]data{"openai": d})
	return string(encoded), err
}
