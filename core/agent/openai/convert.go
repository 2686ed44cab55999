package openai

import (
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"

	goopenai "github.com/sashabaranov/go-openai"
)

// Conversation is a run's input in the client library's types.
type Conversation struct {
	// Messages are what user, assistant and tools said. Results follow their
	// calls directly; a call that nothing answered has a result that says so.
	Messages []goopenai.ChatCompletionMessage
	// SystemPrompts are the thread's system and developer messages, the
	// application's context, and the shared state, in that order.
	SystemPrompts []string
	// Tools are the front end's tools.
	Tools []goopenai.Tool
}

// ConvertInput turns a run's input into what a request to a model is made of.
// Parts that the client library has no type for (audio and files) are an error.
func ConvertInput(input *agui.RunAgentInput) (*Conversation, error) {
	messages, err := messagesOf(input, false, false)
	if err != nil {
		return nil, err
	}
	c := &Conversation{SystemPrompts: systemPrompts(input)}
	for _, m := range messages {
		converted, err := libraryMessage(m)
		if err != nil {
			return nil, err
		}
		c.Messages = append(c.Messages, converted)
	}
	for _, tool := range input.Tools {
		parameters, err := cleanSchema(tool.Name, tool.Parameters)
		if err != nil {
			return nil, err
		}
		c.Tools = append(c.Tools, libraryTool(newToolDefinition(tool.Name, tool.Description, parameters)))
	}
	return c, nil
}

// Request gives the messages with a prompt of one's own before all others.
func (c *Conversation) Request(prompt string) []goopenai.ChatCompletionMessage {
	prompts := c.SystemPrompts
	if prompt != "" {
		prompts = append([]string{prompt}, prompts...)
	}
	messages := make([]goopenai.ChatCompletionMessage, 0, len(prompts)+len(c.Messages))
	for _, text := range prompts {
		messages = append(messages, goopenai.ChatCompletionMessage{Role: goopenai.ChatMessageRoleSystem, Content: text})
	}
	return append(messages, c.Messages...)
}

// Definitions describes server tools to a model.
func Definitions(tools []agent.ServerTool) ([]goopenai.Tool, error) {
	definitions, err := define(tools)
	if err != nil {
		return nil, err
	}
	var result []goopenai.Tool
	for _, definition := range definitions {
		result = append(result, libraryTool(definition))
	}
	return result, nil
}

// StateTools describes to a model the two tools that change the shared state. An
// [Agent] offers them by itself; a [Factory] carries out their calls.
func StateTools() []goopenai.Tool {
	var result []goopenai.Tool
	for _, definition := range stateTools() {
		result = append(result, libraryTool(definition))
	}
	return result
}

func libraryTool(definition toolDefinition) goopenai.Tool {
	return goopenai.Tool{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{
		Name:        definition.Function.Name,
		Description: definition.Function.Description,
		Parameters:  definition.Function.Parameters,
	}}
}

func libraryMessage(m message) (goopenai.ChatCompletionMessage, error) {
	result := goopenai.ChatCompletionMessage{Role: m.Role, ToolCallID: m.ToolCallID}
	for _, call := range m.ToolCalls {
		result.ToolCalls = append(result.ToolCalls, goopenai.ToolCall{
			ID: call.ID, Type: goopenai.ToolTypeFunction,
			Function: goopenai.FunctionCall{Name: call.Function.Name, Arguments: call.Function.Arguments},
		})
	}
	switch content := m.Content.(type) {
	case string:
		result.Content = content
		if content == "" && m.Role == "tool" {
			result.Content = `""` // the library leaves out what is empty, and providers miss it
		}
	case []part:
		for _, p := range content {
			switch p.Type {
			case "text":
				result.MultiContent = append(result.MultiContent, goopenai.ChatMessagePart{Type: goopenai.ChatMessagePartTypeText, Text: p.Text})
			case "image_url":
				result.MultiContent = append(result.MultiContent, goopenai.ChatMessagePart{
					Type: goopenai.ChatMessagePartTypeImageURL, ImageURL: &goopenai.ChatMessageImageURL{URL: p.ImageURL.URL},
				})
			default:
				return result, unsupported("a message with audio or files")
			}
		}
	}
	return result, nil
}

// systemPrompts are what the application and the thread tell the model besides
// the conversation.
func systemPrompts(input *agui.RunAgentInput) []string {
	var prompts []string
	for i := range input.Messages {
		switch m := &input.Messages[i]; m.Role {
		case agui.RoleSystem, agui.RoleDeveloper:
			if text := m.Content.Text(); text != "" {
				prompts = append(prompts, text)
			}
		}
	}
	for _, context := range input.Context {
		prompts = append(prompts, context.Description+":\n"+context.Value)
	}
	if hasState(input.State) {
		prompts = append(prompts, "State of the application:\n```json\n"+indented(input.State)+"\n```")
	}
	return prompts
}
