package otel

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/copilotkit-go/runtime/core/agui"
)

const (
	// maxContent bounds each attribute with content, in bytes: of a conversation the
	// newest messages are kept.
	maxContent = 32 << 10
	// maxPart bounds one part of a message.
	maxPart = 8 << 10
)

// setContent adds an attribute that is JSON, and so isn't cut.
func (t *Telemetry) setContent(s *span, key string, encoded []byte) {
	if len(encoded) == 0 || !t.recording(s) || len(s.attributes)+len(encoded) > maxSpan {
		return
	}
	a := text(key, string(encoded))
	s.attributes = appendAttribute(s.attributes, 9, &a)
}

// part is a part of a message, in the form of the conventions.
type part struct {
	Type      string          `json:"type"`
	Content   string          `json:"content,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Response  string          `json:"response,omitempty"`
}

type message struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

func encodeInstructions(system []string) []byte {
	parts := make([]part, 0, len(system))
	for _, instruction := range system {
		parts = append(parts, part{Type: "text", Content: cut(instruction, maxPart)})
	}
	return encodeNewest(parts)
}

func encodeTools(names []string) []byte {
	type definition struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	definitions := make([]definition, 0, len(names))
	for _, name := range names {
		definitions = append(definitions, definition{"function", cut(name, maxWord)})
	}
	return encodeNewest(definitions)
}

// encodeMessages encodes a conversation.
func encodeMessages(messages []agui.Message) []byte {
	const most = 200 // more would hardly fit
	messages = messages[max(0, len(messages)-most):]
	encoded := make([]message, 0, len(messages))
	for i := range messages {
		m := message{Role: string(messages[i].Role), Parts: parts(&messages[i])}
		if m.Role == string(agui.RoleReasoning) {
			m.Role = string(agui.RoleAssistant)
		}
		encoded = append(encoded, m)
	}
	return encodeNewest(encoded)
}

// encodeAnswer encodes an answer with the reason for its end. To the conventions it is one
// message, whatever it consists of, and always has a reason.
func encodeAnswer(messages []agui.Message, finishReason string) []byte {
	var all []part
	for i := range messages {
		all = append(all, parts(&messages[i])...)
	}
	answer := struct {
		Role         string          `json:"role"`
		Parts        json.RawMessage `json:"parts"`
		FinishReason string          `json:"finish_reason"`
	}{string(agui.RoleAssistant), encodeNewest(all), cmp.Or(finishReason, "error")}
	if answer.Parts == nil {
		answer.Parts = json.RawMessage("[]")
	}
	encoded, err := json.Marshal([]any{answer})
	if err != nil {
		return nil // unreachable: all of it is JSON
	}
	return encoded
}

func parts(m *agui.Message) []part {
	content := cut(m.Content.Text(), maxPart)
	list := []part{}
	switch {
	case m.Role == agui.RoleTool:
		return append(list, part{Type: "tool_call_response", ID: cut(m.ToolCallID, maxWord), Response: content})
	case m.Role == agui.RoleReasoning:
		return append(list, part{Type: "reasoning", Content: content})
	case content != "":
		list = append(list, part{Type: "text", Content: content})
	}
	for _, call := range m.ToolCalls {
		p := part{Type: "tool_call", ID: cut(call.ID, maxWord), Name: cut(call.Name, maxWord)}
		if arguments := []byte(call.Arguments); len(arguments) <= maxPart && json.Valid(arguments) {
			p.Arguments = arguments
		}
		list = append(list, p)
	}
	return list
}

// encodeNewest encodes a list as JSON, without the first items if it is too long.
func encodeNewest[T any](list []T) []byte {
	items, size := make([][]byte, 0, len(list)), 2
	for _, item := range slices.Backward(list) {
		encoded, err := json.Marshal(item)
		if err != nil || size+len(encoded)+1 > maxContent {
			break
		}
		size += len(encoded) + 1
		items = append(items, encoded)
	}
	if len(items) == 0 {
		return nil
	}
	joined := append(make([]byte, 0, size), '[')
	for i, item := range slices.Backward(items) {
		joined = append(joined, item...)
		if i > 0 {
			joined = append(joined, ',')
		}
	}
	return append(joined, ']')
}
