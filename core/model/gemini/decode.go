package gemini

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// decoder converts the chunks of one answer to deltas.
type decoder struct {
	yield    transport.Send
	provider string
	// onFinishReason is called when the finish reason has arrived.
	onFinishReason func()

	chunk chunk
	calls int
	// ids are those of the calls so far.
	ids map[string]bool
	// said reports whether there is text, which textSignature is that of.
	said          bool
	textSignature string
	usage         chunkUsage
	model         string
	// finishReason is that of the answer, or the reason why the prompt was blocked.
	finishReason  string
	blocked       bool
	finishMessage string
}

// decode yields the deltas of the answer. It ends with the connection.
func (d *decoder) decode(body io.Reader) error {
	for event, err := range agui.ReadSSE(body, 0) {
		if err != nil {
			if d.finishReason != "" {
				break
			}
			return err
		}
		data := bytes.TrimSpace(event.Data)
		if len(data) == 0 {
			continue // keeps the connection open
		}
		if err := d.chunk.parse(data); err != nil {
			return err
		}
		if err := d.handle(&d.chunk); err != nil {
			return err
		}
	}
	if d.finishReason == "" {
		return transport.ErrBroken
	}
	return d.finish()
}

// handle yields the deltas of a chunk.
func (d *decoder) handle(c *chunk) error {
	if c.ModelVersion != "" {
		d.model = c.ModelVersion
	}
	if c.UsageMetadata != nil {
		d.usage.merge(c.UsageMetadata)
	}
	if reason := c.PromptFeedback.BlockReason; reason != "" {
		d.blocked = true
		d.finishes(reason, "")
	}
	for i := range c.Candidates {
		answer := &c.Candidates[i]
		if answer.Index != 0 {
			continue // only one is requested
		}
		for j := range answer.Content.Parts {
			if err := d.handlePart(&answer.Content.Parts[j]); err != nil {
				return err
			}
		}
		if answer.FinishReason != "" {
			d.finishes(answer.FinishReason, answer.FinishMessage)
		}
	}
	return nil
}

func (d *decoder) finishes(reason, message string) {
	d.finishReason, d.finishMessage = reason, message
	d.onFinishReason()
}

func (d *decoder) handlePart(p *chunkPart) error {
	if p.FunctionCall != nil {
		return d.handleCall(p.FunctionCall, p.ThoughtSignature)
	}
	kind := model.KindText
	if p.Thought {
		kind = model.KindReasoning
	}
	if p.Text != "" {
		d.said = d.said || !p.Thought
		if err := d.yield(model.Delta{Kind: kind, Text: p.Text}); err != nil {
			return err
		}
	}
	switch {
	case p.ThoughtSignature == "":
	case p.Thought:
		return d.yield(model.Delta{Kind: model.KindReasoningData, Text: wrap(d.provider, p.ThoughtSignature)})
	default:
		// It often comes after the text, with an empty part.
		d.textSignature = p.ThoughtSignature
	}
	return nil
}

// handleCall yields a call, which always is complete.
func (d *decoder) handleCall(call *chunkCall, signature string) error {
	var arguments bytes.Buffer
	if len(call.Args) > 0 && string(call.Args) != "null" {
		if err := json.Compact(&arguments, call.Args); err != nil {
			return err // unreachable: it is valid JSON
		}
	}
	if call.Name == "" {
		if arguments.Len() == 0 {
			return nil
		}
		return transport.ErrNamelessCall
	}
	number, id := d.calls, call.ID
	d.calls++
	if id != "" {
		if d.ids == nil {
			d.ids = make(map[string]bool)
		}
		if d.ids[id] {
			id = ""
		}
		d.ids[call.ID] = true
	}
	if err := d.yield(model.Delta{Kind: model.KindToolCall, Call: number, ID: id, Name: call.Name}); err != nil {
		return err
	}
	if arguments.Len() > 0 {
		if err := d.yield(model.Delta{Kind: model.KindArguments, Call: number, Text: arguments.String()}); err != nil {
			return err
		}
	}
	if signature == "" {
		return nil
	}
	return d.yield(model.Delta{Kind: model.KindToolCallData, Call: number, Text: wrap(d.provider, signature)})
}

// finish yields what is known only at the end.
func (d *decoder) finish() error {
	reason, err := d.reason()
	if err != nil {
		return err
	}
	if d.said && d.textSignature != "" {
		if err := d.yield(model.Delta{Kind: model.KindTextData, Text: wrap(d.provider, d.textSignature)}); err != nil {
			return err
		}
	}
	return d.yield(model.Delta{Kind: model.KindFinish, Finish: &model.Finish{
		Reason: reason, Model: model.Name{Provider: d.provider, Model: d.model}, Usage: d.usage.usage(),
	}})
}

// reason converts the finish reason. A call that the model has botched is an error:
// nobody else would say so.
func (d *decoder) reason() (model.FinishReason, error) {
	if d.blocked {
		return model.FinishContentFilter, nil
	}
	switch d.finishReason {
	case "STOP":
		if d.calls > 0 {
			return model.FinishToolCalls, nil
		}
		return model.FinishStop, nil
	case "MAX_TOKENS":
		return model.FinishLength, nil
	case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return model.FinishContentFilter, nil
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE":
		return "", &transport.Failure{Codes: []string{d.finishReason}, Message: d.finishMessage}
	}
	return model.FinishOther, nil
}
