package opengenui

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanString reads a part of a string, and returns how much it has read.
func (s *scanner) scanString(part string) int {
	if s.escaped > 0 {
		return s.scanEscape(part[0])
	}
	plain := 0
	for plain < len(part) && part[plain] != '"' && part[plain] != '\\' {
		plain++
	}
	if plain > 0 {
		s.flushHigh()
		s.gather(part[:plain])
	}
	switch {
	case plain == len(part):
		return plain
	case part[plain] == '\\':
		s.escaped = 1
	default:
		s.flushHigh()
		s.endString()
	}
	return plain + 1
}

func (s *scanner) endString() {
	if s.state == inString {
		s.state = afterValue
		return
	}
	if s.isMember() {
		s.key = string(s.gathered)
	}
	s.gathered, s.state = s.gathered[:0], afterKey
}

// scanEscape reads a byte of an escape, and returns how much it has read.
func (s *scanner) scanEscape(c byte) int {
	if s.escaped == 1 {
		if c == 'u' {
			s.escaped, s.code = 2, 0
			return 1
		}
		s.escaped = 0
		s.flushHigh()
		if c >= utf8.RuneSelf {
			return 0 // which stands for itself, as the rest of its character
		}
		s.gather(string(rune(unescape(c))))
		return 1
	}
	digit := digitOf(c)
	if digit < 0 {
		s.broken, s.escaped = true, 0
		s.flushHigh()
		s.gather("\uFFFD")
		return 0
	}
	s.code = s.code<<4 | digit
	if s.escaped++; s.escaped == 6 {
		s.escaped = 0
		s.endUnicode()
	}
	return 1
}

// endUnicode takes the code of a \u escape, which may be half of a pair.
func (s *scanner) endUnicode() {
	if pair := utf16.DecodeRune(s.high, s.code); pair != utf8.RuneError {
		s.high = 0
		s.gather(string(pair))
		return
	}
	s.flushHigh()
	if s.code >= 0xD800 && s.code < 0xDC00 {
		s.high = s.code
		return
	}
	s.gather(string(s.code)) // U+FFFD for the second half alone
}

// flushHigh gives up waiting for the other half of a pair.
func (s *scanner) flushHigh() {
	if s.high != 0 {
		s.high = 0
		s.gather("\uFFFD")
	}
}

// unescape returns what an escape of one letter stands for.
func unescape(c byte) byte {
	switch c {
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
	}
	return c
}

func digitOf(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
