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
	before, literal, found := bytes.Cut(chunk, []byte(`"content":"`))
	if !found {
		return "", false
	}
	escaped := false
	end := 0
	for ; end < len(literal) && literal[end] != '"'; end++ {
		if literal[end] == '\\' {
			escaped = true
			end++
		}
	}
	if end >= len(literal) {
		return "", false
	}
	after := literal[end+1:]
	if !bytes.Contains(before, []byte(`"index":0`)) && !bytes.Contains(after, []byte(`"index":0`)) {
		return "", false
	}
	if matters(before) || matters(after) || bytes.Contains(after, []byte(`"content":"`)) {
		return "", false
	}
	if escaped {
		if jsontext.EndsInHalf(literal[:end]) {
			return "", false
		}
		text, err := jsontext.Decode(chunk[len(before)+len(`"content":`) : len(chunk)-len(after)])
		return text, err == nil
	}
	return string(literal[:end]), utf8.Valid(literal[:end])
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
