package a2ui

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// What a tool's result holds if it is about surfaces.
const (
	operationsKey     = "a2ui_operations"
	recoveryExhausted = "a2ui_recovery_exhausted"
)

// result takes a result, and returns what it draws. It is drawn as it is: a tool of the
// agent's, unlike a model, is meant to know what it does.
func (s *session) result(event agui.Event) []agui.Event {
	id := callOf(event)
	delete(s.unanswered, id)
	key := s.outer
	if key == "" {
		key = id
	}
	if s.outer == id {
		s.outer = ""
	}
	if s.painted[id] || !mayDraw(event) {
		return nil
	}
	v, ok := decoded(event).(agui.ToolCallResultEvent)
	if !ok || v.Parts != nil {
		return nil
	}
	if len(v.Content) > maxArguments {
		s.warn("A result has more than " + strconv.Itoa(maxArguments) + " bytes")
		return nil
	}
	object, ok := parseObject([]byte(v.Content), true)
	if !ok {
		return nil
	}
	if operations, ok := jsonscan.Lookup(object, operationsKey); ok && jsonscan.Kind(operations) == "array" {
		return s.drawOperations(key, operations)
	}
	if object, ok = parseObject([]byte(v.Content), false); !ok || lookupText(object, "code") != recoveryExhausted {
		return nil
	}
	if place := s.slots[key]; place != nil {
		place.retrying = false
	}
	return []agui.Event{snapshot(key, s.extension.failed(parseFailure(object)))}
}

// mayDraw reports whether a result is worth being parsed.
func mayDraw(event agui.Event) bool {
	switch v := event.(type) {
	case agui.ToolCallResultEvent:
		return strings.Contains(v.Content, operationsKey) || strings.Contains(v.Content, recoveryExhausted)
	case agui.Encoded:
		return bytes.Contains(v.JSON(), []byte(operationsKey)) || bytes.Contains(v.JSON(), []byte(recoveryExhausted))
	}
	return false
}

// parseObject returns the object that a text is; with unwrap also that which is encoded
// in a string once more.
func parseObject(content []byte, unwrap bool) (object []byte, ok bool) {
	value, err := jsonscan.CheckWithin(content, jsonscan.MaxDepth-maxDepth)
	if err != nil {
		return nil, false
	}
	switch jsonscan.Kind(value) {
	case "object":
		return value, true
	case "string":
		if unwrap {
			return parseObject(jsonscan.Text(value), false)
		}
	}
	return nil, false
}

// drawOperations draws operations, with one activity for each surface. Those for surfaces
// that were drawn from arguments are left out: agents repeat them in their results.
func (s *session) drawOperations(key string, operations []byte) (events []agui.Event) {
	contents := make(map[string][]byte)
	var surfaces []string
	for e := jsonscan.ElementsOf(operations); e.Next(); {
		if jsonscan.Kind(e.Value) != "object" {
			continue
		}
		id, ok := surfaceOf(e.Value)
		if ok && s.streamed[id] {
			continue
		}
		if !ok {
			id = "default"
		}
		content := contents[id]
		if content == nil {
			if !s.allow(id) {
				s.warn("The run has more than " + strconv.Itoa(maxSurfaces) + " surfaces")
				continue
			}
			surfaces = append(surfaces, id)
			content = append(content, `{"`+operationsKey+`":[`...)
		} else {
			content = append(content, ',')
		}
		contents[id] = append(content, e.Value...)
	}
	for _, id := range surfaces {
		message := key
		if len(surfaces) > 1 {
			message = id + "-" + key
		}
		events = append(events, snapshot(message, append(contents[id], "]}"...)))
	}
	return events
}

// surfaceOf returns the id of the surface that an operation is about.
func surfaceOf(operation []byte) (id string, ok bool) {
	for _, name := range []string{"createSurface", "updateComponents", "updateDataModel", "deleteSurface"} {
		value, found := jsonscan.Lookup(operation, name)
		if !found || jsonscan.Kind(value) != "object" {
			continue
		}
		if value, found = jsonscan.Lookup(value, "surfaceId"); found {
			if id, ok = text(value); ok {
				return id, true
			}
		}
	}
	return "", false
}

// failure is what an agent says of a surface that it has given up.
type failure struct {
	text string
	// attempts is JSON, count how many there are if it is an array.
	attempts []byte
	count    int
}

func parseFailure(object []byte) failure {
	f := failure{text: "A2UI generation failed", attempts: []byte("[]")}
	if value, ok := jsonscan.Lookup(object, "error"); ok && !jsonscan.IsNull(value) {
		if f.text, ok = text(value); !ok {
			f.text = string(value)
		}
	}
	if value, ok := jsonscan.Lookup(object, "attempts"); ok && !jsonscan.IsNull(value) {
		f.attempts = value
		if jsonscan.Kind(value) == "array" {
			for e := jsonscan.ElementsOf(value); e.Next(); {
				f.count++
			}
		}
	}
	return f
}
