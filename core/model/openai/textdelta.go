package openai

import (
	"bytes"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
)

// textDelta returns the text of a chunk that has a piece of text and nothing else
// that matters, as nearly all chunks do. It searches for the few fields that could
// matter instead of decoding the chunk, which takes several times as long. Quotes
// are always escaped in JSON strings, so what looks like a field is one.
//
// It returns false if it isn't certain, and then the chunk must be decoded.
func textDelta(chunk []byte) (text string, ok bool) {
	l, found := cutLiteral(chunk, `"content":"`)
	if !found {
		return "", false
	}
	if !bytes.Contains(l.before, []byte(`"index":0`)) && !bytes.Contains(l.after, []byte(`"index":0`)) {
		return "", false
	}
	if matters(l.before) || matters(l.after) || bytes.Contains(l.after, []byte(`"content":"`)) {
		return "", false
	}
	return l.text()
}

// literal is a JSON string in a chunk.
type literal struct {
	// quoted is the string with its quotes, before and after are what is around it, the
	// name of its field left out.
	quoted, before, after []byte
	escaped               bool
}

// cutLiteral returns the first string that follows a field's name, which ends in the
// string's opening quote.
func cutLiteral(chunk []byte, name string) (l literal, found bool) {
	at := bytes.Index(chunk, []byte(name))
	if at < 0 {
		return literal{}, false
	}
	start := at + len(name) - 1
	end := start + 1
	for ; end < len(chunk) && chunk[end] != '"'; end++ {
		if chunk[end] == '\\' {
			l.escaped = true
			end++
		}
	}
	if end >= len(chunk) {
		return literal{}, false
	}
	l.quoted, l.before, l.after = chunk[start:end+1], chunk[:at], chunk[end+1:]
	return l, true
}

// text returns the string's text, unless that begins or ends with half a character or
// isn't valid.
func (l *literal) text() (text string, ok bool) {
	content := l.quoted[1 : len(l.quoted)-1]
	if !l.escaped {
		return string(content), utf8.Valid(content)
	}
	if jsontext.StartsInHalf(content) || jsontext.EndsInHalf(content) {
		return "", false
	}
	text, err := jsontext.Decode(l.quoted)
	return text, err == nil
}

// matters reports whether a part of a chunk outside of the text has a field that
// matters and isn't null.
func matters(part []byte) bool {
	for _, field := range [...]string{`"finish_reason"`, `"usage"`, `"tool_calls"`, `"refusal"`, `"reasoning`, `"error"`} {
		rest := part
		for {
			at := bytes.Index(rest, []byte(field))
			if at < 0 {
				break
			}
			rest = rest[at+len(field):]
			if !bytes.HasPrefix(rest, []byte(`:null`)) {
				return true
			}
		}
	}
	return false
}
