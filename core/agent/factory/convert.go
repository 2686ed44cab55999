package factory

import (
	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Conversation is the input of a run in the types of go-openai.
type Conversation struct {
	// Messages are the messages of user, assistant and tools. Results directly
	// follow their calls; a call that hasn't been answered has a result that says
	// so.
	Messages []goopenai.ChatCompletionMessage
	// SystemPrompts are the thread's system and developer messages, the
	// application's context and the shared state, in that order.
	SystemPrompts []string
	// Tools are the front end's tools.
	Tools []goopenai.Tool
}

// ConvertInput converts the input of a run. It fails for audio and files, for which
// go-openai has no types.
func ConvertInput(input *agui.RunAgentInput) (*Conversation, error) {
	messages, err := loop.Conversation(input, false, false)
	if err != nil {
		return nil, err
	}
	c := &Conversation{SystemPrompts: systemPrompts(input)}
	for i := range messages {
		if messages[i].Role == agui.RoleReasoning {
			continue
		}
		converted, err := convertMessage(&messages[i])
		if err != nil {
			return nil, loop.ClientError(err)
		}
		c.Messages = append(c.Messages, converted)
	}
	for _, tool := range input.Tools {
		definition, err := model.NewTool(tool.Name, tool.Description, tool.Parameters)
		if err != nil {
			return nil, loop.ClientError(err)
		}
		c.Tools = append(c.Tools, convertTool(definition))
	}
	return c, nil
}

// Request returns the messages of a request: the given prompt, if it isn't empty,
// the system prompts, and the messages.
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

// Definitions returns the definitions of server tools.
func Definitions(tools []agent.ServerTool) ([]goopenai.Tool, error) {
	definitions, err := loop.Define(tools)
	if err != nil {
		return nil, loop.ClientError(err)
	}
	return convertTools(definitions), nil
}

// StateTools returns the definitions of the two tools that change the shared state.
// [Agent] runs them.
func StateTools() []goopenai.Tool { return convertTools(loop.StateTools()) }

func convertTools(definitions []model.Tool) []goopenai.Tool {
	var converted []goopenai.Tool
	for _, definition := range definitions {
		converted = append(converted, convertTool(definition))
	}
	return converted
}

func convertTool(definition model.Tool) goopenai.Tool {
	return goopenai.Tool{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{
		Name:        definition.Name,
		Description: definition.Description,
		Parameters:  definition.Parameters,
	}}
}

func convertMessage(m *agui.Message) (goopenai.ChatCompletionMessage, error) {
	converted := goopenai.ChatCompletionMessage{Role: string(m.Role), ToolCallID: m.ToolCallID}
	for _, call := range m.ToolCalls {
		converted.ToolCalls = append(converted.ToolCalls, goopenai.ToolCall{
			ID: call.ID, Type: goopenai.ToolTypeFunction,
			Function: goopenai.FunctionCall{Name: call.Name, Arguments: call.Arguments},
		})
	}
	parts := m.Content.Parts()
	if m.Role != agui.RoleUser || len(parts) == 0 {
		converted.Content = m.Content.Text()
		if converted.Content == "" && m.Role == agui.RoleTool {
			converted.Content = `""` // the library omits empty content, and providers require it
		}
		return converted, nil
	}
	for i := range parts {
		part, err := convertPart(&parts[i])
		if err != nil {
			return converted, err
		}
		converted.MultiContent = append(converted.MultiContent, part)
	}
	return converted, nil
}

func convertPart(part *agui.InputContent) (goopenai.ChatMessagePart, error) {
	text := func(text string) goopenai.ChatMessagePart {
		return goopenai.ChatMessagePart{Type: goopenai.ChatMessagePartTypeText, Text: text}
	}
	if part.Type == "text" {
		return text(part.Text), nil
	}
	media, err := model.ReadMedia(part)
	switch {
	case err != nil:
		return goopenai.ChatMessagePart{}, err
	case media.Kind == "image":
		return goopenai.ChatMessagePart{
			Type: goopenai.ChatMessagePartTypeImageURL, ImageURL: &goopenai.ChatMessageImageURL{URL: media.Address()},
		}, nil
	case media.IsText() && media.Data != "":
		content, err := media.Text()
		return text(content), err
	}
	return goopenai.ChatMessagePart{}, model.Unsupported("a message with audio or files")
}

// systemPrompts returns the instructions and the context of a run.
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
	if loop.HasState(input.State) {
		prompts = append(prompts, "State of the application:\n```json\n"+loop.Indent(input.State)+"\n```")
	}
	return prompts
}
