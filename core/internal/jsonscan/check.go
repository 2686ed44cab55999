package jsonscan

import "fmt"

// SyntaxError reports where a text stops being JSON.
type SyntaxError struct {
	// Offset counts bytes from the start of the text.
	Offset int
	reason string
}

// Error names the place and what is wrong there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.Offset, e.reason)
}

// MaxDepth is how deep arrays and objects may nest: deeper text is an attack on the
// stack of whoever parses it, here or later. Python gives up at the same depth.
const MaxDepth = 1000

// Check returns the one JSON value that data consists of, without the white
// space around it. Its error is a [*SyntaxError].
func Check(data []byte) (value []byte, err error) { return CheckWithin(data, 0) }

// CheckWithin is Check for a value that is to be put into others, so many levels deep,
// and mustn't make them nest deeper than [MaxDepth].
func CheckWithin(data []byte, levels int) (value []byte, err error) {
	start := skipSpace(data, 0)
	end, err := scanValue(data, start, levels)
	if err != nil {
		return nil, err
	}
	if rest := skipSpace(data, end); rest != len(data) {
		return nil, &SyntaxError{rest, "more text after the value"}
	}
	return data[start:end], nil
}

// scanValue checks the value that begins at data[i] and returns the index after it.
func scanValue(data []byte, i, depth int) (int, error) {
	if i >= len(data) {
		return i, &SyntaxError{i, "unexpected end"}
	}
	switch c := data[i]; c {
	case '"':
		return scanString(data, i)
	case '{', '[':
		if depth >= MaxDepth {
			return i, &SyntaxError{i, "nested too deep"}
		}
		if c == '{' {
			return scanObject(data, i, depth+1)
		}
		return scanArray(data, i, depth+1)
	case 't':
		return scanWord(data, i, "true")
	case 'f':
		return scanWord(data, i, "false")
	case 'n':
		return scanWord(data, i, "null")
	default:
		return scanNumber(data, i)
	}
}

func scanObject(data []byte, i, depth int) (int, error) {
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(data) || data[i] != '"' {
			return i, &SyntaxError{i, "expected a member name"}
		}
		var err error
		if i, err = scanString(data, i); err != nil {
			return i, err
		}
		i = skipSpace(data, i)
		if i >= len(data) || data[i] != ':' {
			return i, &SyntaxError{i, "expected a colon"}
		}
		if i, err = scanValue(data, skipSpace(data, i+1), depth); err != nil {
			return i, err
		}
		i = skipSpace(data, i)
		if i < len(data) && data[i] == '}' {
			return i + 1, nil
		}
		if i >= len(data) || data[i] != ',' {
			return i, &SyntaxError{i, "expected a comma or the end of the object"}
		}
		i = skipSpace(data, i+1)
	}
}

func scanArray(data []byte, i, depth int) (int, error) {
	i = skipSpace(data, i+1)
	if i < len(data) && data[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = scanValue(data, i, depth); err != nil {
			return i, err
		}
		i = skipSpace(data, i)
		if i < len(data) && data[i] == ']' {
			return i + 1, nil
		}
		if i >= len(data) || data[i] != ',' {
			return i, &SyntaxError{i, "expected a comma or the end of the array"}
		}
		i = skipSpace(data, i+1)
	}
}

func scanString(data []byte, i int) (int, error) {
	for i++; i < len(data); i++ {
		switch c := data[i]; {
		case plainByte[c]:
		case c == '"':
			return i + 1, nil
		case c == '\\':
			i++
			if i >= len(data) {
				return i, &SyntaxError{i, "unexpected end"}
			}
			switch data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					i++
					if i >= len(data) || !isHex(data[i]) {
						return i, &SyntaxError{i, "expected four hexadecimal digits"}
					}
				}
			default:
				return i, &SyntaxError{i, "unknown escape"}
			}
		case c < ' ':
			return i, &SyntaxError{i, "control character in a string"}
		}
	}
	return i, &SyntaxError{i, "unexpected end"}
}

func scanWord(data []byte, i int, word string) (int, error) {
	if len(data)-i < len(word) || string(data[i:i+len(word)]) != word {
		return i, &SyntaxError{i, "expected a value"}
	}
	return i + len(word), nil
}

func scanNumber(data []byte, i int) (int, error) {
	start := i
	if i < len(data) && data[i] == '-' {
		i++
	}
	switch {
	case i < len(data) && data[i] == '0':
		i++
	case i < len(data) && '1' <= data[i] && data[i] <= '9':
		i = skipDigits(data, i)
	default:
		return start, &SyntaxError{start, "expected a value"}
	}
	if i < len(data) && data[i] == '.' {
		if after := skipDigits(data, i+1); after > i+1 {
			i = after
		} else {
			return i, &SyntaxError{after, "expected a digit"}
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if after := skipDigits(data, i); after > i {
			i = after
		} else {
			return i, &SyntaxError{after, "expected a digit"}
		}
	}
	return i, nil
}

func skipDigits(data []byte, i int) int {
	for i < len(data) && '0' <= data[i] && data[i] <= '9' {
		i++
	}
	return i
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
