// Package jsontext decodes text that is streamed as a sequence of JSON strings.
package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Decoder decodes the pieces of one text. Providers and gateways that split text by
// UTF-16 code units, as JavaScript does, may split surrogate pairs, and each half
// decoded by itself would become U+FFFD. A Decoder holds a high surrogate back until
// the low one arrives. Its zero value is ready to use.
type Decoder struct {
	// held is the escape of a high surrogate, empty for none.
	held []byte
}

// Decode decodes a JSON string with its quotes.
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

// Holding reports whether a high surrogate is held back.
func (d *Decoder) Holding() bool { return len(d.held) > 0 }

// Rest returns U+FFFD if a high surrogate is held back at the end of the text, and
// the empty string otherwise.
func (d *Decoder) Rest() string {
	if !d.Holding() {
		return ""
	}
	d.held = d.held[:0]
	return string(utf8.RuneError)
}

// escapeLength is the length of an escape such as \ud83d.
const escapeLength = len(`\uXXXX`)

// EndsInHalf reports whether the content of a JSON string ends with the escape of a
// high surrogate.
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
	// A backslash that is escaped doesn't begin an escape.
	backslashes := 0
	for at--; at >= 0 && content[at] == '\\'; at-- {
		backslashes++
	}
	return backslashes%2 == 0
}

// StartsInHalf reports whether the content of a JSON string starts with the escape
// of a low surrogate.
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

// Decode decodes a single JSON string with its quotes.
func Decode(literal []byte) (string, error) {
	return decode(literal, literal[1:len(literal)-1])
}

// decode decodes a string. One without escapes is only copied.
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
