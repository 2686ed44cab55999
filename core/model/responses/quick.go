package responses

import (
	"bytes"
	"strconv"
)

// The types of nearly all events.
const (
	textDelta      = "response.output_text.delta"
	summaryDelta   = "response.reasoning_summary_text.delta"
	argumentsDelta = "response.function_call_arguments.delta"
)

// quick is a piece of text, as a JSON string, with the indices of its item and part.
type quick struct {
	literal    []byte
	item, part int
}

// quickDelta returns the piece of text that an event has, and the event's type. It
// searches for these fields instead of decoding the event, which takes several times as
// long. Quotes are always escaped in JSON strings, so what looks like a field is one.
//
// It returns false if it isn't certain, and then the event must be decoded.
func quickDelta(event []byte) (kind string, delta quick, ok bool) {
	const typeField, deltaField = `{"type":"`, `"delta":"`
	if !bytes.HasPrefix(event, []byte(typeField)) || event[len(event)-1] != '}' {
		return "", quick{}, false
	}
	// The type comes first, and the indices before the text.
	for _, known := range [...]string{textDelta, argumentsDelta, summaryDelta} {
		if rest := event[len(typeField):]; len(rest) > len(known) && string(rest[:len(known)]) == known && rest[len(known)] == '"' {
			kind = known
		}
	}
	at := bytes.Index(event, []byte(deltaField))
	if kind == "" || at < 0 {
		return "", quick{}, false
	}
	head, rest := event[:at], event[at+len(deltaField):]
	if delta.item, ok = number(head, `"output_index":`); !ok {
		return "", quick{}, false
	}
	if delta.part, ok = number(head, `"summary_index":`); !ok && kind == summaryDelta {
		return "", quick{}, false
	}
	end := 0
	for ; end < len(rest) && rest[end] != '"'; end++ {
		if rest[end] == '\\' {
			end++
		}
	}
	if end >= len(rest) || bytes.Contains(rest[end:], []byte(deltaField)) {
		return "", quick{}, false
	}
	start := at + len(deltaField) - 1
	delta.literal = event[start : start+end+2]
	return kind, delta, true
}

// number returns the number of a field that isn't negative, nor large.
func number(head []byte, field string) (n int, ok bool) {
	_, rest, found := bytes.Cut(head, []byte(field))
	if !found {
		return 0, false
	}
	digits := 0
	for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(string(rest[:digits]))
	return n, err == nil && digits < 10
}
