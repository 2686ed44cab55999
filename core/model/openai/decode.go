package openai

import (
	"bytes"
	"encoding/json"
	"iter"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Decode decodes a chat completion that somebody else has requested. A chunk is the
// data of one event: JSON, or the [DONE] that ends the answer. Errors, whether
// yielded by chunks or reported in one, are yielded as [*model.Error].
func Decode(chunks iter.Seq2[[]byte, error]) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		d := decoder{yield: func(delta model.Delta) error {
			if !yield(delta, nil) {
				return transport.ErrStopped
			}
			return nil
		}}
		if err := d.decode(chunks); err != nil && err != transport.ErrStopped {
			yield(model.Delta{}, new(transport.Endpoint).SafeError(failure(err)))
		}
	}
}

// maxHeld bounds what is held of calls whose names haven't come, in bytes. Nobody sees
// how much it is before they have.
const maxHeld = 1 << 20

// decoder converts the chunks of one answer to deltas.
type decoder struct {
	yield transport.Send
	// provider is the provider's name; chunks have the model's only.
	provider string
	// onFinishReason, unless nil, is called when the finish reason has arrived.
	onFinishReason func()

	chunk           chunk
	text, reasoning jsontext.Decoder
	calls           []*pendingCall
	begun           int // number of calls that have been yielded
	held            int // about how many bytes are held of the others
	model           string
	usage           *chunkUsage
	finishReason    string
	refused         bool
}

// pendingCall is a tool call that isn't complete.
type pendingCall struct {
	id, name string
	// index is the provider's number of the call, number is ours.
	index, number int
	begun         bool
	arguments     jsontext.Decoder
	// early holds the arguments that arrived before the name.
	early []byte
	data  string
}

// decode yields the deltas of the answer.
func (d *decoder) decode(chunks iter.Seq2[[]byte, error]) error {
	if err := d.read(chunks); err != nil {
		return err
	}
	return d.finish()
}

