package gemini

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
)

// content is a turn of the conversation: the user's, the model's, or that of the
// results of all calls of the turn before.
type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// part is a part of a turn. One of the fields besides the thought and its signature is
// set.
type part struct {
	Text             *string           `json:"text,omitempty"`
	InlineData       *blob             `json:"inlineData,omitempty"`
	FileData         *file             `json:"fileData,omitempty"`
	FunctionCall     *functionCall     `json:"functionCall,omitempty"`
	FunctionResponse *functionResponse `json:"functionResponse,omitempty"`
	Thought          bool              `json:"thought,omitempty"`
	ThoughtSignature string            `json:"thoughtSignature,omitempty"`
}

type functionCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type functionResponse struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	// Response has the result as "output", and a failure as "error".
	Response map[string]string `json:"response"`
}

// conversation converts messages to turns.
type conversation struct {
	endpoint        *endpoint
	allowSignatures bool

	system   []part
	contents []*content
	// names are the tools of the calls so far, by the ids of the calls.
	names map[string]string
	// signed reports whether a turn has a signature of the provider.
	signed bool
}

func (c *conversation) add(request *model.Request) error {
	c.names = make(map[string]string)
	for _, prompt := range request.System {
		c.system = appendText(c.system, prompt)
	}
	for i := range request.Messages {
		m := &request.Messages[i]
		switch m.Role {
		case agui.RoleSystem, agui.RoleDeveloper:
			// The protocol has instructions for the conversation as a whole only.
			c.system = appendText(c.system, m.Content.Text())
		case agui.RoleUser:
			parts, err := userParts(m.Content, c.endpoint.vertex)
			if err != nil {
				return err
			}
			c.user(parts...)
		case agui.RoleReasoning:
			// Thoughts without a signature are a summary for people.
			if signature := c.signature(m.EncryptedValue); signature != "" {
				thought := textPart(m.Content.Text())
				thought.Thought, thought.ThoughtSignature = true, signature
				c.model(thought)
			}
		case agui.RoleAssistant:
			if text := m.Content.Text(); text != "" {
				said := textPart(text)
				said.ThoughtSignature = c.signature(m.EncryptedValue)
				c.model(said)
			}
			c.model(c.calls(m.ToolCalls)...)
		case agui.RoleTool:
			c.result(m)
		}
	}
	if len(c.contents) == 0 || c.contents[0].Role == "model" {
		c.contents = slices.Insert(c.contents, 0, &content{Role: "user", Parts: []part{textPart(blocks.Begins)}})
	}
	if c.contents[len(c.contents)-1].Role == "model" {
		c.user(textPart(blocks.GoesOn))
	}
	if strings.HasPrefix(c.endpoint.Name.Model, "gemma-") {
		// These models have no instructions.
		c.contents[0].Parts, c.system = append(c.system, c.contents[0].Parts...), nil
	}
	return nil
}

// user adds a turn of the user, unless it is empty.
func (c *conversation) user(parts ...part) {
	if len(parts) > 0 {
		c.contents = append(c.contents, &content{Role: "user", Parts: parts})
	}
}

// model adds parts to the model's turn. Calls must follow the user's turn at once, so
// that messages of the model that follow each other are one turn.
func (c *conversation) model(parts ...part) {
	if len(parts) == 0 {
		return
	}
	if last := len(c.contents) - 1; last >= 0 && c.contents[last].Role == "model" {
		c.contents[last].Parts = append(c.contents[last].Parts, parts...)
		return
	}
	c.contents = append(c.contents, &content{Role: "model", Parts: parts})
}

// calls converts the calls of a message. Of calls that are made at once only the first
// is signed.
func (c *conversation) calls(calls []agui.ToolCall) []part {
	parts := make([]part, len(calls))
	for i, call := range calls {
		c.names[call.ID] = call.Name
		arguments := json.RawMessage(call.Arguments)
		if len(arguments) == 0 {
			arguments = json.RawMessage("{}")
		}
		parts[i].FunctionCall = &functionCall{ID: c.id(call.ID), Name: call.Name, Args: arguments}
		parts[i].ThoughtSignature = c.signature(call.EncryptedValue)
	}
	if len(parts) > 0 && parts[0].ThoughtSignature == "" && !generationOf(c.endpoint.Name.Model).before(3, 0) {
		parts[0].ThoughtSignature = unsigned
	}
	return parts
}

// result adds the result of a call to the turn of results.
func (c *conversation) result(m *agui.Message) {
	response := &functionResponse{ID: c.id(m.ToolCallID), Name: c.names[m.ToolCallID], Response: map[string]string{}}
	if text := m.Content.Text(); text != "" || m.Error == "" {
		response.Response["output"] = text
	}
	if m.Error != "" {
		response.Response["error"] = m.Error
	}
	if last := len(c.contents) - 1; last >= 0 && c.contents[last].Parts[0].FunctionResponse != nil {
		c.contents[last].Parts = append(c.contents[last].Parts, part{FunctionResponse: response})
		return
	}
	c.user(part{FunctionResponse: response})
}

// id returns the id of a call as the provider wants it. Vertex AI has none.
func (c *conversation) id(id string) string {
	if c.endpoint.vertex {
		return ""
	}
	return id
}

// signature returns the provider's signature in a message's data, "" for none.
func (c *conversation) signature(data string) string {
	if !c.allowSignatures {
		return ""
	}
	found := c.endpoint.signature(data)
	c.signed = c.signed || found != ""
	return found
}

func textPart(text string) part { return part{Text: &text} }

// appendText appends a text, unless it is blank, which the provider refuses.
func appendText(parts []part, text string) []part {
	if strings.TrimSpace(text) == "" {
		return parts
	}
	return append(parts, textPart(text))
}
