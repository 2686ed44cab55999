package jsonpatch

import "slices"

// change is something that a patch did, with what it takes to undo it.
type change struct {
	kind changeKind
	// object and member are about an object, array and index about an array; with
	// neither it is about the whole document.
	object *object
	member *member
	array  *node
	index  int
	// former is the value that another one has replaced, or that was removed.
	former *node
}

type changeKind uint8

const (
	inserted changeKind = iota
	replaced
	removed
)

func (d *Document) insertMember(o *object, m *member) {
	o.insert(m)
	d.changes = append(d.changes, change{kind: inserted, object: o, member: m})
}

func (d *Document) insertElement(array *node, index int, value *node) {
	array.elements = slices.Insert(array.elements, index, value)
	d.changes = append(d.changes, change{kind: inserted, array: array, index: index})
}

// replace puts another value in place of one.
func (d *Document) replace(at place, value *node) {
	c := change{kind: replaced, former: at.value}
	switch {
	case at.parent == nil:
		d.root = value
	case at.parent.object != nil:
		c.object, c.member = at.parent.object, at.parent.object.members[at.name]
		c.member.value = value
	default:
		c.array, c.index = at.parent, at.index
		at.parent.elements[at.index] = value
	}
	d.changes = append(d.changes, c)
}

// remove takes a value away. Of the whole document null is left.
func (d *Document) remove(at place) {
	switch {
	case at.parent == nil:
		d.replace(at, &node{text: []byte("null")})
	case at.parent.object != nil:
		m := at.parent.object.members[at.name]
		at.parent.object.remove(m)
		d.changes = append(d.changes, change{kind: removed, object: at.parent.object, member: m})
	default:
		at.parent.elements = slices.Delete(at.parent.elements, at.index, at.index+1)
		d.changes = append(d.changes, change{kind: removed, array: at.parent, index: at.index, former: at.value})
	}
}

// undo undoes all changes, the last first.
func (d *Document) undo() {
	for _, c := range slices.Backward(d.changes) {
		switch {
		case c.object != nil && c.kind == inserted:
			c.object.remove(c.member)
		case c.object != nil && c.kind == replaced:
			c.member.value = c.former
		case c.object != nil:
			c.object.insert(c.member)
		case c.array != nil && c.kind == inserted:
			c.array.elements = slices.Delete(c.array.elements, c.index, c.index+1)
		case c.array != nil && c.kind == replaced:
			c.array.elements[c.index] = c.former
		case c.array != nil:
			c.array.elements = slices.Insert(c.array.elements, c.index, c.former)
		default:
			d.root = c.former
		}
	}
}
