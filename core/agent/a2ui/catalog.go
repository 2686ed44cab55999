package a2ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// catalog are the components that a surface may have, by their names.
type catalog struct {
	components map[string]componentSchema
}

// componentSchema is what a catalog says of a component.
type componentSchema struct {
	// required are the members that it must have.
	required []string
	// references are the members, beside child and children, that name components.
	references []reference
}

// reference is a member that names components, or whose elements do.
type reference struct {
	member string
	// list is set if there may be several.
	list bool
	// of are the members of the elements, for a list of objects.
	of []reference
}

// The formats that mark a member as a reference, and the members that always are.
const (
	oneReference     = "componentRef"
	manyReferences   = "componentRefList"
	implicitChild    = "child"
	implicitChildren = "children"
)

// parseSchema returns a schema without white space, and its catalog; nil where there is
// none.
func parseSchema(schema []byte) (json.RawMessage, *catalog, error) {
	if len(schema) == 0 {
		return nil, nil, nil
	}
	value, err := jsonscan.Check(schema)
	if err != nil {
		return nil, nil, err
	}
	switch jsonscan.Kind(value) {
	case "array": // descriptions, for models only
		if elements := jsonscan.ElementsOf(value); !elements.Next() {
			return nil, nil, nil
		}
		return compact(value), nil, nil
	case "object":
	default:
		return nil, nil, errors.New("neither an object nor an array")
	}
	components, ok := jsonscan.Lookup(value, "components")
	if !ok || jsonscan.Kind(components) != "object" {
		return nil, nil, errors.New(`an object needs "components", an object of JSON Schemas by name`)
	}
	if id, ok := jsonscan.Lookup(value, "catalogId"); ok && jsonscan.Kind(id) != "string" {
		return nil, nil, errors.New("catalogId is not a string")
	}
	parsed := &catalog{components: make(map[string]componentSchema)}
	for m := jsonscan.MembersOf(components); m.Next(); {
		if jsonscan.Kind(m.Value) != "object" {
			return nil, nil, fmt.Errorf("component %q is not an object", m.Name)
		}
		parsed.components[string(m.Name)] = parseComponentSchema(m.Value)
	}
	if len(parsed.components) == 0 {
		return nil, nil, nil
	}
	return compact(value), parsed, nil
}

// compact returns a valid value without white space.
func compact(value []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return value
	}
	return b.Bytes()
}

func parseComponentSchema(schema []byte) (parsed componentSchema) {
	if required, ok := jsonscan.Lookup(schema, "required"); ok && jsonscan.Kind(required) == "array" {
		for e := jsonscan.ElementsOf(required); e.Next(); {
			if name, ok := text(e.Value); ok {
				parsed.required = append(parsed.required, name)
			}
		}
	}
	parsed.references = parseReferences(schema, true)
	return parsed
}

// parseReferences returns the members of an object's schema that name components. Those
// of the elements of its arrays are looked for if it is that of a component.
func parseReferences(schema []byte, isComponent bool) (references []reference) {
	properties, ok := jsonscan.Lookup(schema, "properties")
	if !ok || jsonscan.Kind(properties) != "object" {
		return nil
	}
	for m := jsonscan.MembersOf(properties); m.Next(); {
		name := string(m.Name)
		implicit := isComponent && (name == implicitChild || name == implicitChildren)
		if implicit || jsonscan.Kind(m.Value) != "object" {
			continue
		}
		switch lookupText(m.Value, "format") {
		case oneReference:
			references = append(references, reference{member: name})
			continue
		case manyReferences:
			references = append(references, reference{member: name, list: true})
			continue
		}
		elements, ok := jsonscan.Lookup(m.Value, "items")
		if !isComponent || !ok || jsonscan.Kind(elements) != "object" || lookupText(m.Value, "type") != "array" {
			continue
		}
		if of := parseReferences(elements, false); len(of) > 0 {
			references = append(references, reference{member: name, list: true, of: of})
		}
	}
	return references
}

// catalogID returns the id in a schema, "" for none. What it is given may be anything.
func catalogID(schema []byte) string {
	value, err := jsonscan.Check(schema)
	if err != nil || jsonscan.Kind(value) != "object" {
		return ""
	}
	return lookupText(value, "catalogId")
}

// text returns the text of a string, and whether the value is one.
func text(value []byte) (string, bool) {
	if jsonscan.Kind(value) != "string" {
		return "", false
	}
	return string(jsonscan.Text(value)), true
}

// lookupText returns the text of a member that is a string, "" for any other.
func lookupText(object []byte, name string) string {
	value, ok := jsonscan.Lookup(object, name)
	if !ok {
		return ""
	}
	found, _ := text(value)
	return found
}
