package jsonpatch

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// maxCopied bounds what the copy operations of one patch add up to in bytes, so
// that a short patch can't make a document of any size.
const maxCopied = 16 << 20

// maxSize bounds the JSON that copies may make of a document, in bytes, so that
// short patches can't do it together.
const maxSize = 64 << 20

// Apply applies a JSON Patch to the JSON text of a document and returns that of
// the changed one, as [Document.Apply] does.
func Apply(document, patch json.RawMessage) (json.RawMessage, error) {
	d, err := Parse(document)
	if err != nil {
		return nil, fmt.Errorf("apply JSON patch: %w", err)
	}
	if err := d.Apply(patch); err != nil {
		return nil, err
	}
	return d.AppendJSON(nil), nil
}

// Apply applies a JSON Patch as a whole or not at all. It does what the AG-UI
// clients do: indices of arrays are digits alone, so none is negative, test
// compares numbers by value, and removing the whole document leaves null. The
// patch must not be changed afterwards: the document keeps parts of it.
func (d *Document) Apply(patch []byte) error {
	operations, err := jsonscan.Check(patch)
	if err == nil && operations[0] != '[' {
		err = errors.New("a patch is an array")
	}
	if err != nil {
		return fmt.Errorf("apply JSON patch: %w", err)
	}
	before := d.depth
	d.copied = 0
	n := 0
	for e := jsonscan.ElementsOf(operations); e.Next() && err == nil; n++ {
		var o operation
		if o, err = parseOperation(e.Value); err == nil {
			err = d.do(o)
		}
		if err != nil {
			err = fmt.Errorf("apply JSON patch: operation %d: %w", n, err)
		}
	}
	if err == nil && d.object && !d.root.isObject() {
		err = fmt.Errorf("apply JSON patch: %w", errNoObject)
	}
	if err == nil && d.copied > 0 {
		err = d.measure()
	}
	if err != nil {
		d.undo()
		d.depth = before
	}
	clear(d.changes)
	d.changes = d.changes[:0]
	return err
}

// measure fails where copies have made the document too large. It looks when so
// much was copied that they may have.
func (d *Document) measure() error {
	if d.unmeasured += d.copied; d.unmeasured <= maxSize/4 {
		return nil
	}
	if d.root.size() > maxSize {
		d.unmeasured -= d.copied
		return fmt.Errorf("apply JSON patch: copies make more than %d bytes of the document", maxSize)
	}
	d.unmeasured = 0
	return nil
}

// operation is one operation of a patch. Pointers are text, value is JSON, nil
// for none.
type operation struct {
	op         []byte
	path, from pointer
	value      []byte
}

func parseOperation(data []byte) (operation, error) {
	var o operation
	if data[0] != '{' {
		return o, errors.New("no object")
	}
	for m := jsonscan.MembersOf(data); m.Next(); {
		isText := m.Value[0] == '"'
		switch {
		case string(m.Name) == "value":
			o.value = m.Value
		case !isText:
		case string(m.Name) == "op":
			o.op = jsonscan.Text(m.Value)
		case string(m.Name) == "path":
			o.path = pointer{jsonscan.Text(m.Value), true}
		case string(m.Name) == "from":
			o.from = pointer{jsonscan.Text(m.Value), true}
		}
	}
	if err := o.path.check("path"); err != nil {
		return o, err
	}
	switch string(o.op) {
	case "add", "replace", "test":
		if o.value == nil {
			return o, fmt.Errorf("%s without a value", o.op)
		}
	case "move", "copy":
		return o, o.from.check("from")
	case "remove":
	default:
		return o, errors.New("unknown op")
	}
	return o, nil
}

func (d *Document) do(o operation) error {
	switch string(o.op) {
	case "add":
		return d.add(o.path, &node{text: o.value}, nesting(o.value))
	case "replace":
		at, err := d.find(o.path)
		if err != nil {
			return err
		}
		if err := d.deepen(o.path.length() + nesting(o.value)); err != nil {
			return err
		}
		d.replace(at, &node{text: o.value})
		return nil
	case "remove":
		at, err := d.find(o.path)
		if err != nil {
			return err
		}
		d.remove(at)
		return nil
	case "move":
		return d.move(o.from, o.path)
	case "copy":
		from, err := d.find(o.from)
		if err != nil {
			return err
		}
		room := maxCopied - d.copied
		value := from.value.clone(&room)
		if value == nil {
			return fmt.Errorf("copies more than %d bytes", maxCopied)
		}
		d.copied = maxCopied - room
		return d.add(o.path, value, d.depth-o.from.length())
	default: // test
		at, err := d.find(o.path)
		if err != nil {
			return err
		}
		if !equal(at.value, &node{text: o.value}) {
			return errors.New("test fails")
		}
		return nil
	}
}

func (d *Document) move(from, to pointer) error {
	if to.within(from) {
		return errors.New("moves a value into itself")
	}
	source, err := d.find(from)
	if err != nil || string(from.text) == string(to.text) {
		return err
	}
	d.remove(source)
	return d.add(to, source.value, d.depth-from.length())
}

// add puts a value, which nests no deeper than nesting, where a pointer says.
func (d *Document) add(at pointer, value *node, nesting int) error {
	where, err := d.findPlace(at)
	if err != nil {
		return err
	}
	switch {
	case where.parent == nil, where.parent.object != nil && where.value != nil:
		d.replace(where, value)
	case where.parent.object != nil:
		d.insertMember(where.parent.object, &member{name: where.name, value: value, previous: where.parent.object.last})
	default:
		d.insertElement(where.parent, where.index, value)
	}
	return d.deepen(at.length() + nesting)
}

// deepen records that the document may nest so deep now, and fails where that is
// too deep. Bounds that add up to more than there is are taken anew.
func (d *Document) deepen(depth int) error {
	if d.depth = max(d.depth, depth); d.depth <= maxDepth {
		return nil
	}
	if d.depth = d.root.nesting(); d.depth > maxDepth {
		return errTooDeep
	}
	return nil
}
