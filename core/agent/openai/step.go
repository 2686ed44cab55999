package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// step is one answer of the model, as it comes in.
type step struct {
	out *emitter
	// messageID is the id of the step's text; tool calls name it as their parent.
	messageID string
	text      strings.Builder
	reasoning strings.Builder
	calls     []*toolCall
	// finishReason is why the provider ended the answer, empty before that.
	finishReason string
	model        string
	usage        *chunkUsage
}

var errNamelessCall = errors.New("the provider's answer has a tool call without a name")

// toolCall is a call that the model makes.
type toolCall struct {
	id, name  string
	index     int
	arguments bytes.Buffer
	// signature is what the provider wants back with the call, nil for nothing.
	signature json.RawMessage
}

// read turns the provider's deltas into events until the answer ends.
func (s *step) read(answer chunks) error {
	var c chunk
	for {
		data, err := answer.next()
		if errors.Is(err, errDone) || errors.Is(err, io.EOF) && s.finishReason != "" {
			return s.finish()
		}
		if errors.Is(err, io.EOF) {
			return errStreamBroken
		}
		if err != nil {
			return err
		}
		if text, ok := textDelta(data); ok {
			if text == "" {
				continue
			}
			if err := s.addText(text); err != nil {
				return err
			}
			continue
		}
		if err := c.decode(data); err != nil {
			return err
		}
		if err := s.take(&c); err != nil {
			return err
		}
	}
}

// take handles one chunk.
func (s *step) take(c *chunk) error {
	if c.Model != "" {
		s.model = c.Model
	}
	if c.Usage != nil {
		s.usage = c.Usage
	}
	for i := range c.Choices {
		choice := &c.Choices[i]
		if choice.Index != 0 {
			continue // one answer is asked for
		}
		delta := &choice.Delta
		thought := delta.ReasoningContent
		if thought == "" {
			thought = delta.Reasoning
		}
		if thought != "" {
			s.reasoning.WriteString(thought)
			if err := s.out.addReasoning(thought); err != nil {
				return err
			}
		}
		for _, text := range [2]string{delta.Content, delta.Refusal} {
			if text == "" {
				continue
			}
			if err := s.addText(text); err != nil {
				return err
			}
		}
		for j := range delta.ToolCalls {
			if err := s.addCall(&delta.ToolCalls[j]); err != nil {
				return err
			}
		}
		if choice.FinishReason != "" {
			s.finishReason = choice.FinishReason
		}
	}
	return nil
}

func (s *step) addText(delta string) error {
	if s.text.Len() > 0 && s.out.text != s.messageID {
		s.messageID = newID() // the text was closed by something in between
	}
	s.text.WriteString(delta)
	return s.out.addText(s.messageID, delta)
}

// addCall begins a tool call or adds to one.
func (s *step) addCall(delta *chunkToolCall) error {
	call := s.find(delta)
	if call == nil {
		if delta.Function.Name == "" {
			return errNamelessCall
		}
		if err := s.out.closeAll(); err != nil {
			return err
		}
		call = &toolCall{id: delta.ID, name: delta.Function.Name, index: len(s.calls)}
		if delta.Index != nil {
			call.index = *delta.Index
		}
		if call.id == "" {
			call.id = "call_" + newID()
		}
		s.calls = append(s.calls, call)
		if err := s.out.send(agui.ToolCallStartEvent{
			ToolCallID: call.id, ToolCallName: call.name, ParentMessageID: s.messageID,
		}); err != nil {
			return err
		}
	}
	if call.signature == nil {
		call.signature = signatureOf(string(delta.ExtraContent))
	}
	if delta.Function.Arguments == "" {
		return nil
	}
	call.arguments.WriteString(delta.Function.Arguments)
	return s.out.send(agui.ToolCallArgsEvent{ToolCallID: call.id, Delta: delta.Function.Arguments})
}

// find gives the call that a delta belongs to, nil for a new one. Some providers
// number every call 0, or none: then the id tells them apart.
func (s *step) find(delta *chunkToolCall) *toolCall {
	for i := len(s.calls) - 1; i >= 0; i-- {
		call := s.calls[i]
		switch {
		case delta.ID != "" && delta.ID == call.id:
			return call
		case delta.ID != "" && delta.Function.Name != "":
			// a new call, unless an earlier one has this id
		case delta.Index == nil || *delta.Index == call.index:
			return call
		}
	}
	return nil
}

// finish closes what the answer left open. Tool calls end with the answer, not
// before: some providers send the pieces of several calls in turns.
func (s *step) finish() error {
	if err := s.out.closeAll(); err != nil {
		return err
	}
	for _, call := range s.calls {
		if call.arguments.Len() == 0 {
			call.arguments.WriteString("{}")
			if err := s.out.send(agui.ToolCallArgsEvent{ToolCallID: call.id, Delta: "{}"}); err != nil {
				return err
			}
		}
		if err := s.out.send(agui.ToolCallEndEvent{ToolCallID: call.id}); err != nil {
			return err
		}
		if call.signature == nil {
			continue
		}
		if err := s.out.send(agui.ReasoningEncryptedValueEvent{
			Subtype: "tool-call", EntityID: call.id, EncryptedValue: compacted(call.signature),
		}); err != nil {
			return err
		}
	}
	return nil
}

// message is the answer as the next step's request repeats it.
func (s *step) message(echoReasoning bool) message {
	m := message{Role: "assistant"}
	if s.text.Len() > 0 {
		m.Content = s.text.String()
	}
	if echoReasoning {
		m.ReasoningContent = s.reasoning.String()
	}
	for _, call := range s.calls {
		m.ToolCalls = append(m.ToolCalls, newMessageToolCall(call.id, call.name, call.arguments.String(), call.signature))
	}
	return m
}
