package openai

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// chunk is the data of one event of an answer. The library's type lacks fields that
// some providers send, and takes longer to decode.
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
	// Providers send reasoning in one of these fields, or in both.
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

// parse decodes a chunk. It fails with the error that the chunk reports, if any.
// Fields with other types than OpenAI's are ignored.
func (c *chunk) parse(data []byte) error {
	*c = chunk{}
	if err := json.Unmarshal(data, c); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return transport.ParseFailure(data)
	}
	return nil
}

// usage converts the counts. Those that can't be, such as the negative ones of some providers, are left out.
func (u *chunkUsage) usage() *model.Usage {
	usage := &model.Usage{
		InputTokens:  transport.Count(u.PromptTokens),
		OutputTokens: transport.Count(u.CompletionTokens),
		TotalTokens:  transport.Count(u.TotalTokens),
	}
	if details := u.PromptTokensDetails; details != nil {
		usage.CachedInputTokens = transport.Count(details.CachedTokens)
	}
	if details := u.CompletionTokensDetails; details != nil {
		usage.ReasoningTokens = transport.Count(details.ReasoningTokens)
	}
	return usage
}

// piece is a piece of text: a JSON string, or what some providers send in its place.
type piece struct {
	text string
	// raw reports that text is undecoded JSON: a string that begins or ends with
	// half a character, or another value.
	raw bool
}

// UnmarshalJSON implements [json.Unmarshaler].
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

// isString reports whether the piece is a string or missing.
func (p *piece) isString() bool { return !p.raw || p.text[0] == '"' }

// join returns the text of a piece that is a string. The decoder is that of all
// pieces of the same text.
func (p *piece) join(d *jsontext.Decoder) string {
	if p.raw {
		text, err := d.Decode([]byte(p.text))
		if err != nil {
			return "" // unreachable: UnmarshalJSON gets valid JSON only
		}
		return text
	}
	if p.text == "" || !d.Holding() {
		return p.text
	}
	return d.Rest() + p.text
}

// parts returns the text and the reasoning of content that is a list of parts, as
// Mistral sends it.
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
