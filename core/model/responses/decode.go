package responses

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// between separates messages, and parts of reasoning, which are one text here.
const between = "\n\n"

// decoder converts the events of one answer to deltas.
type decoder struct {
	send transport.Send
	// provider is the provider's name; events have the model's only.
	provider string

	event           event
	text, reasoning stream
	calls           map[int]*call // by the index of the item, while they are open
	begun           int           // number of calls that have begun
	phase           string
	model           string
	refused         bool
}

// stream is the text, or the reasoning, of all of an answer's items.
type stream struct {
	kind model.Kind
	// item and part are the indices of what the text is of.
	item, part int
	begun      bool
	// closed reports that what follows is another message.
	closed  bool
	decoder jsontext.Decoder
}

// call is a tool call that isn't complete.
type call struct {
	number    int
	arguments jsontext.Decoder
	streamed  bool
}

// decode yields the deltas of the answer, which ends with an event that says how.
func (d *decoder) decode(body io.Reader) error {
	d.text.kind, d.reasoning.kind = model.KindText, model.KindReasoning
	d.calls = make(map[int]*call)
	for sse, err := range agui.ReadSSE(body, 0) {
		if err != nil {
			return err
		}
		data := bytes.TrimSpace(sse.Data)
		if kind, delta, ok := quickDelta(data); ok {
			if err := d.addQuick(kind, delta); err != nil {
				return err
			}
			continue
		}
		if len(data) == 0 || string(data) == "[DONE]" {
			continue // keeps the connection open, or is what gateways add
		}
		if err := d.event.parse(data); err != nil {
			return err
		}
		if end, err := d.handle(&d.event, data); end || err != nil {
			return err
		}
	}
	return transport.ErrBroken
}

// addQuick yields the delta of an event that wasn't decoded.
func (d *decoder) addQuick(kind string, delta quick) error {
	switch kind {
	case summaryDelta:
		return d.add(&d.reasoning, delta.item, delta.part, delta.literal)
	case argumentsDelta:
		return d.addArguments(delta.item, delta.literal)
	}
	return d.add(&d.text, delta.item, 0, delta.literal)
}

// handle yields the deltas of an event, and reports whether the answer has ended. Events
// of the provider's own tools, such as its search of the web, are passed over: what they
// have found is in the text.
func (d *decoder) handle(e *event, data []byte) (end bool, err error) {
	if e.Response != nil && e.Response.Model != "" {
		d.model = e.Response.Model
	}
	switch e.Type {
	case textDelta:
		return false, d.add(&d.text, e.OutputIndex, 0, e.Delta)
	case "response.refusal.delta":
		d.refused = true
		return false, d.add(&d.text, e.OutputIndex, 0, e.Delta)
	case summaryDelta, "response.reasoning_text.delta":
		return false, d.add(&d.reasoning, e.OutputIndex, e.SummaryIndex, e.Delta)
	case argumentsDelta:
		return false, d.addArguments(e.OutputIndex, e.Delta)
	case "response.function_call_arguments.done":
		return false, d.endArguments(e.OutputIndex, e.Arguments)
	case "response.output_item.added":
		if e.Item != nil && e.Item.Type == "function_call" {
			_, err = d.begin(e.OutputIndex, e.Item)
		}
		return false, err
	case "response.output_item.done":
		return false, d.endItem(e.OutputIndex, e.Item)
	case "response.completed", "response.incomplete":
		return true, d.finish(e)
	case "response.failed", "response.cancelled":
		if e.Response == nil || len(e.Response.Error) == 0 || string(e.Response.Error) == "null" {
			return true, fmt.Errorf("the provider's answer ended with %s", e.Type)
		}
		return true, transport.ParseFailure(e.Response.Error)
	case "error":
		return true, failure(data)
	}
	return false, nil
}

// failure converts an event that is an error: the error is within "error", or is the
// event itself, whose type says nothing.
func failure(data []byte) error {
	f := transport.ParseFailure(data)
	codes := f.Codes[:0]
	for _, code := range f.Codes {
		if code != "error" {
			codes = append(codes, code)
		}
	}
	f.Codes = codes
	return f
}

// add yields a piece of text, which is a JSON string, after a blank line if it begins
// another part.
func (d *decoder) add(s *stream, item, part int, literal []byte) error {
	if len(literal) < 2 || literal[0] != '"' {
		return nil
	}
	next := s.begun && (item != s.item || part != s.part)
	if next {
		if err := d.flush(s); err != nil {
			return err
		}
	}
	text, err := s.decoder.Decode(literal)
	if err != nil || text == "" {
		return err
	}
	if next && !s.closed {
		text = between + text
	}
	s.begun, s.closed, s.item, s.part = true, false, item, part
	return d.yield(model.Delta{Kind: s.kind, Text: text})
}

// flush yields what is left of a text that has ended with half a character.
func (d *decoder) flush(s *stream) error {
	if rest := s.decoder.Rest(); rest != "" {
		return d.send(model.Delta{Kind: s.kind, Text: rest})
	}
	return nil
}

