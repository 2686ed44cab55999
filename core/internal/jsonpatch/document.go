// Package jsonpatch applies JSON Patches (RFC 6902) to a document that is held as
// a tree, so that a patch costs what it says and not what the document holds.
//
// A value of the document stays text until a patch goes into it. Following a
// pointer for the first time parses each object and array on its way by one level;
// from then on a member is found at once. Changing a member takes the same time in
// an object of any size, and inserting into or removing from an array moves the
// pointers to what follows. Objects keep the order of their members, numbers and
// strings stay as they were written.
package jsonpatch

import (
	"errors"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// maxDepth is how deep a document may nest. It leaves room for what is put around
// it before it becomes JSON text again.
const maxDepth = jsonscan.MaxDepth - 100

var errTooDeep = errors.New("nested too deep")

// Document is a JSON document that patches change. It is for one goroutine.
type Document struct {
	root *node
	// depth is no less than how deep the document nests.
	depth int
	// object says that no patch may make anything else of the document.
	object bool
	// changes undo what the current patch has done, copied counts the bytes of the
	// values that it has copied.
	changes []change
	copied  int
	// unmeasured counts the bytes that were copied since the document's size was
	// looked at.
	unmeasured int
}

// Parse returns the document of a JSON text, which must not be changed afterwards.
func Parse(data []byte) (*Document, error) {
	value, err := jsonscan.Check(data)
	if err != nil {
		return nil, err
	}
	return &Document{root: &node{text: value}, depth: nesting(value)}, nil
}

// ParseObject is Parse for a document that is to stay an object: [Document.Apply]
// fails where it would become anything else.
func ParseObject(data []byte) (*Document, error) {
	d, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if d.object = true; !d.root.isObject() {
		return nil, errNoObject
	}
	return d, nil
}

var errNoObject = errors.New("the document is no object")

// AppendJSON appends the document's JSON to dst.
func (d *Document) AppendJSON(dst []byte) []byte { return d.root.append(dst) }

// node is a value of a document: JSON text, or an object or an array that has
// been opened.
type node struct {
	text     []byte
	object   *object
	elements []*node // of an array, when text and object are nil
}

// object is an object whose members are found by name and are in order.
type object struct {
	members     map[string]*member
	first, last *member
}

type member struct {
	name           string
	value          *node
	previous, next *member
}

func (n *node) isObject() bool { return n.object != nil || n.text != nil && n.text[0] == '{' }

func (n *node) isArray() bool { return !n.isObject() && (n.text == nil || n.text[0] == '[') }

// open parses an object or an array by one level.
func (n *node) open() {
	switch {
	case n.text == nil:
	case n.text[0] == '{':
		o := &object{members: make(map[string]*member)}
		for m := jsonscan.MembersOf(n.text); m.Next(); {
			value := &node{text: m.Value}
			if known := o.members[string(m.Name)]; known != nil {
				known.value = value
			} else {
				o.insert(&member{name: string(m.Name), value: value, previous: o.last})
			}
		}
		n.text, n.object = nil, o
	case n.text[0] == '[':
		elements := []*node{}
		for e := jsonscan.ElementsOf(n.text); e.Next(); {
			elements = append(elements, &node{text: e.Value})
		}
		n.text, n.elements = nil, elements
	}
}

// insert puts a member between those that it names as its neighbours.
func (o *object) insert(m *member) {
	o.members[m.name] = m
	if m.previous != nil {
		m.previous.next = m
	} else {
		o.first = m
	}
	if m.next != nil {
		m.next.previous = m
	} else {
		o.last = m
	}
}

// remove takes a member out. It keeps its neighbours, for a later insert.
func (o *object) remove(m *member) {
	delete(o.members, m.name)
	if m.previous != nil {
		m.previous.next = m.next
	} else {
		o.first = m.next
	}
	if m.next != nil {
		m.next.previous = m.previous
	} else {
		o.last = m.previous
	}
}

func (n *node) append(dst []byte) []byte {
	switch {
	case n.text != nil:
		return append(dst, n.text...)
	case n.object != nil:
		dst = append(dst, '{')
		for m := n.object.first; m != nil; m = m.next {
			if m != n.object.first {
				dst = append(dst, ',')
			}
			dst = append(jsonscan.AppendString(dst, m.name), ':')
			dst = m.value.append(dst)
		}
		return append(dst, '}')
	default:
		dst = append(dst, '[')
		for i, element := range n.elements {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = element.append(dst)
		}
		return append(dst, ']')
	}
}

// clone copies a value, whose size in bytes it subtracts from what room is left. It
// returns nil when there isn't enough.
func (n *node) clone(room *int) *node {
	size := 2 + len(n.text)
	if n.object != nil {
		for m := n.object.first; m != nil; m = m.next {
			size += len(m.name) + len(`"":,`)
		}
	}
	if *room -= size + len(n.elements); *room < 0 {
		return nil
	}
	if n.text != nil {
		return &node{text: n.text}
	}
	if n.object != nil {
		o := &object{members: make(map[string]*member, len(n.object.members))}
		for m := n.object.first; m != nil; m = m.next {
			value := m.value.clone(room)
			if value == nil {
				return nil
			}
			o.insert(&member{name: m.name, value: value, previous: o.last})
		}
		return &node{object: o}
	}
	elements := make([]*node, len(n.elements))
	for i, element := range n.elements {
		if elements[i] = element.clone(room); elements[i] == nil {
			return nil
		}
	}
	return &node{elements: elements}
}

// size returns about how long the value's JSON is, in bytes.
func (n *node) size() int {
	size := len(n.text) + len("[]")
	if n.object != nil {
		for m := n.object.first; m != nil; m = m.next {
			size += len(m.name) + len(`"":,`) + m.value.size()
		}
	}
	for _, element := range n.elements {
		size += element.size()
	}
	return size
}

// nesting returns how deep a value nests: 0 for one that is no object or array.
func (n *node) nesting() int {
	if n.text != nil {
		return nesting(n.text)
	}
	deepest := 0
	if n.object != nil {
		for m := n.object.first; m != nil; m = m.next {
			deepest = max(deepest, m.value.nesting())
		}
	}
	for _, element := range n.elements {
		deepest = max(deepest, element.nesting())
	}
	return deepest + 1
}

// nesting returns how deep a JSON value nests.
func nesting(value []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest
}
