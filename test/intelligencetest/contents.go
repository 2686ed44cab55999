package intelligencetest

import (
	"encoding/json"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// message is a message as the platform has it, which isn't AG-UI's form.
type message struct {
	ID           string     `json:"id"`
	Role         string     `json:"role"`
	Content      any        `json:"content,omitempty"`
	ActivityType string     `json:"activityType,omitempty"`
	ToolCalls    []toolCall `json:"toolCalls,omitempty"`
	ToolCallID   string     `json:"toolCallId,omitempty"`

	text string // of an answer that is being written
}

type toolCall struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Args string `json:"args"`
}

// Message is a message that the platform has kept.
type Message struct {
	ID, Role, Text string
}

// Messages returns a thread's messages, as its events amount to.
func (p *Platform) Messages(threadID string) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.threads[threadID]
	if t == nil {
		return nil
	}
	var messages []Message
	for _, m := range messagesOf(t.events) {
		text, _ := m.Content.(string)
		messages = append(messages, Message{ID: m.ID, Role: m.Role, Text: text})
	}
	return messages
}

// messagesOf returns what events amount to.
func messagesOf(events []Event) []*message {
	messages := []*message{}
	byID := make(map[string]*message)
	calls := make(map[string]*message) // the message of each tool call
	add := func(id, role string) *message {
		m := byID[id]
		if m == nil {
			m = &message{ID: id, Role: role}
			byID[id] = m
			messages = append(messages, m)
		}
		return m
	}
	for _, stored := range events {
		event := decode(stored.JSON)
		id, callID := event.text("messageId"), event.text("toolCallId")
		switch stored.Type {
		case "RUN_STARTED":
			addInput(event, byID, add)
		case "TEXT_MESSAGE_START":
			role := event.text("role")
			if role == "" {
				role = "assistant"
			}
			add(id, role)
		case "TEXT_MESSAGE_CONTENT":
			m := add(id, "assistant")
			m.text += event.text("delta")
			m.Content = m.text
		case "TOOL_CALL_START":
			parent := event.text("parentMessageId")
			if parent == "" {
				parent = callID
			}
			m := add(parent, "assistant")
			m.ToolCalls = append(m.ToolCalls, toolCall{ID: callID, Name: event.text("toolCallName")})
			calls[callID] = m
		case "TOOL_CALL_ARGS":
			if m := calls[callID]; m != nil {
				for i := range m.ToolCalls {
					if m.ToolCalls[i].ID == callID {
						m.ToolCalls[i].Args += event.text("delta")
					}
				}
			}
		case "TOOL_CALL_RESULT":
			m := add(id, "tool")
			m.ToolCallID, m.Content = callID, event.text("content")
		case "ACTIVITY_SNAPSHOT":
			m := add(id, "activity")
			m.ActivityType, m.Content = event.text("activityType"), event["content"]
		}
	}
	return messages
}

// addInput adds the messages with which a run was asked.
func addInput(event fields, known map[string]*message, add func(id, role string) *message) {
	var input struct {
		Messages []struct {
			ID         string          `json:"id"`
			Role       string          `json:"role"`
			Content    json.RawMessage `json:"content"`
			ToolCallID string          `json:"toolCallId"`
			ToolCalls  []struct {
				ID       string `json:"id"`
				Function struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"toolCalls"`
		} `json:"messages"`
	}
	_ = json.Unmarshal(event["input"], &input)
	for _, in := range input.Messages {
		if known[in.ID] != nil {
			continue
		}
		m := add(in.ID, in.Role)
		m.ToolCallID = in.ToolCallID
		_ = json.Unmarshal(in.Content, &m.Content) // none is none
		for _, call := range in.ToolCalls {
			m.ToolCalls = append(m.ToolCalls, toolCall{ID: call.ID, Name: call.Function.Name, Args: call.Function.Arguments})
		}
	}
}

// stateOf returns the shared state after events, as the platform says it.
func stateOf(events []Event) map[string]any {
	var state []byte
	skipped := 0
	for _, stored := range events {
		event := decode(stored.JSON)
		switch stored.Type {
		case "STATE_SNAPSHOT":
			state = event["snapshot"]
		case "STATE_DELTA":
			patch, err := jsonpatch.DecodePatch(event["delta"])
			if err != nil || state == nil {
				skipped++
				continue
			}
			if next, err := patch.Apply(state); err != nil {
				skipped++
			} else {
				state = next
			}
		}
	}
	if state == nil {
		return map[string]any{"kind": "no-snapshot"}
	}
	return map[string]any{"kind": "snapshot", "state": json.RawMessage(state), "skippedDeltas": skipped}
}
