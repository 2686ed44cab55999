package jsonscan

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// largeText is the size from which a text is worth a look at how much room it takes.
const largeText = 16 << 10

const hexDigits = "0123456789abcdef"

// AppendString appends a JSON string as JavaScript's JSON.stringify writes it;
// what isn't UTF-8 becomes U+FFFD.
func AppendString[T string | []byte](dst []byte, text T) []byte {
	if len(text) >= largeText {
		// At once, and not by copying what is there again and again.
		dst = slices.Grow(dst, len(text)+len(text)/8)
	}
	dst = append(dst, '"')
	plain := 0 // where the text begins that is still to be copied
	for i := 0; i < len(text); {
		c := text[i]
		if plainByte[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, text[plain:i]...)
			dst = appendEscape(dst, c)
			i++
			plain = i
			continue
		}
		r, size := decodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, text[plain:i]...)
			dst = append(dst, "\uFFFD"...)
			plain = i + 1
		}
		i += size
	}
	dst = append(dst, text[plain:]...)
	return append(dst, '"')
}

func decodeRune[T string | []byte](text T) (rune, int) {
	// Four bytes hold any rune; the conversion of so few doesn't allocate.
	return utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// plainByte has the bytes that stand for themselves in a JSON string.
var plainByte = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// AppendLine appends a checked JSON value on a single line of valid UTF-8. White
// space is only taken out where it has to be.
func AppendLine(dst, value []byte) []byte {
	if !utf8.Valid(value) {
		value = appendValid(nil, value) // byte by byte, as encoding/json decodes it
	}
	if bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return append(dst, value...)
	}
	for i := 0; i < len(value); {
		switch {
		case value[i] == '"':
			end := skipString(value, i)
			dst = append(dst, value[i:end]...)
			i = end
		case isSpace(value[i]):
			i++
		default:
			dst = append(dst, value[i])
			i++
		}
	}
	return dst
}
