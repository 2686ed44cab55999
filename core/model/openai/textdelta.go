package openai

import (
	"bytes"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
)

// textDelta returns the text of a chunk that holds a piece of text and nothing
// else that matters, which is what nearly all chunks are. It looks for the few
// fields that could matter instead of decoding the chunk, which takes several
// times as long. Inside of a JSON string a quote is always escaped, so a field
// that is found is a field.
//
// It returns false for a chunk that it isn't sure of; that one has to be decoded.
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

// matters reports whether a part of a chunk, outside of its text, has a field
// that says more than null.
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
