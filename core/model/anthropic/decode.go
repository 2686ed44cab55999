package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// event is an event of an answer. Types that aren't known are ignored, as the API's
// versioning policy asks for.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message *struct {
		Model string `json:"model"`
		Usage *usage `json:"usage"`
	} `json:"message"`
	ContentBlock *contentBlock `json:"content_block"`
	Delta        *delta        `json:"delta"`
	Usage        *usage        `json:"usage"`
}

// contentBlock is a block as it begins. Some servers send content with it.
type contentBlock struct {
	Type      string          `json:"type"`
	Text      json.RawMessage `json:"text"`
	Thinking  json.RawMessage `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
}

type delta struct {
	Type        string          `json:"type"`
	Text        json.RawMessage `json:"text"`
	Thinking    json.RawMessage `json:"thinking"`
	PartialJSON json.RawMessage `json:"partial_json"`
	Signature   string          `json:"signature"`
	StopReason  string          `json:"stop_reason"`
}

// usage counts tokens. Those that were read from the cache, or written to it, are not
// among the input tokens.
type usage struct {
	InputTokens              *int64 `json:"input_tokens"`
	OutputTokens             *int64 `json:"output_tokens"`
	CacheReadInputTokens     *int64 `json:"cache_read_input_tokens"`
	CacheCreationInputTokens *int64 `json:"cache_creation_input_tokens"`
	OutputTokensDetails      *struct {
		ThinkingTokens *int64 `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// decoder converts the events of one answer to deltas.
type decoder struct {
	answer blocks.Answer
	// onStopReason, unless nil, is called when the stop reason has arrived.
	onStopReason func()

	model      string
	usage      blocks.Usage
	counted    bool
	stopReason string
	stopped    bool
}

// decode yields the deltas of the answer.
func (d *decoder) decode(body io.Reader) error {
	for received, err := range agui.ReadSSE(body, 0) {
		if err != nil && d.stopReason != "" {
			break
		}
		if err != nil {
			return err
		}
		if err := d.handle(bytes.TrimSpace(received.Data)); err != nil {
			return err
		}
		if d.stopped {
			break
		}
	}
	if !d.stopped && d.stopReason == "" {
		return transport.ErrBroken
	}
	finish := &model.Finish{Reason: reason(d.stopReason), Model: model.Name{Provider: name, Model: d.model}}
	if d.counted {
		finish.Usage = d.usage.Total()
	}
	return d.answer.Finish(finish)
}

// handle yields the deltas of an event.
func (d *decoder) handle(data []byte) error {
	if index, kind, literal, ok := quickDelta(data); ok {
		return d.addPiece(index, kind, literal)
	}
	if len(data) == 0 {
		return nil
	}
	if string(data) == "[DONE]" { // of gateways that translate another protocol
		d.stopped = true
		return nil
	}
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
	}
	switch e.Type {
	case "error":
		return transport.ParseFailure(data)
	case "message_start":
		if e.Message != nil {
			d.model = e.Message.Model
			d.count(e.Message.Usage)
		}
	case "content_block_start":
		if e.ContentBlock != nil {
			return d.begin(e.Index, e.ContentBlock)
		}
	case "content_block_delta":
		if e.Delta != nil {
			return d.add(e.Index, e.Delta)
		}
	case "content_block_stop":
		return d.answer.Stop(e.Index)
	case "message_delta":
		d.count(e.Usage)
		if e.Delta != nil && e.Delta.StopReason != "" {
			d.stopReason = e.Delta.StopReason
			if d.onStopReason != nil {
				d.onStopReason()
			}
		}
	case "message_stop":
		d.stopped = true
	}
	return nil
}

func (d *decoder) begin(index int, b *contentBlock) error {
	switch b.Type {
	case "text":
		return d.answer.Text(index, b.Text)
	case "thinking":
		if err := d.answer.Reasoning(index, b.Thinking); err != nil {
			return err
		}
		return d.answer.Data(index, blocks.Data{Signature: b.Signature})
	case "redacted_thinking":
		return d.answer.Data(index, blocks.Data{Redacted: b.Data})
	case "tool_use":
		if err := d.answer.Call(index, b.ID, b.Name); err != nil {
			return err
		}
		if input := bytes.TrimSpace(b.Input); len(input) > 2 && input[0] == '{' {
			literal, err := json.Marshal(string(input))
			if err != nil { // unreachable: strings can be marshaled
				return err
			}
			return d.answer.Arguments(index, literal)
		}
	}
	return nil
}

func (d *decoder) add(index int, delta *delta) error {
	switch delta.Type {
	case "text_delta":
		return d.addPiece(index, textPiece, delta.Text)
	case "thinking_delta":
		return d.addPiece(index, thinkingPiece, delta.Thinking)
	case "input_json_delta":
		return d.addPiece(index, argumentsPiece, delta.PartialJSON)
	case "signature_delta":
		return d.answer.Data(index, blocks.Data{Signature: delta.Signature})
	}
	return nil
}

func (d *decoder) addPiece(index int, kind pieceKind, literal []byte) error {
	switch kind {
	case textPiece:
		return d.answer.Text(index, literal)
	case thinkingPiece:
		return d.answer.Reasoning(index, literal)
	}
	return d.answer.Arguments(index, literal)
}

// count takes over counts, each of which is of the whole answer so far.
func (d *decoder) count(u *usage) {
	if u == nil {
		return
	}
	d.counted = true
	d.usage.Input.Set(u.InputTokens)
	d.usage.Output.Set(u.OutputTokens)
	d.usage.CacheRead.Set(u.CacheReadInputTokens)
	d.usage.CacheWrite.Set(u.CacheCreationInputTokens)
	if u.OutputTokensDetails != nil {
		d.usage.Reasoning.Set(u.OutputTokensDetails.ThinkingTokens)
	}
}

// reason converts a stop reason, as the reference does.
func reason(stopReason string) model.FinishReason {
	switch stopReason {
	case "end_turn", "stop_sequence", "pause_turn":
		return model.FinishStop
	case "tool_use":
		return model.FinishToolCalls
	case "max_tokens", "model_context_window_exceeded":
		return model.FinishLength
	case "refusal":
		return model.FinishContentFilter
	}
	return model.FinishOther
}
