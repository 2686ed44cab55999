package jsonpatch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// pointer is a JSON Pointer (RFC 6901). The zero value is none.
type pointer struct {
	text  []byte
	given bool
}

func (p pointer) check(name string) error {
	switch {
	case !p.given:
		return fmt.Errorf("no %s", name)
	case len(p.text) > 0 && p.text[0] != '/':
		return fmt.Errorf("%s doesn't begin with a slash", name)
	}
	return nil
}

// length returns how many steps the pointer takes from the root.
func (p pointer) length() int { return bytes.Count(p.text, []byte("/")) }

// within reports whether the pointer goes on from another one.
func (p pointer) within(other pointer) bool {
	return len(p.text) > len(other.text) && bytes.HasPrefix(p.text, other.text) && p.text[len(other.text)] == '/'
}

// place is where a value is or may be put. parent is nil for the whole document,
// value nil where nothing is yet.
type place struct {
	parent *node
	name   string
	index  int
	value  *node
}

var (
	errNoValue    = errors.New("the path leads to nothing")
	errNotIndexed = errors.New("the path has no index where an array is")
	errOutOfRange = errors.New("the path has an index beyond the array's end")
)

// find follows a pointer to a value.
func (d *Document) find(p pointer) (place, error) {
	at, err := d.findPlace(p)
	if err == nil && at.value == nil {
		err = errNoValue
	}
	return at, err
}

// findPlace follows a pointer to a value, or to where one may be added.
func (d *Document) findPlace(p pointer) (place, error) {
	at := place{value: d.root}
	for rest := p.text; len(rest) > 0; {
		if at.value == nil {
			return place{}, errNoValue
		}
		var token []byte
		token, rest = rest[1:], nil
		if i := bytes.IndexByte(token, '/'); i >= 0 {
			token, rest = token[:i], token[i:]
		}
		var err error
		if at, err = step(at.value, token); err != nil {
			return place{}, err
		}
	}
	return at, nil
}

// step returns the place that a token of a pointer means within a value.
func step(parent *node, token []byte) (place, error) {
	if parent.open(); parent.text != nil {
		return place{}, errNoValue
	}
	if parent.object != nil {
		if bytes.IndexByte(token, '~') >= 0 {
			token = []byte(unescape.Replace(string(token)))
		}
		if m := parent.object.members[string(token)]; m != nil {
			return place{parent: parent, name: m.name, value: m.value}, nil
		}
		return place{parent: parent, name: string(token)}, nil
	}
	index, err := parseIndex(token, len(parent.elements))
	if err != nil {
		return place{}, err
	}
	at := place{parent: parent, index: index}
	if index < len(parent.elements) {
		at.value = parent.elements[index]
	}
	return at, nil
}

// unescape reads a pointer's token. It finds the earliest escape first, so that
// ~01 means ~1.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// parseIndex reads an index of an array, where "-" means the place after its end.
func parseIndex(token []byte, length int) (int, error) {
	if string(token) == "-" {
		return length, nil
	}
	if len(token) == 0 {
		return 0, errNotIndexed
	}
	index := 0
	for _, c := range token {
		if c < '0' || c > '9' {
			return 0, errNotIndexed
		}
		if index = index*10 + int(c-'0'); index > length {
			return 0, errOutOfRange
		}
	}
	return index, nil
}
