package loop

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// maxAnswer bounds the text, reasoning and arguments of one answer, in bytes. No
// model writes as much, but a broken provider could go on forever.
const maxAnswer = 32 << 20

// maxCalls bounds the tool calls of one answer, which run at the same time.
const maxCalls = 128

// step is one answer of the model, as it arrives.
type step struct {
	out *emitter
	// messageID is the id of the text message, which is the parent of tool calls.
	messageID string
	// keeps is set if the answer's text is wanted when it is complete. Otherwise it goes
	// into the events alone.
	keeps    bool
	hasText  bool
	text     strings.Builder
	textData string
	// reasoning holds the reasoning messages of the answer. The last one is open
	// while the emitter has it open.
	reasoning []*reasoning
	calls     []*toolCall
	// callIDs are the ids of the thread's tool calls, with those of this answer.
	callIDs map[string]bool
	size    int
	finish  *model.Finish // nil until the answer is complete
}

type reasoning struct {
	id   string
	text strings.Builder
	data string
}

// toolCall is a tool call of the model.
type toolCall struct {
	id, name  string
	arguments bytes.Buffer
	data      string
}

// handle sends the events of a delta.
func (s *step) handle(delta *model.Delta) error {
	if s.size += len(delta.Text) + len(delta.ID) + len(delta.Name); s.size > maxAnswer {
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
		return s.close()
	}
	return nil
}

func (s *step) addText(delta string) error {
	if s.hasText && s.out.text != s.messageID {
		s.messageID = agui.NewID() // the message was closed by something in between
	}
	s.hasText = s.hasText || delta != ""
	if s.keeps {
		s.text.WriteString(delta)
	}
	return s.out.addText(s.messageID, delta)
}

func (s *step) addReasoning(delta string) error {
	if s.out.reasoning == "" {
		if err := s.out.openReasoning(); err != nil {
			return err
		}
		s.reasoning = append(s.reasoning, &reasoning{id: s.out.reasoning})
	}
	if s.keeps {
		s.reasoning[len(s.reasoning)-1].text.WriteString(delta)
	}
	return s.out.send(agui.ReasoningMessageContentEvent{MessageID: s.out.reasoning, Delta: delta})
}

// endReasoning ends the open reasoning with data. Without open reasoning, the data
// is of one that has no text.
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
	if len(s.calls) >= maxCalls {
		return model.NewError(model.CodeAnswerTooLarge, fmt.Errorf("the answer has more than %d tool calls", maxCalls))
	}
	call := &toolCall{id: delta.ID, name: delta.Name}
	if call.id == "" || s.callIDs[call.id] {
		// Some providers count the calls of each answer anew. Of two calls with one
		// id the front end would make one.
		call.id = "call_" + agui.NewID()
	}
	s.callIDs[call.id] = true
	s.calls = append(s.calls, call)
	return s.out.send(agui.ToolCallStartEvent{
		ToolCallID: call.id, ToolCallName: call.name, ParentMessageID: s.messageID,
	})
}

// close closes what is open at the end of the answer. Tool calls end with the
// answer, not before, since providers may interleave the arguments of several.
func (s *step) close() error {
	if err := s.out.closeAll(); err != nil {
		return err
	}
	if s.textData != "" && s.hasText {
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

// appendTo appends the answer as messages of the next request. The answer must keep its
// text.
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
