package jsonpatch

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// equal reports whether two values are the same: numbers by value, strings by
// their text, objects whatever the order of their members.
func equal(a, b *node) bool {
	if a.text != nil && b.text != nil && bytes.Equal(a.text, b.text) {
		return true
	}
	a.open()
	b.open()
	switch {
	case a.object != nil && b.object != nil:
		if len(a.object.members) != len(b.object.members) {
			return false
		}
		for m := a.object.first; m != nil; m = m.next {
			other := b.object.members[m.name]
			if other == nil || !equal(m.value, other.value) {
				return false
			}
		}
		return true
	case a.text != nil && b.text != nil:
		return equalScalars(a.text, b.text)
	case !a.isArray() || !b.isArray() || len(a.elements) != len(b.elements):
		return false
	}
	for i := range a.elements {
		if !equal(a.elements[i], b.elements[i]) {
			return false
		}
	}
	return true
}

func equalScalars(a, b []byte) bool {
	kind := jsonscan.Kind(a)
	if kind != jsonscan.Kind(b) {
		return false
	}
	switch kind {
	case "string":
		return bytes.Equal(jsonscan.Text(a), jsonscan.Text(b))
	case "number":
		return parseNumber(string(a)) == parseNumber(string(b))
	default:
		return bytes.Equal(a, b)
	}
}

// number is a decimal number in the one form that all ways to write it share:
// 0.digits times ten to the exponent.
type number struct {
	negative bool
	// digits have no zeros at either end; zero has none at all.
	digits   string
	exponent int64
	// extreme is the exponent as it is written where it is out of range.
	extreme string
}

// parseNumber reads a JSON number.
func parseNumber(text string) number {
	var n number
	text, n.negative = strings.CutPrefix(text, "-")
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent := text[i+1:]
		text = text[:i]
		var err error
		if n.exponent, err = strconv.ParseInt(exponent, 10, 32); err != nil {
			n.exponent, n.extreme = 0, exponent
		}
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	n.exponent += int64(len(whole) - (len(whole) + len(fraction) - len(digits)))
	if n.digits = strings.TrimRight(digits, "0"); n.digits == "" {
		return number{}
	}
	return n
}
