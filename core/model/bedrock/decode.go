package bedrock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/blocks"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// event is the payload of an event. Each type has some of the fields.
type event struct {
	Index int `json:"contentBlockIndex"`
	Start struct {
		ToolUse *struct {
			ToolUseID string `json:"toolUseId"`
			Name      string `json:"name"`
		} `json:"toolUse"`
	} `json:"start"`
	Delta struct {
		Text    json.RawMessage `json:"text"`
		ToolUse *struct {
			Input json.RawMessage `json:"input"`
		} `json:"toolUse"`
		ReasoningContent *struct {
			Text            json.RawMessage `json:"text"`
			Signature       string          `json:"signature"`
			RedactedContent string          `json:"redactedContent"`
		} `json:"reasoningContent"`
	} `json:"delta"`
	StopReason string `json:"stopReason"`
	Usage      *usage `json:"usage"`
}

// usage counts tokens. Those that were read from the cache, or written to it, are not
// among the input tokens.
type usage struct {
	InputTokens           *int64 `json:"inputTokens"`
	OutputTokens          *int64 `json:"outputTokens"`
	CacheReadInputTokens  *int64 `json:"cacheReadInputTokens"`
	CacheWriteInputTokens *int64 `json:"cacheWriteInputTokens"`
}

// decoder converts the events of one answer to deltas.
type decoder struct {
	answer blocks.Answer
	// model is the model's name, which the provider doesn't report.
	model string
	// onStopReason, unless nil, is called when the stop reason has arrived.
	onStopReason func()

	usage      blocks.Usage
	counted    bool
	stopReason string
}

// decode yields the deltas of the answer.
func (d *decoder) decode(body io.Reader) error {
	frames := newFrameReader(body)
	for d.stopReason == "" || !d.counted {
		received, err := frames.next()
		if err != nil {
			if d.stopReason != "" {
				break
			}
			if err == io.EOF {
				err = transport.ErrBroken
			}
			return err
		}
		if err := d.handle(&received); err != nil {
			return err
		}
	}
	finish := &model.Finish{Reason: reason(d.stopReason), Model: model.Name{Provider: name, Model: d.model}}
	if d.counted {
		finish.Usage = d.usage.Total()
	}
	return d.answer.Finish(finish)
}

// handle yields the deltas of a frame.
func (d *decoder) handle(f *frame) error {
	switch f.messageType {
	case "event":
		return d.handleEvent(f.name, f.payload)
	case "exception":
		failure := transport.ParseFailure(f.payload)
		failure.Codes = append(failure.Codes, f.name)
		return failure
	case "error":
		return &transport.Failure{Codes: []string{f.name}, Message: f.message}
	}
	return nil
}

func (d *decoder) handleEvent(kind string, payload []byte) error {
	if kind == "contentBlockDelta" {
		if index, literal, ok := quickText(payload); ok {
			return d.answer.Text(index, literal)
		}
	}
	switch kind {
	case "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata":
	default:
		return nil
	}
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); !errors.As(err, &mismatch) {
			return fmt.Errorf("decode the provider's answer: %w", err)
		}
	}
	switch kind {
	case "contentBlockStart":
		if call := e.Start.ToolUse; call != nil {
			return d.answer.Call(e.Index, call.ToolUseID, call.Name)
		}
	case "contentBlockDelta":
		return d.add(&e)
	case "contentBlockStop":
		return d.answer.Stop(e.Index)
	case "messageStop":
		d.stopReason = e.StopReason
		if d.stopReason == "" {
			d.stopReason = "unknown"
		}
		if d.onStopReason != nil {
			d.onStopReason()
		}
	case "metadata":
		d.count(e.Usage)
	}
	return nil
}

func (d *decoder) add(e *event) error {
	if err := d.answer.Text(e.Index, e.Delta.Text); err != nil {
		return err
	}
	if thought := e.Delta.ReasoningContent; thought != nil {
		if err := d.answer.Reasoning(e.Index, thought.Text); err != nil {
			return err
		}
		if err := d.answer.Data(e.Index, blocks.Data{Signature: thought.Signature, Redacted: thought.RedactedContent}); err != nil {
			return err
		}
	}
	if call := e.Delta.ToolUse; call != nil {
		return d.answer.Arguments(e.Index, call.Input)
	}
	return nil
}

func (d *decoder) count(u *usage) {
	if u == nil {
		return
	}
	d.counted = true
	d.usage.Input.Set(u.InputTokens)
	d.usage.Output.Set(u.OutputTokens)
	d.usage.CacheRead.Set(u.CacheReadInputTokens)
	d.usage.CacheWrite.Set(u.CacheWriteInputTokens)
}

// reason converts a stop reason.
func reason(stopReason string) model.FinishReason {
	switch stopReason {
	case "end_turn", "stop_sequence":
		return model.FinishStop
	case "tool_use":
		return model.FinishToolCalls
	case "max_tokens", "model_context_window_exceeded":
		return model.FinishLength
	case "guardrail_intervened", "content_filtered", "refusal":
		return model.FinishContentFilter
	}
	return model.FinishOther
}

var (
	indexPrefix = []byte(`{"contentBlockIndex":`)
	textPrefix  = []byte(`,"delta":{"text":`)
	padding     = []byte(`,"p":"`)
)

// quickText returns the piece of text of an event that has one and nothing else but
// padding, in the form that the API sends nearly all events in, which takes a fraction
// of the time of decoding it. It returns false if it isn't certain.
func quickText(payload []byte) (index int, literal []byte, ok bool) {
	rest, ok := bytes.CutPrefix(payload, indexPrefix)
	if !ok {
		return 0, nil, false
	}
	index, digits := blocks.LeadingIndex(rest)
	if digits == 0 {
		return 0, nil, false
	}
	if rest, ok = bytes.CutPrefix(rest[digits:], textPrefix); !ok {
		return 0, nil, false
	}
	end := blocks.StringEnd(rest)
	if end < 0 || len(rest) == end || rest[end] != '}' {
		return 0, nil, false
	}
	literal, rest = rest[:end], rest[end+1:]
	if padded, ok := bytes.CutPrefix(rest, padding); ok {
		quote := bytes.IndexByte(padded, '"')
		if quote < 0 || bytes.IndexByte(padded[:quote], '\\') >= 0 {
			return 0, nil, false
		}
		rest = padded[quote+1:]
	}
	return index, literal, string(rest) == "}"
}
