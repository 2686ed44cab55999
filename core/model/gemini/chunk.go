package gemini

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// chunk is the data of one event of an answer.
type chunk struct {
	Candidates     []candidate `json:"candidates"`
	PromptFeedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	UsageMetadata *chunkUsage     `json:"usageMetadata"`
	ModelVersion  string          `json:"modelVersion"`
	Error         json.RawMessage `json:"error"`
}

type candidate struct {
	Index   int `json:"index"`
	Content struct {
		Parts []chunkPart `json:"parts"`
	} `json:"content"`
	FinishReason  string `json:"finishReason"`
	FinishMessage string `json:"finishMessage"`
}

type chunkPart struct {
	Text             string     `json:"text"`
	Thought          bool       `json:"thought"`
	ThoughtSignature string     `json:"thoughtSignature"`
	FunctionCall     *chunkCall `json:"functionCall"`
}

type chunkCall struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type chunkUsage struct {
	PromptTokenCount        *int64 `json:"promptTokenCount"`
	CandidatesTokenCount    *int64 `json:"candidatesTokenCount"`
	ThoughtsTokenCount      *int64 `json:"thoughtsTokenCount"`
	CachedContentTokenCount *int64 `json:"cachedContentTokenCount"`
	TotalTokenCount         *int64 `json:"totalTokenCount"`
}

// parse decodes a chunk. It fails with the error that the chunk reports, if any.
// Fields of other types than Google's are ignored.
func (c *chunk) parse(data []byte) error {
	*c = chunk{}
	if err := json.Unmarshal(data, c); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
	}
	if len(c.Error) == 0 || string(c.Error) == "null" {
		return nil
	}
	failure := transport.ParseFailure(data)
	// Within a stream too, the code is a status.
	var reported struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(c.Error, &reported) == nil && reported.Code >= 400 {
		failure.Status = reported.Code
	}
	return failure
}

// merge adds the counts that another chunk has.
func (u *chunkUsage) merge(other *chunkUsage) {
	for _, count := range [...]struct{ into, from **int64 }{
		{&u.PromptTokenCount, &other.PromptTokenCount},
		{&u.CandidatesTokenCount, &other.CandidatesTokenCount},
		{&u.ThoughtsTokenCount, &other.ThoughtsTokenCount},
		{&u.CachedContentTokenCount, &other.CachedContentTokenCount},
		{&u.TotalTokenCount, &other.TotalTokenCount},
	} {
		if n := transport.Count(*count.from); n != nil {
			*count.into = n
		}
	}
}

// usage converts the counts, nil if there are none. Thoughts are a part of the output,
// as the reference counts.
func (u *chunkUsage) usage() *model.Usage {
	if *u == (chunkUsage{}) {
		return nil
	}
	usage := &model.Usage{
		InputTokens:       u.PromptTokenCount,
		OutputTokens:      u.CandidatesTokenCount,
		TotalTokens:       u.TotalTokenCount,
		ReasoningTokens:   u.ThoughtsTokenCount,
		CachedInputTokens: u.CachedContentTokenCount,
	}
	if thoughts := u.ThoughtsTokenCount; thoughts != nil {
		output := *thoughts
		if u.CandidatesTokenCount != nil {
			output += *u.CandidatesTokenCount
		}
		usage.OutputTokens = &output
	}
	return usage
}
