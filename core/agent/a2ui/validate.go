package a2ui

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// problem is a reason why a surface is refused, in the words that agents and front ends
// know.
type problem struct{ code, path, message string }

// limitExceeded is the one code that only this runtime has.
const limitExceeded = "limit_exceeded"

// tooMuch returns the problem of a surface that exceeds a limit.
func tooMuch(path, format string, args ...any) *problem {
	return &problem{limitExceeded, path, fmt.Sprintf(format, args...)}
}

// validate returns what is wrong with the components of a surface, nil for nothing. With
// a catalog they must be of it. Whether their bindings lead anywhere isn't checked: the
// data comes after them.
func validate(components []component, catalog *catalog) []problem {
	v := validation{ids: make(map[string]bool, len(components))}
	if len(components) == 0 {
		v.add("empty_components", "components", "A2UI components must be a non-empty array")
		return v.problems
	}
	for i := range components {
		if c := &components[i]; c.hasID {
			if v.ids[c.id] {
				v.add("duplicate_id", "components[id="+c.id+"]", "Duplicate component id '"+c.id+"'")
			}
			v.ids[c.id] = true
		}
	}
	for i := range components {
		v.check(&components[i], i, catalog)
	}
	v.findCycles(components)
	if !v.ids["root"] {
		v.add("no_root", "components", "No component has id 'root'")
	}
	return v.problems
}

type validation struct {
	problems []problem
	ids      map[string]bool
}

// full reports whether there are as many problems as are told.
func (v *validation) full() bool { return len(v.problems) == maxProblems }

func (v *validation) add(code, path, message string) {
	if !v.full() {
		v.problems = append(v.problems, problem{code, clip(path), clip(message)})
	}
}

// check checks one component.
func (v *validation) check(c *component, index int, catalog *catalog) {
	if v.full() {
		return
	}
	at := indexed("components", index)
	if c.id == "" {
		v.add("missing_id", at+".id", fmt.Sprintf("Component at index %d is missing a string 'id'", index))
	}
	if c.kind == "" {
		v.add("missing_component_type", at+".component",
			fmt.Sprintf("Component at index %d is missing a string 'component' type", index))
	}
	if catalog != nil && c.hasKind {
		schema, known := catalog.components[c.kind]
		if !known {
			v.add("unknown_component", at+".component", "Component type '"+clip(c.kind)+"' is not in the catalog")
		}
		for _, required := range schema.required {
			if _, ok := jsonscan.Lookup(c.value, required); !ok {
				v.add("missing_required_prop", at+"."+required,
					fmt.Sprintf("Component '%s' (index %d) is missing required prop '%s'", clip(c.kind), index, required))
			}
		}
	}
	for _, edge := range c.edges {
		if v.full() {
			return
		}
		if !v.ids[edge.id] {
			v.add("unresolved_child", at+"."+edge.path, "Child reference '"+clip(edge.id)+"' does not match any component id")
		}
	}
}

// visit is a component on the way down.
type visit struct {
	id   string
	next []string
}

// findCycles adds the cycles among the components, each once: a surface with one would
// never end. It walks without recursion, since a chain may be as long as there are
// components.
func (v *validation) findCycles(components []component) {
	next := make(map[string][]string, len(components))
	for i := range components {
		if c := &components[i]; c.hasID {
			next[c.id] = c.named() // of several with one id the last counts
		}
	}
	const done = -1
	height := make(map[string]int, len(next)) // on the way, counted from 1, or done
	var way []visit
	for i := range components {
		if !components[i].hasID || height[components[i].id] != 0 {
			continue
		}
		down := func(id string) {
			way = append(way, visit{id, next[id]})
			height[id] = len(way)
		}
		for down(components[i].id); len(way) > 0 && !v.full(); {
			last := &way[len(way)-1]
			if len(last.next) == 0 {
				height[last.id] = done
				way = way[:len(way)-1]
				continue
			}
			id := last.next[0]
			last.next = last.next[1:]
			switch h := height[id]; {
			case h == 0:
				down(id)
			case h > 0:
				v.addCycle(way[h-1:])
			}
		}
		if v.full() {
			return
		}
	}
}

// named returns the components that a component names, each once.
func (c *component) named() []string {
	ids := make([]string, 0, len(c.edges))
	known := make(map[string]bool, len(c.edges))
	for _, edge := range c.edges {
		if !known[edge.id] {
			known[edge.id] = true
			ids = append(ids, edge.id)
		}
	}
	return ids
}

// addCycle adds a cycle, beginning with the smallest id, wherever it was entered.
func (v *validation) addCycle(cycle []visit) {
	first := 0
	for i := range cycle {
		if cycle[i].id < cycle[first].id {
			first = i
		}
	}
	var chain strings.Builder
	chain.WriteString("Child reference cycle detected: ")
	for i := range len(cycle) + 1 {
		if i > 0 {
			chain.WriteString(" -> ")
		}
		chain.WriteString(clip(cycle[(first+i)%len(cycle)].id))
		if chain.Len() > maxMessage {
			break
		}
	}
	v.add("child_cycle", "components[id="+clip(cycle[first].id)+"]", chain.String())
}

// clip cuts a text that is too long to be told.
func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
