package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns the text of a JSON string in UTF-8, as a part of value where that
// is possible. What isn't Unicode becomes U+FFFD.
func Text(value []byte) []byte {
	content := value[1 : len(value)-1]
	if bytes.IndexByte(content, '\\') < 0 && utf8.Valid(content) {
		return content
	}
	return AppendText(make([]byte, 0, len(content)), content)
}

// AppendText appends the text of a JSON string's content, which is what stands
// between the quotes, to dst as [Text] returns it.
func AppendText(dst, content []byte) []byte {
	plain := appendValid
	if utf8.Valid(content) { // at once, and not piece by piece between escapes
		plain = appendPlain
	}
	for {
		i := bytes.IndexByte(content, '\\')
		if i < 0 {
			return plain(dst, content)
		}
		dst = plain(dst, content[:i])
		dst, content = appendEscaped(dst, content[i:])
	}
}

func appendPlain(dst, text []byte) []byte { return append(dst, text...) }

// appendValid appends text with U+FFFD in place of each byte that isn't
// UTF-8.
func appendValid(dst, text []byte) []byte {
	if utf8.Valid(text) {
		return append(dst, text...)
	}
	for _, r := range string(text) {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// appendEscaped appends what the escape at the beginning of content stands for,
// and returns what follows it.
func appendEscaped(dst, content []byte) (appended, rest []byte) {
	switch c := content[1]; c {
	case 'b':
		return append(dst, '\b'), content[2:]
	case 'f':
		return append(dst, '\f'), content[2:]
	case 'n':
		return append(dst, '\n'), content[2:]
	case 'r':
		return append(dst, '\r'), content[2:]
	case 't':
		return append(dst, '\t'), content[2:]
	case 'u':
		r, width := hexRune(content[2:]), 6
		if utf16.IsSurrogate(r) {
			second := rune(-1)
			if len(content) >= 12 && content[6] == '\\' && content[7] == 'u' {
				second = hexRune(content[8:])
			}
			if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
				width = 12
			}
		}
		return utf8.AppendRune(dst, r), content[width:]
	default:
		return append(dst, c), content[2:]
	}
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