// yield yields a delta. Text that waits for the second half of a character ends when
// something else begins.
func (d *decoder) yield(delta model.Delta) error {
	for _, s := range [...]*stream{&d.text, &d.reasoning} {
		if delta.Kind != s.kind && s.decoder.Holding() {
			if err := d.flush(s); err != nil {
				return err
			}
		}
	}
	if delta.Kind != model.KindReasoning {
		d.reasoning.closed = true
	}
	return d.send(delta)
}

// begin begins a tool call.
func (d *decoder) begin(index int, item *output) (*call, error) {
	if item.Name == "" {
		return nil, transport.ErrNamelessCall
	}
	c := &call{number: d.begun}
	d.calls[index] = c
	d.begun++
	return c, d.yield(model.Delta{Kind: model.KindToolCall, Call: c.number, ID: item.CallID, Name: item.Name})
}

func (d *decoder) addArguments(index int, literal []byte) error {
	c := d.calls[index]
	if c == nil || len(literal) < 2 || literal[0] != '"' {
		return nil
	}
	text, err := c.arguments.Decode(literal)
	if err != nil || text == "" {
		return err
	}
	c.streamed = true
	return d.yield(model.Delta{Kind: model.KindArguments, Call: c.number, Text: text})
}

// endArguments ends the arguments of a call. If they haven't come in pieces, they are
// given.
func (d *decoder) endArguments(index int, arguments string) error {
	c := d.calls[index]
	if c == nil {
		return nil
	}
	text := c.arguments.Rest()
	if !c.streamed {
		text += arguments
	}
	if text == "" {
		return nil
	}
	c.streamed = true
	return d.yield(model.Delta{Kind: model.KindArguments, Call: c.number, Text: text})
}

// endItem ends an item of the output, which has all of it. What hasn't come in pieces is
// yielded.
func (d *decoder) endItem(index int, item *output) error {
	if item == nil {
		return nil
	}
	switch item.Type {
	case "function_call":
		if d.calls[index] == nil {
			if _, err := d.begin(index, item); err != nil {
				return err
			}
		}
		err := d.endArguments(index, item.Arguments)
		delete(d.calls, index)
		return err
	case "message":
		if item.Phase != "" {
			d.phase = item.Phase
		}
		var texts []string
		for _, part := range item.Content {
			d.refused = d.refused || part.Refusal != ""
			texts = append(texts, part.Text+part.Refusal)
		}
		return d.addWhole(&d.text, index, strings.Join(texts, ""))
	case "reasoning":
		var texts []string
		for _, part := range item.Summary {
			texts = append(texts, part.Text)
		}
		if err := d.addWhole(&d.reasoning, index, strings.Join(texts, between)); err != nil {
			return err
		}
		return d.endReasoning(item.EncryptedContent)
	}
	return nil
}

// addWhole yields the text of an item, unless it has come in pieces.
func (d *decoder) addWhole(s *stream, item int, text string) error {
	if text == "" || s.begun && s.item == item {
		return nil
	}
	if s.begun && !s.closed {
		text = between + text
	}
	s.begun, s.closed, s.item, s.part = true, false, item, 0
	return d.yield(model.Delta{Kind: s.kind, Text: text})
}

// endReasoning yields what the provider wants back of reasoning.
func (d *decoder) endReasoning(content string) error {
	if content == "" {
		return nil
	}
	text, err := formatData(data{Encrypted: content})
	if err != nil {
		return err
	}
	if err := d.flush(&d.reasoning); err != nil {
		return err
	}
	return d.yield(model.Delta{Kind: model.KindReasoningData, Text: text})
}

// finish yields what is known only at the end.
func (d *decoder) finish(e *event) error {
	for _, s := range [...]*stream{&d.text, &d.reasoning} {
		if err := d.flush(s); err != nil {
			return err
		}
	}
	if d.text.begun && d.phase != "" {
		text, err := formatData(data{Phase: d.phase})
		if err != nil {
			return err
		}
		if err := d.send(model.Delta{Kind: model.KindTextData, Text: text}); err != nil {
			return err
		}
	}
	finish := &model.Finish{Reason: d.reason(e), Model: model.Name{Provider: d.provider, Model: d.model}}
	if e.Response != nil && e.Response.Usage != nil {
		finish.Usage = e.Response.Usage.counts()
	}
	return d.send(model.Delta{Kind: model.KindFinish, Finish: finish})
}

// reason converts the reason why the answer has ended. A refusal is text of its own,
// with an ordinary end.
func (d *decoder) reason(e *event) model.FinishReason {
	reason := ""
	if e.Response != nil {
		reason = e.Response.IncompleteDetails.Reason
	}
	switch {
	case reason == "max_output_tokens":
		return model.FinishLength
	case reason == "content_filter" || d.refused:
		return model.FinishContentFilter
	case d.begun > 0:
		return model.FinishToolCalls
	case e.Type == "response.completed" && reason == "":
		return model.FinishStop
	}
	return model.FinishOther
}
