package responses

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// event is an event of an answer, with the fields of all types that matter.
type event struct {
	Type         string `json:"type"`
	OutputIndex  int    `json:"output_index"`
	SummaryIndex int    `json:"summary_index"`
	// Delta is a JSON string, which may begin or end with half a character.
	Delta json.RawMessage `json:"delta"`
	// Arguments are those of a call that is complete.
	Arguments string    `json:"arguments"`
	Item      *output   `json:"item"`
	Response  *response `json:"response"`
}

// output is an item of the output.
type output struct {
	Type             string `json:"type"`
	CallID           string `json:"call_id"`
	Name             string `json:"name"`
	Arguments        string `json:"arguments"`
	EncryptedContent string `json:"encrypted_content"`
	Phase            string `json:"phase"`
	Content          []struct {
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	} `json:"content"`
	Summary []struct {
		Text string `json:"text"`
	} `json:"summary"`
}

// response is the answer as a whole.
type response struct {
	Model             string          `json:"model"`
	Error             json.RawMessage `json:"error"`
	IncompleteDetails struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Usage *usage `json:"usage"`
}

type usage struct {
	InputTokens        *int64 `json:"input_tokens"`
	OutputTokens       *int64 `json:"output_tokens"`
	TotalTokens        *int64 `json:"total_tokens"`
	InputTokensDetails struct {
		CachedTokens     *int64 `json:"cached_tokens"`
		CacheWriteTokens *int64 `json:"cache_write_tokens"`
	} `json:"input_tokens_details"`
	OutputTokensDetails struct {
		ReasoningTokens *int64 `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
}

// parse decodes an event. Fields with other types than OpenAI's are ignored.
func (e *event) parse(data []byte) error {
	*e = event{}
	if err := json.Unmarshal(data, e); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
	}
	return nil
}

// counts converts the counts, without those that can't be.
func (u *usage) counts() *model.Usage {
	return &model.Usage{
		InputTokens:           transport.Count(u.InputTokens),
		OutputTokens:          transport.Count(u.OutputTokens),
		TotalTokens:           transport.Count(u.TotalTokens),
		ReasoningTokens:       transport.Count(u.OutputTokensDetails.ReasoningTokens),
		CachedInputTokens:     transport.Count(u.InputTokensDetails.CachedTokens),
		CacheWriteInputTokens: transport.Count(u.InputTokensDetails.CacheWriteTokens),
	}
}
