package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	goopenai "github.com/sashabaranov/go-openai"
)

// chunk is the part of a streamed answer that this package uses. The client
// library's own type leaves out what some providers send, and takes longer.
type chunk struct {
	Model   string          `json:"model"`
	Choices []chunkChoice   `json:"choices"`
	Usage   *chunkUsage     `json:"usage"`
	Error   json.RawMessage `json:"error"`
}

type chunkChoice struct {
	Index        int        `json:"index"`
	Delta        chunkDelta `json:"delta"`
	FinishReason string     `json:"finish_reason"`
}

type chunkDelta struct {
	Content string `json:"content"`
	Refusal string `json:"refusal"`
	// Reasoning has two names in the field; a provider uses one or both.
	ReasoningContent string          `json:"reasoning_content"`
	Reasoning        string          `json:"reasoning"`
	ToolCalls        []chunkToolCall `json:"tool_calls"`
}

type chunkToolCall struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
	ExtraContent json.RawMessage `json:"extra_content"`
}

type chunkUsage struct {
	PromptTokens        *int64 `json:"prompt_tokens"`
	CompletionTokens    *int64 `json:"completion_tokens"`
	TotalTokens         *int64 `json:"total_tokens"`
	PromptTokensDetails *struct {
		CachedTokens *int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionTokensDetails *struct {
		ReasoningTokens *int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// errStreamBroken means that an answer ended in its midst.
var errStreamBroken = errors.New("the stream ended before the answer was complete")

// open calls the model.
func (e *endpoint) open(ctx context.Context, body []byte, maxRetries int) (chunks, error) {
	out := &outgoing{body: body, maxRetries: maxRetries}
	// The library builds the address and the headers, and reads refusals;
	// transport puts the body in, and takes the answer out.
	stream, err := e.client.CreateChatCompletionStream(withOutgoing(ctx, out), goopenai.ChatCompletionRequest{Model: e.model})
	if err != nil {
		return nil, err
	}
	if out.answer != nil {
		return newEventReader(out.answer), nil
	}
	return libraryStream{stream}, nil
}

// decode decodes a chunk, and gives the error that it may be.
func (c *chunk) decode(data []byte) error {
	*c = chunk{}
	if err := decodeChunk(data, c); err != nil {
		return fmt.Errorf("decode the provider's answer: %w", err)
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		var response goopenai.ErrorResponse
		if json.Unmarshal(data, &response) == nil && response.Error != nil {
			return response.Error
		}
		return fmt.Errorf("the provider reports an error: %s", c.Error)
	}
	return nil
}

// decodeChunk decodes a chunk, also one whose fields have other types than
// OpenAI gives them.
func decodeChunk(data []byte, c *chunk) error {
	err := json.Unmarshal(data, c)
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		return decodeLoosely(data, c)
	}
	return err
}

// decodeLoosely takes content that is a list of parts, where thinking is a part
// of its own (Mistral), and arguments that are an object (older Ollama).
func decodeLoosely(data []byte, c *chunk) error {
	var loose struct {
		Choices []struct {
			FinishReason string `json:"finish_reason"`
			Delta        struct {
				Content   json.RawMessage `json:"content"`
				ToolCalls []struct {
					Index    *int   `json:"index"`
					ID       string `json:"id"`
					Function struct {
						Name      string          `json:"name"`
						Arguments json.RawMessage `json:"arguments"`
					} `json:"function"`
					ExtraContent json.RawMessage `json:"extra_content"`
				} `json:"tool_calls"`
			} `json:"delta"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(data, &loose); err != nil {
		return err
	}
	c.Choices = c.Choices[:0]
	for _, choice := range loose.Choices {
		decoded := chunkChoice{FinishReason: choice.FinishReason}
		decoded.Delta.Content, decoded.Delta.Reasoning = textOf(choice.Delta.Content)
		for _, call := range choice.Delta.ToolCalls {
			toolCall := chunkToolCall{Index: call.Index, ID: call.ID, ExtraContent: call.ExtraContent}
			toolCall.Function.Name = call.Function.Name
			if json.Unmarshal(call.Function.Arguments, &toolCall.Function.Arguments) != nil {
				toolCall.Function.Arguments = string(call.Function.Arguments)
			}
			decoded.Delta.ToolCalls = append(decoded.Delta.ToolCalls, toolCall)
		}
		c.Choices = append(c.Choices, decoded)
	}
	return nil
}

// textOf gives the text and the thinking in content of any shape.
func textOf(content json.RawMessage) (text, thinking string) {
	if len(content) == 0 || json.Unmarshal(content, &text) == nil {
		return text, ""
	}
	var parts []struct {
		Text     string          `json:"text"`
		Thinking json.RawMessage `json:"thinking"`
	}
	if json.Unmarshal(content, &parts) != nil {
		return "", ""
	}
	for _, part := range parts {
		text += part.Text
		if len(part.Thinking) > 0 {
			inner, _ := textOf(part.Thinking)
			thinking += inner
		}
	}
	return text, thinking
}
