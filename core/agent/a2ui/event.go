package a2ui

import (
	"bytes"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// decoded returns the struct of an event that may be encoded, or the event itself if it
// isn't valid: the runner refuses it then.
func decoded(event agui.Event) agui.Event {
	if encoded, ok := event.(agui.Encoded); ok {
		if event, err := encoded.Decode(); err == nil {
			return event
		}
	}
	return event
}

// callOf returns the id of the call that an event is about.
func callOf(event agui.Event) string {
	switch v := event.(type) {
	case agui.ToolCallArgsEvent:
		return v.ToolCallID
	case agui.ToolCallEndEvent:
		return v.ToolCallID
	case agui.ToolCallResultEvent:
		return v.ToolCallID
	case agui.Encoded:
		id, _ := v.Text("toolCallId")
		return string(id)
	}
	return ""
}

// addDelta adds the delta of an event to its call, if that draws.
func (s *session) addDelta(event agui.Event) []agui.Event {
	encoded, ok := event.(agui.Encoded)
	if !ok {
		v, _ := event.(agui.ToolCallArgsEvent)
		if c := s.calls[v.ToolCallID]; c != nil {
			return s.add(c, v.Delta)
		}
		return nil
	}
	id, delta, ok := encoded.PlainDelta()
	if !ok {
		value, isText := encoded.Field("delta")
		if !isText || value[0] != '"' {
			return nil
		}
		id, delta = []byte(callOf(event)), value[1:len(value)-1]
	} else if bytes.IndexByte(id, '\\') >= 0 {
		id = jsonscan.AppendText(nil, id)
	}
	if c := s.calls[string(id)]; c != nil {
		return s.add(c, c.text(delta))
	}
	return nil
}

// text returns the text of a delta as JSON writes it. The first half of a character that
// ends it waits for the second: a JavaScript agent may cut a character in two.
func (c *call) text(delta []byte) string {
	if len(c.pair) > 0 {
		delta = append(c.pair, delta...)
		c.pair = nil
	}
	if rest, ok := cutHalf(delta); ok {
		c.pair = append(c.pair, delta[len(rest):]...)
		delta = rest
	}
	return string(jsonscan.AppendText(nil, delta))
}

// cutHalf returns what is before the first half of a surrogate pair that ends a JSON
// string's content, and whether there is one.
func cutHalf(content []byte) (before []byte, ok bool) {
	const length = len(`\ud800`)
	if len(content) < length {
		return nil, false
	}
	before, half := content[:len(content)-length], content[len(content)-length:]
	if half[0] != '\\' || half[1] != 'u' || half[2]|0x20 != 'd' || !strings.Contains("89abAB", string(half[3])) {
		return nil, false
	}
	slashes := 0
	for slashes < len(before) && before[len(before)-1-slashes] == '\\' {
		slashes++
	}
	return before, slashes%2 == 0
}
