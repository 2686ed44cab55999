package core

import (
	"encoding/json"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
)

// replay rebuilds the messages of a stream from its events. It is for one
// goroutine. The zero value is ready; a nil one ignores all.
type replay struct {
	streamed bool
	threadID string
	runID    string
	messages []*replayedMessage
	calls    []*replayedCall
	snapshot []agui.Message
}

type replayedMessage struct {
	agui.Message
	text strings.Builder
}

type replayedCall struct {
	agui.ToolCall
	arguments strings.Builder
	parent    string
}

// observe takes note of the next event. What can't be read is passed over: the
// stream went to the client as it is, and this is only its retelling.
func (p *replay) observe(event agui.Encoded) {
	if p == nil {
		return
	}
	p.streamed = true
	switch event.EventType() {
	case agui.EventTypeRunStarted, agui.EventTypeMessagesSnapshot, agui.EventTypeTextMessageStart,
		agui.EventTypeTextMessageContent, agui.EventTypeToolCallStart, agui.EventTypeToolCallArgs,
		agui.EventTypeToolCallResult:
	default:
		return
	}
	var e struct {
		ThreadID        string          `json:"threadId"`
		RunID           string          `json:"runId"`
		MessageID       string          `json:"messageId"`
		Role            agui.Role       `json:"role"`
		Delta           string          `json:"delta"`
		ToolCallID      string          `json:"toolCallId"`
		ToolCallName    string          `json:"toolCallName"`
		ParentMessageID string          `json:"parentMessageId"`
		Content         string          `json:"content"`
		Messages        json.RawMessage `json:"messages"`
	}
	if json.Unmarshal(event.JSON(), &e) != nil {
		return
	}
	switch event.EventType() {
	case agui.EventTypeRunStarted:
		p.threadID, p.runID = e.ThreadID, e.RunID
	case agui.EventTypeMessagesSnapshot:
		var messages []agui.Message
		if json.Unmarshal(e.Messages, &messages) == nil {
			p.snapshot = messages
		}
	case agui.EventTypeTextMessageStart:
		if e.Role == "" {
			e.Role = agui.RoleAssistant
		}
		p.put(agui.Message{ID: e.MessageID, Role: e.Role}, "")
	case agui.EventTypeTextMessageContent:
		if m := p.message(e.MessageID); m != nil {
			m.text.WriteString(e.Delta)
		}
	case agui.EventTypeToolCallStart:
		call := agui.ToolCall{ID: e.ToolCallID, Name: e.ToolCallName}
		p.calls = append(p.calls, &replayedCall{ToolCall: call, parent: e.ParentMessageID})
	case agui.EventTypeToolCallArgs:
		if call := p.call(e.ToolCallID); call != nil {
			call.arguments.WriteString(e.Delta)
		}
	case agui.EventTypeToolCallResult:
		p.put(agui.Message{ID: e.MessageID, Role: agui.RoleTool, ToolCallID: e.ToolCallID}, e.Content)
	}
}

// observer is observe, nil for a nil replay.
func (p *replay) observer() func(agui.Encoded) {
	if p == nil {
		return nil
	}
	return p.observe
}

// fill tells what the stream came to, once.
func (p *replay) fill(answer *Answer) {
	if p == nil || !p.streamed {
		return
	}
	answer.ThreadID, answer.RunID = p.threadID, p.runID
	if p.snapshot != nil {
		answer.Messages = p.snapshot
		return
	}
	for _, call := range p.calls {
		call.Arguments = call.arguments.String()
		if m := p.message(call.parent); m != nil {
			m.ToolCalls = append(m.ToolCalls, call.ToolCall)
		}
	}
	answer.Messages = make([]agui.Message, len(p.messages))
	for i, m := range p.messages {
		m.Content = agui.TextContent(m.text.String())
		answer.Messages[i] = m.Message
	}
}

// put adds a message, or begins one of the same id anew.
func (p *replay) put(message agui.Message, text string) {
	m := p.message(message.ID)
	if m == nil {
		m = &replayedMessage{}
		p.messages = append(p.messages, m)
	}
	m.Message = message
	m.text.Reset()
	m.text.WriteString(text)
}

// message looks from the end, where the one that is being written is.
func (p *replay) message(id string) *replayedMessage {
	for i := len(p.messages) - 1; i >= 0; i-- {
		if p.messages[i].ID == id {
			return p.messages[i]
		}
	}
	return nil
}

func (p *replay) call(id string) *replayedCall {
	for i := len(p.calls) - 1; i >= 0; i-- {
		if p.calls[i].ID == id {
			return p.calls[i]
		}
	}
	return nil
}
