package jsonscan

import "bytes"

// Members walks the members of a JSON object.
type Members struct {
	data []byte
	pos  int

	// Name is the text of the current member's name.
	Name []byte
	// Value is the current member's value, without white space around it.
	Value []byte
}

// MembersOf returns a walk that stands before the first member of a JSON object.
func MembersOf(object []byte) Members { return Members{data: object, pos: 1} }

// Next moves to the next member and reports whether there is one.
func (m *Members) Next() bool {
	i := skipSpace(m.data, m.pos)
	if m.data[i] == ',' {
		i = skipSpace(m.data, i+1)
	}
	if m.data[i] == '}' {
		return false
	}
	end := skipString(m.data, i)
	m.Name = Text(m.data[i:end])
	i = skipSpace(m.data, skipSpace(m.data, end)+1)
	m.pos = skipValue(m.data, i)
	m.Value = m.data[i:m.pos]
	return true
}

// Elements walks the elements of a JSON array.
type Elements struct {
	data []byte
	pos  int

	// Value is the current element, without white space around it.
	Value []byte
}

// ElementsOf returns a walk that stands before the first element of a JSON array.
func ElementsOf(array []byte) Elements { return Elements{data: array, pos: 1} }

// Next moves to the next element and reports whether there is one.
func (e *Elements) Next() bool {
	i := skipSpace(e.data, e.pos)
	if e.data[i] == ',' {
		i = skipSpace(e.data, i+1)
	}
	if e.data[i] == ']' {
		return false
	}
	e.pos = skipValue(e.data, i)
	e.Value = e.data[i:e.pos]
	return true
}

// Lookup returns the value of a JSON object's member, and whether there is one.
// Of several with the same name the last counts, as everywhere in JavaScript.
func Lookup(object []byte, name string) (value []byte, ok bool) {
	for m := MembersOf(object); m.Next(); {
		if string(m.Name) == name {
			value, ok = m.Value, true
		}
	}
	return value, ok
}

// IsNull reports whether a JSON value is null.
func IsNull(value []byte) bool { return value[0] == 'n' }

// Kind returns the name of a JSON value's kind: "object", "array", "string",
// "number", "boolean" or "null".
func Kind(value []byte) string {
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
