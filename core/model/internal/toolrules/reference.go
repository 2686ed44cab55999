package toolrules

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// isDefinition reports whether a reference is to a definition of the root.
func isDefinition(reference string) bool {
	for _, prefix := range [...]string{"#/$defs/", "#/definitions/"} {
		if name, ok := strings.CutPrefix(reference, prefix); ok && name != "" && !strings.Contains(name, "/") {
			return true
		}
	}
	return false
}

// resolve returns what a reference within the schema refers to, nil if there is nothing.
func (c *schemaConverter) resolve(reference string) any {
	path, ok := strings.CutPrefix(reference, "#")
	if !ok {
		return nil
	}
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	var at any = c.root
	if path == "" {
		return at
	}
	if path[0] != '/' {
		return nil // the name of an anchor
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
		switch node := at.(type) {
		case map[string]any:
			at = node[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			at = node[i]
		default:
			return nil
		}
	}
	return at
}

// inline returns what a reference refers to, converted. Within itself, and where too
// many are open, it is cut off.
func (c *schemaConverter) inline(reference string, depth int, flat bool) map[string]any {
	target := c.resolve(reference)
	if slices.Contains(c.open, reference) || len(c.open) >= defaultMaxDepth || target == nil {
		node, _ := target.(map[string]any)
		return shallow(node)
	}
	c.open = append(c.open, reference)
	converted := c.convert(target, depth, flat)
	c.open = c.open[:len(c.open)-1]
	return converted
}
