package loop

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// maxAnswer is how many bytes of text, reasoning and arguments one answer may
// have. No model writes as much; a broken provider could do so without end.
const maxAnswer = 32 << 20

// step is one answer of the model, as it comes in.
type step struct {
	out *emitter
	// messageID is the id of the step's text; tool calls name it as their parent.
	messageID string
	text      strings.Builder
	textData  string
	// reasoning holds the reasonings of the answer; the last one is open while it
	// is the emitter's.
	reasoning []*reasoning
	calls     []*toolCall
	size      int
	finish    *model.Finish // nil before the end
}

type reasoning struct {
	id   string
	text strings.Builder
	data string
}

// toolCall is a call that the model makes.
type toolCall struct {
	id, name  string
	arguments bytes.Buffer
	data      string
}

// take turns a delta into events.
func (s *step) take(delta *model.Delta) error {
	if s.size += len(delta.Text); s.size > maxAnswer {
		return model.NewError(model.CodeAnswerTooLarge, fmt.Errorf("the answer has more than %d bytes", maxAnswer))
	}
	switch delta.Kind {
	case model.KindText:
		return s.addText(delta.Text)
	case model.KindReasoning:
		return s.addReasoning(delta.Text)
	case model.KindReasoningData:
		return s.endReasoning(delta.Text)
	case model.KindTextData:
		s.textData = delta.Text
	case model.KindToolCall:
		return s.beginCall(delta)
	case model.KindArguments, model.KindToolCallData:
		if delta.Call < 0 || delta.Call >= len(s.calls) {
			return fmt.Errorf("the model's answer goes on with call %d of %d", delta.Call, len(s.calls))
		}
		call := s.calls[delta.Call]
		if delta.Kind == model.KindToolCallData {
			call.data = delta.Text
			return nil
		}
		call.arguments.WriteString(delta.Text)
		return s.out.send(agui.ToolCallArgsEvent{ToolCallID: call.id, Delta: delta.Text})
	case model.KindFinish:
		s.finish = delta.Finish
		return s.end()
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

func (s *step) addReasoning(delta string) error {
	if s.out.reasoning == "" {
		if err := s.out.openReasoning(); err != nil {
			return err
		}
		s.reasoning = append(s.reasoning, &reasoning{id: s.out.reasoning})
	}
	s.reasoning[len(s.reasoning)-1].text.WriteString(delta)
	return s.out.send(agui.ReasoningMessageContentEvent{MessageID: s.out.reasoning, Delta: delta})
}

// endReasoning closes reasoning that comes with data, which may have no text.
func (s *step) endReasoning(data string) error {
	if s.out.reasoning == "" {
		if err := s.out.openReasoning(); err != nil {
			return err
		}
		s.reasoning = append(s.reasoning, &reasoning{id: s.out.reasoning})
	}
	s.reasoning[len(s.reasoning)-1].data = data
	return s.out.closeReasoning(data)
}

func (s *step) beginCall(delta *model.Delta) error {
	if err := s.out.closeAll(); err != nil {
		return err
	}
	call := &toolCall{id: delta.ID, name: delta.Name}
	if call.id == "" {
		call.id = "call_" + newID()
	}
	s.calls = append(s.calls, call)
	return s.out.send(agui.ToolCallStartEvent{
		ToolCallID: call.id, ToolCallName: call.name, ParentMessageID: s.messageID,
	})
}

// end closes what the answer left open. Tool calls end with the answer, not
// before: some providers send the pieces of several calls in turns.
func (s *step) end() error {
	if err := s.out.closeAll(); err != nil {
		return err
	}
	if s.textData != "" && s.text.Len() > 0 {
		if err := s.out.sendData("message", s.messageID, s.textData); err != nil {
			return err
		}
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
		if call.data == "" {
			continue
		}
		if err := s.out.sendData("tool-call", call.id, call.data); err != nil {
			return err
		}
	}
	return nil
}

// appendTo appends the answer as the next step's request repeats it.
func (s *step) appendTo(messages []agui.Message) []agui.Message {
	for _, r := range s.reasoning {
		messages = append(messages, agui.Message{
			ID: r.id, Role: agui.RoleReasoning, Content: agui.TextContent(r.text.String()), EncryptedValue: r.data,
		})
	}
	answer := agui.Message{ID: s.messageID, Role: agui.RoleAssistant, EncryptedValue: s.textData}
	if s.text.Len() > 0 {
		answer.Content = agui.TextContent(s.text.String())
	}
	for _, call := range s.calls {
		answer.ToolCalls = append(answer.ToolCalls, agui.ToolCall{
			ID: call.id, Name: call.name, Arguments: objectArguments(call.arguments.String()), EncryptedValue: call.data,
		})
	}
	return append(messages, answer)
}