// read reads the answer to its end: [DONE], or the end of the connection after a
// finish reason.
func (d *decoder) read(chunks iter.Seq2[[]byte, error]) error {
	for data, err := range chunks {
		switch {
		case err != nil && d.finishReason != "":
			return nil
		case err != nil:
			return err
		case string(data) == done:
			return nil
		}
		if text, ok := textDelta(data); ok && !d.text.Holding() {
			if text != "" {
				if err := d.send(model.Delta{Kind: model.KindText, Text: text}); err != nil {
					return err
				}
			}
			continue
		}
		if index, text, ok := argumentsDelta(data); ok {
			if done, err := d.addArguments(index, text); err != nil {
				return err
			} else if done {
				continue
			}
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
	return nil
}

// handle yields the deltas of a chunk.
func (d *decoder) handle(c *chunk) error {
	if c.Model != "" {
		d.model = c.Model
	}
	if c.Usage != nil {
		d.usage = c.Usage
	}
	for i := range c.Choices {
		if c.Choices[i].Index != 0 {
			continue // only one choice is requested
		}
		if err := d.handleDelta(&c.Choices[i].Delta); err != nil {
			return err
		}
		if reason := c.Choices[i].FinishReason; reason != "" {
			d.finishReason = reason
			if d.onFinishReason != nil {
				d.onFinishReason()
			}
		}
	}
	return nil
}

func (d *decoder) handleDelta(delta *chunkDelta) error {
	reasoning := &delta.ReasoningContent
	if reasoning.text == "" {
		reasoning = &delta.Reasoning
	}
	if reasoning.isString() {
		if err := d.sendText(model.KindReasoning, reasoning.join(&d.reasoning)); err != nil {
			return err
		}
	}
	if delta.Content.isString() {
		if err := d.sendText(model.KindText, delta.Content.join(&d.text)); err != nil {
			return err
		}
	} else {
		text, thinking := parts([]byte(delta.Content.text))
		if err := d.sendText(model.KindReasoning, thinking); err != nil {
			return err
		}
		if err := d.sendText(model.KindText, text); err != nil {
			return err
		}
	}
	if delta.Refusal.text != "" && delta.Refusal.isString() {
		d.refused = true
		if err := d.sendText(model.KindText, delta.Refusal.join(&d.text)); err != nil {
			return err
		}
	}
	for i := range delta.ToolCalls {
		if err := d.handleCall(&delta.ToolCalls[i]); err != nil {
			return err
		}
	}
	return nil
}

// handleCall begins a tool call or continues one.
func (d *decoder) handleCall(delta *chunkToolCall) error {
	call := d.find(delta)
	if call == nil {
		if d.held += 1 << 10; d.held > maxHeld && delta.Function.Name == "" {
			return transport.ErrNamelessCall
		}
		call = &pendingCall{id: delta.ID, index: len(d.calls)}
		if delta.Index != nil {
			call.index = *delta.Index
		}
		d.calls = append(d.calls, call)
	}
	if call.data == "" {
		if extra := object(string(delta.ExtraContent)); extra != nil {
			var compact bytes.Buffer
			if json.Compact(&compact, extra) == nil {
				call.data = compact.String()
			}
		}
	}
	arguments := ""
	if piece := &delta.Function.Arguments; piece.isString() {
		arguments = piece.join(&call.arguments)
	} else {
		arguments = piece.text // older versions of Ollama send an object
	}
	if !call.begun {
		if delta.Function.Name == "" {
			if d.held += len(arguments) + len(call.data); d.held > maxHeld {
				return transport.ErrNamelessCall
			}
			call.early = append(call.early, arguments...)
			return nil
		}
		arguments = string(call.early) + arguments
		call.name, call.begun, call.early, call.number = delta.Function.Name, true, nil, d.begun
		d.begun++
		if err := d.send(model.Delta{Kind: model.KindToolCall, Call: call.number, ID: call.id, Name: call.name}); err != nil {
			return err
		}
	}
	if arguments == "" {
		return nil
	}
	return d.send(argumentsOf(call, arguments))
}

func argumentsOf(call *pendingCall, text string) model.Delta {
	return model.Delta{Kind: model.KindArguments, Call: call.number, Text: text}
}

// find returns the call that a delta continues, nil for a new call. Providers that
// number all calls 0, or none, distinguish them by their ids.
func (d *decoder) find(delta *chunkToolCall) *pendingCall {
	for i := len(d.calls) - 1; i >= 0; i-- {
		call := d.calls[i]
		switch {
		case delta.ID != "" && delta.ID == call.id:
			return call
		case delta.ID != "" && delta.Function.Name != "":
			// A new call, unless an earlier one has this id.
		case delta.Index == nil || *delta.Index == call.index:
			return call
		}
	}
	return nil
}

func (d *decoder) sendText(kind model.Kind, text string) error {
	if text == "" {
		return nil
	}
	return d.send(model.Delta{Kind: kind, Text: text})
}

// send yields a delta. Text that waits for the second half of a character ends when
// something else begins.
func (d *decoder) send(delta model.Delta) error {
	if delta.Kind != model.KindText && d.text.Holding() {
		if err := d.send(model.Delta{Kind: model.KindText, Text: d.text.Rest()}); err != nil {
			return err
		}
	}
	if delta.Kind != model.KindReasoning && d.reasoning.Holding() {
		if err := d.send(model.Delta{Kind: model.KindReasoning, Text: d.reasoning.Rest()}); err != nil {
			return err
		}
	}
	return d.yield(delta)
}

// finish yields what is known only at the end.
func (d *decoder) finish() error {
	for _, call := range d.calls {
		if !call.begun {
			return transport.ErrNamelessCall
		}
		if rest := call.arguments.Rest(); rest != "" {
			if err := d.send(model.Delta{Kind: model.KindArguments, Call: call.number, Text: rest}); err != nil {
				return err
			}
		}
		if call.data != "" {
			if err := d.send(model.Delta{Kind: model.KindToolCallData, Call: call.number, Text: call.data}); err != nil {
				return err
			}
		}
	}
	finish := &model.Finish{Reason: d.reason(), Model: model.Name{Provider: d.provider, Model: d.model}}
	if d.usage != nil {
		finish.Usage = d.usage.usage()
	}
	return d.send(model.Delta{Kind: model.KindFinish, Finish: finish})
}

// reason converts the finish reason. Providers report a refusal, which is text of
// its own, as an ordinary end.
func (d *decoder) reason() model.FinishReason {
	switch d.finishReason {
	case "stop":
		if d.refused {
			return model.FinishContentFilter
		}
		return model.FinishStop
	case "length":
		return model.FinishLength
	case "tool_calls", "function_call":
		return model.FinishToolCalls
	case "content_filter":
		return model.FinishContentFilter
	}
	return model.FinishOther
}
