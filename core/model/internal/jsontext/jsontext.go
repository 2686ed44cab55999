// Package jsontext decodes the JSON strings that a streamed text comes in.
package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Decoder decodes the pieces of one text. Providers and gateways that cut text by
// UTF-16 code units, as JavaScript does, may cut between the two halves of a
// surrogate pair; decoded alone, each half would become U+FFFD. A Decoder holds a
// first half back until the second one is there. Its zero value is ready to use.
type Decoder struct {
	// held is the escape of a first half, empty for none.
	held []byte
}

// Decode decodes a JSON string, with its quotes.
func (d *Decoder) Decode(literal []byte) (string, error) {
	if len(literal) < 2 || literal[0] != '"' || literal[len(literal)-1] != '"' {
		return "", errors.New("not a JSON string")
	}
	content := literal[1 : len(literal)-1]
	if len(content) == 0 {
		return "", nil
	}
	cut := EndsInHalf(content)
	if len(d.held) == 0 && !cut {
		return decode(literal, content)
	}
	joined := append(append([]byte{'"'}, d.held...), content...)
	d.held = d.held[:0]
	if cut {
		end := len(joined) - escapeLength
		d.held = append(d.held, joined[end:]...)
		joined = joined[:end]
	}
	joined = append(joined, '"')
	return decode(joined, joined[1:len(joined)-1])
}

// Holding reports whether a first half waits for the second one.
func (d *Decoder) Holding() bool { return len(d.held) > 0 }

// Rest ends the text: it returns U+FFFD for a first half whose second one has
// never come, and else nothing.
func (d *Decoder) Rest() string {
	if !d.Holding() {
		return ""
	}
	d.held = d.held[:0]
	return string(utf8.RuneError)
}

// escapeLength is the length of an escape such as \ud83d.
const escapeLength = len(`\uXXXX`)

// EndsInHalf reports whether the content of a JSON string ends in the escape of
// the first half of a surrogate pair.
func EndsInHalf(content []byte) bool {
	at := len(content) - escapeLength
	if at < 0 || content[at] != '\\' || content[at+1] != 'u' || content[at+2]|0x20 != 'd' {
		return false
	}
	switch content[at+3] {
	case '8', '9', 'a', 'b', 'A', 'B':
	default:
		return false
	}
	// A backslash that is itself escaped begins no escape.
	backslashes := 0
	for at--; at >= 0 && content[at] == '\\'; at-- {
		backslashes++
	}
	return backslashes%2 == 0
}

// StartsInHalf reports whether the content of a JSON string starts with the
// escape of the second half of a surrogate pair.
func StartsInHalf(content []byte) bool {
	if len(content) < escapeLength || content[0] != '\\' || content[1] != 'u' || content[2]|0x20 != 'd' {
		return false
	}
	switch content[3] {
	case 'c', 'd', 'e', 'f', 'C', 'D', 'E', 'F':
		return true
	}
	return false
}

// Decode decodes a JSON string, with its quotes, that is whole by itself.
func Decode(literal []byte) (string, error) {
	return decode(literal, literal[1:len(literal)-1])
}

// decode decodes a string; one without escapes costs its copy alone.
func decode(literal, content []byte) (string, error) {
	if bytes.IndexByte(content, '\\') < 0 && utf8.Valid(content) {
		return string(content), nil
	}
	return unescape(literal)
}

func unescape(literal []byte) (text string, err error) {
	err = json.Unmarshal(literal, &text)
	return text, err
}
