package a2ui

import (
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// component is one of a surface.
type component struct {
	// value is the component as it was written, which is an object unless object is
	// false.
	value  []byte
	object bool
	// id and kind are its members "id" and "component", hasID and hasKind whether they
	// are strings.
	id, kind       string
	hasID, hasKind bool
	// edges are the components that it names.
	edges []edge
}

// edge is where a component names another.
type edge struct {
	// path is the place in the component.
	path string
	id   string
}

// parseComponents returns the components of an array, which is valid JSON, or the limit
// that they exceed.
func parseComponents(array []byte, catalog *catalog) (components []component, excess *problem) {
	references := 0
	for e := jsonscan.ElementsOf(array); e.Next(); {
		if len(components) == maxComponents {
			return nil, tooMuch("components", "There are more than %d components", maxComponents)
		}
		c := component{value: e.Value, object: jsonscan.Kind(e.Value) == "object"}
		if c.object {
			c.read(catalog)
		}
		if references += len(c.edges); references > maxReferences {
			return nil, tooMuch("components", "There are more than %d references to components", maxReferences)
		}
		components = append(components, c)
	}
	return components, nil
}

// read reads the members of a component that matter.
func (c *component) read(catalog *catalog) {
	var child, children []byte
	for m := jsonscan.MembersOf(c.value); m.Next(); {
		switch string(m.Name) {
		case "id":
			c.id, c.hasID = text(m.Value)
		case "component":
			c.kind, c.hasKind = text(m.Value)
		case implicitChild:
			child = m.Value
		case implicitChildren:
			children = m.Value
		}
	}
	c.addReferences(implicitChild, child)
	c.addList(implicitChildren, children)
	if catalog == nil || !c.hasKind {
		return
	}
	for _, r := range catalog.components[c.kind].references {
		if value, ok := jsonscan.Lookup(c.value, r.member); ok {
			c.addMember(r.member, r, value)
		}
	}
}

// addMember adds what a member names that the catalog has marked.
func (c *component) addMember(path string, r reference, value []byte) {
	switch {
	case r.of != nil:
		c.addElements(path, r.of, value)
	case r.list:
		c.addList(path, value)
	default:
		c.addReferences(path, value)
	}
}

// addElements adds what the members of an array's elements name.
func (c *component) addElements(path string, references []reference, array []byte) {
	if jsonscan.Kind(array) != "array" {
		return
	}
	n := 0
	for e := jsonscan.ElementsOf(array); e.Next(); n++ {
		if jsonscan.Kind(e.Value) != "object" {
			continue
		}
		for _, r := range references {
			if value, ok := jsonscan.Lookup(e.Value, r.member); ok {
				c.addMember(indexed(path, n)+"."+r.member, r, value)
			}
		}
	}
}

// addList adds what a list of references names; its elements have paths of their own.
func (c *component) addList(path string, value []byte) {
	if value == nil || jsonscan.Kind(value) != "array" {
		c.addReferences(path, value)
		return
	}
	n := 0
	for e := jsonscan.ElementsOf(value); e.Next(); n++ {
		c.addReferences(indexed(path, n), e.Value)
	}
}

// addReferences adds what a value names: an id, a template {"componentId"}, or an array
// of them, all at one path.
func (c *component) addReferences(path string, value []byte) {
	if value == nil || len(c.edges) > maxReferences {
		return
	}
	if jsonscan.Kind(value) != "array" {
		if id, ok := referenceOf(value); ok {
			c.edges = append(c.edges, edge{path, id})
		}
		return
	}
	for e := jsonscan.ElementsOf(value); e.Next(); {
		if id, ok := referenceOf(e.Value); ok {
			c.edges = append(c.edges, edge{path, id})
		}
	}
}

// referenceOf returns the id that a value names.
func referenceOf(value []byte) (id string, ok bool) {
	if jsonscan.Kind(value) == "object" {
		if value, ok = jsonscan.Lookup(value, "componentId"); !ok {
			return "", false
		}
	}
	return text(value)
}

func indexed(path string, n int) string { return path + "[" + strconv.Itoa(n) + "]" }

// listKey returns the name of the list in the data that a surface repeats a component
// for: the path of the first children that are a template, "items" where there is none.
func listKey(components []component) string {
	for i := range components {
		if !components[i].object {
			continue
		}
		children, ok := jsonscan.Lookup(components[i].value, implicitChildren)
		if !ok || jsonscan.Kind(children) != "object" {
			continue
		}
		if path := lookupText(children, "path"); path != "" {
			if path[0] == '/' {
				path = path[1:]
			}
			return path
		}
	}
	return "items"
}
