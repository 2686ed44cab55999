package agui

import (
	"bytes"
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions here read JSON that checkJSON has found valid.

// members walks the members of an object.
type members struct {
	data []byte
	pos  int
	name []byte
	// value is the member's value without the space around it.
	value []byte
}

// membersOf begins a walk; object is a JSON object.
func membersOf(object []byte) members { return members{data: object, pos: 1} }

// next moves to the next member and tells whether there is one.
func (m *members) next() bool {
	i := skipSpace(m.data, m.pos)
	if m.data[i] == ',' {
		i = skipSpace(m.data, i+1)
	}
	if m.data[i] == '}' {
		return false
	}
	end := skipString(m.data, i)
	m.name = stringBytes(m.data[i:end])
	i = skipSpace(m.data, skipSpace(m.data, end)+1)
	m.pos = skipValue(m.data, i)
	m.value = m.data[i:m.pos]
	return true
}

// elements walks the elements of an array.
type elements struct {
	data  []byte
	pos   int
	value []byte
}

// elementsOf begins a walk; array is a JSON array.
func elementsOf(array []byte) elements { return elements{data: array, pos: 1} }

// next moves to the next element and tells whether there is one.
func (e *elements) next() bool {
	i := skipSpace(e.data, e.pos)
	if e.data[i] == ',' {
		i = skipSpace(e.data, i+1)
	}
	if e.data[i] == ']' {
		return false
	}
	e.pos = skipValue(e.data, i)
	e.value = e.data[i:e.pos]
	return true
}

// lookup finds a member of an object. Of two with the same name the last counts,
// as everywhere in JavaScript.
func lookup(object []byte, name string) (value []byte, ok bool) {
	for m := membersOf(object); m.next(); {
		if string(m.name) == name {
			value, ok = m.value, true
		}
	}
	return value, ok
}

// skipValue returns the index after the value that begins at data[i].
func skipValue(data []byte, i int) int {
	switch data[i] {
	case '"':
		return skipString(data, i)
	case '{', '[':
		for depth := 0; ; {
			switch data[i] {
			case '"':
				i = skipString(data, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	default:
		for i < len(data) {
			switch data[i] {
			case ',', '}', ']', ' ', '\n', '\t', '\r':
				return i
			}
			i++
		}
		return i
	}
}

// skipString returns the index after the string that begins at data[i].
func skipString(data []byte, i int) int {
	// Most strings are short, and looked through byte by byte; in long ones (an
	// image, a document) the search for a quote is faster.
	for near := i + 48; i < near; {
		i++
		switch data[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	for i++; ; i++ {
		i += bytes.IndexByte(data[i:], '"')
		// The quote ends the string unless an odd number of backslashes stands
		// before it.
		slashes := 0
		for data[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// stringBytes gives the text of a JSON string in UTF-8, as a part of value where
// it can. What isn't Unicode becomes U+FFFD.
func stringBytes(value []byte) []byte {
	text := value[1 : len(value)-1]
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return text
	}
	return unescape(make([]byte, 0, len(text)), text)
}

func unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		i += 2
		switch c = text[i-1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(text[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				second := rune(-1)
				if len(text) >= i+6 && text[i] == '\\' && text[i+1] == 'u' {
					second = hexRune(text[i+2:])
				}
				if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func hexRune(digits []byte) rune {
	var r rune
	for _, c := range digits[:4] {
		switch {
		case c <= '9':
			c -= '0'
		case c <= 'F':
			c -= 'A' - 10
		default:
			c -= 'a' - 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

func isNull(value []byte) bool { return value[0] == 'n' }

// kindOf names the kind of a JSON value in words.
func kindOf(value []byte) string {
	switch value[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

// cloneRaw keeps a value beyond the life of the text that it is part of.
func cloneRaw(value []byte) json.RawMessage { return bytes.Clone(value) }
