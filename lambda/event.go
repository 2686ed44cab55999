package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf16"
	"unicode/utf8"
)

// event is an event of Lambda, by its fields. A request's body, a string that may be
// nearly all of the event, isn't decoded with them: encoding/json looks at each byte of it
// several times, with the little processor time that a small function has.
type event map[string]json.RawMessage

// takeBody takes the body out of the event.
func (e event) takeBody() eventBody {
	body := eventBody{literal: e["body"], base64: string(e["isBase64Encoded"]) == "true"}
	delete(e, "body")
	delete(e, "isBase64Encoded")
	return body
}

// eventBody is a request's body as its event has it.
type eventBody struct {
	// literal is a JSON string, null, or nil for no body.
	literal json.RawMessage
	// base64 is set if the string is in base64.
	base64 bool
}

// bytes returns the body. It may be in the memory of the literal, which is then no more.
func (b eventBody) bytes() ([]byte, error) {
	if len(b.literal) == 0 || string(b.literal) == "null" {
		return nil, nil
	}
	if b.literal[0] != '"' {
		return nil, errors.New("the body is not a string")
	}
	text := unquote(b.literal)
	if !b.base64 {
		return text, nil
	}
	body, err := base64.StdEncoding.AppendDecode(make([]byte, 0, base64.StdEncoding.DecodedLen(len(text))), text)
	if err != nil {
		return nil, fmt.Errorf("decode the body: %w", err)
	}
	return body, nil
}

// addTo makes it the body of a request that has none.
func (b eventBody) addTo(r *http.Request) error {
	body, err := b.bytes()
	if err == nil && len(body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return err
}

// unquote returns the text of a valid JSON string, in the memory of the literal: a text
// is never longer than what is written for it. What comes from a front door is valid
// Unicode; what isn't is left as it is.
func unquote(literal []byte) []byte {
	rest := literal[1 : len(literal)-1]
	i := bytes.IndexByte(rest, '\\')
	if i < 0 {
		return rest
	}
	text := rest[:0]
	for ; i >= 0; i = bytes.IndexByte(rest, '\\') {
		text = append(text, rest[:i]...)
		if escaped := rest[i+1]; escaped != 'u' {
			text = append(text, unescaped(escaped))
			rest = rest[i+2:]
			continue
		}
		character := unit(rest[i:])
		rest = rest[i+6:]
		if utf16.IsSurrogate(character) {
			// Two may stand for one character.
			pair := rune(utf8.RuneError)
			if len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
				pair = utf16.DecodeRune(character, unit(rest))
			}
			if character = pair; pair != utf8.RuneError {
				rest = rest[6:]
			}
		}
		text = utf8.AppendRune(text, character)
	}
	return append(text, rest...)
}

// unit returns the unit of UTF-16 that a text begins with, written as \u and four
// hexadecimal digits.
func unit(escape []byte) rune {
	var unit [2]byte
	_, _ = hex.Decode(unit[:], escape[2:6]) // they are valid
	return rune(unit[0])<<8 | rune(unit[1])
}

// unescaped returns what a backslash and a letter stand for.
func unescaped(letter byte) byte {
	switch letter {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return letter
	}
}
