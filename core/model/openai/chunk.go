package openai

import (
	"encoding/json"
	"errors"
	"fmt"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
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
	Content piece `json:"content"`
	Refusal piece `json:"refusal"`
	// Reasoning has two names in the field; a provider uses one or both.
	ReasoningContent piece           `json:"reasoning_content"`
	Reasoning        piece           `json:"reasoning"`
	ToolCalls        []chunkToolCall `json:"tool_calls"`
}

type chunkToolCall struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments piece  `json:"arguments"`
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

// parse parses a chunk, and returns the error that it may be. Fields of other
// types than OpenAI gives them are passed over.
func (c *chunk) parse(data []byte) error {
	*c = chunk{}
	if err := json.Unmarshal(data, c); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
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

// usage returns the counts, without those that can't be.
func (u *chunkUsage) usage() *model.Usage {
	count := func(n *int64) *int64 {
		if n != nil && *n < 0 {
			return nil
		}
		return n
	}
	usage := &model.Usage{
		InputTokens:  count(u.PromptTokens),
		OutputTokens: count(u.CompletionTokens),
		TotalTokens:  count(u.TotalTokens),
	}
	if details := u.PromptTokensDetails; details != nil {
		usage.CachedInputTokens = count(details.CachedTokens)
	}
	if details := u.CompletionTokensDetails; details != nil {
		usage.ReasoningTokens = count(details.ReasoningTokens)
	}
	return usage
}

// piece is a piece of a text: a JSON string, or what some send in its place.
type piece struct {
	text string
	// raw says that text is JSON that can't be text by itself: a string that
	// begins or ends with half a character, or another value.
	raw bool
}

// UnmarshalJSON decodes a piece.
func (p *piece) UnmarshalJSON(data []byte) (err error) {
	if string(data) == "null" {
		return nil
	}
	if data[0] != '"' || jsontext.StartsInHalf(data[1:]) || jsontext.EndsInHalf(data[:len(data)-1]) {
		p.text, p.raw = string(data), true
		return nil
	}
	p.text, err = jsontext.Decode(data)
	return err
}

// isString reports whether the piece is a string, or nothing.
func (p *piece) isString() bool { return !p.raw || p.text[0] == '"' }

// join returns the text of a piece that is a string, as it goes on from the pieces
// before.
func (p *piece) join(before *jsontext.Decoder) string {
	if p.raw {
		text, err := before.Decode([]byte(p.text))
		if err != nil {
			return "" // it has been decoded as JSON once
		}
		return text
	}
	if p.text == "" || !before.Holding() {
		return p.text
	}
	return before.Rest() + p.text
}

// parts returns the text and the thinking in content that is a list of parts,
// where thinking is a part of its own (Mistral).
func parts(content []byte) (text, thinking string) {
	if len(content) == 0 || json.Unmarshal(content, &text) == nil {
		return text, ""
	}
	var list []struct {
		Text     string          `json:"text"`
		Thinking json.RawMessage `json:"thinking"`
	}
	if json.Unmarshal(content, &list) != nil {
		return "", ""
	}
	for _, part := range list {
		text += part.Text
		if len(part.Thinking) > 0 {
			inner, _ := parts(part.Thinking)
			thinking += inner
		}
	}
	return text, thinking
}
