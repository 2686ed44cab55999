package toolrules

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// SchemaForm is the form of JSON Schema that a provider takes.
type SchemaForm uint8

// The forms of schemas.
const (
	// SchemaAsIs leaves schemas as they are.
	SchemaAsIs SchemaForm = iota
	// SchemaDraft2020 corrects what isn't valid in the draft of 2020: older forms, and
	// mistakes that libraries make.
	SchemaDraft2020
	// SchemaOpenAPI does too, and then converts what the subset of OpenAPI 3.0 lacks
	// that Gemini has: lists of types, const, oneOf, allOf, tuples, values of an enum
	// that aren't text.
	SchemaOpenAPI
)

const (
	defaultMaxDepth = 32
	// maxInlined bounds what references add to one schema, in bytes. Each of a chain of
	// definitions that has two references to the next doubles it.
	maxInlined = 64 << 10
)

// schema returns a schema as the provider takes it. What isn't a schema of an object
// stays as it is.
func (r *Rules) schema(original json.RawMessage) json.RawMessage {
	if r.Schemas == SchemaAsIs || len(original) == 0 {
		return original
	}
	decoder := json.NewDecoder(bytes.NewReader(original))
	decoder.UseNumber()
	var root map[string]any
	if decoder.Decode(&root) != nil || root == nil {
		return original
	}
	c := schemaConverter{rules: r, root: root, left: maxInlined}
	converted := c.convert(root, 0, r.FlatRoot || r.Schemas == SchemaOpenAPI)
	if converted["type"] != "object" {
		converted["type"] = "object"
	}
	properties, ok := converted["properties"].(map[string]any)
	if !ok {
		converted["properties"] = map[string]any{}
	}
	if r.OmitEmpty && len(properties) == 0 {
		return nil
	}
	encoded, err := json.Marshal(converted)
	if err != nil { // unreachable: it was decoded from JSON
		return original
	}
	return encoded
}

// schemaConverter converts one schema. It changes nothing of the original.
type schemaConverter struct {
	rules *Rules
	root  map[string]any
	// open are the references that are being inlined.
	open []string
	// left is how much may still be inlined, in bytes.
	left int
}

// convert returns a subschema as the provider takes it. If flat, it has neither a
// reference nor a combination of schemas of its own.
func (c *schemaConverter) convert(value any, depth int, flat bool) map[string]any {
	node, ok := value.(map[string]any)
	if !ok {
		if value == false && c.rules.Schemas != SchemaOpenAPI {
			return map[string]any{"not": map[string]any{}}
		}
		return map[string]any{} // true, or no schema at all
	}
	if len(c.open) > 0 && !c.spend(node) || depth > c.maxDepth() {
		return shallow(node)
	}
	out := make(map[string]any, len(node))
	for _, keyword := range slices.Sorted(maps.Keys(node)) {
		c.keyword(out, keyword, node[keyword], depth)
	}
	if reference, ok := node["$ref"].(string); ok {
		if !flat && !c.rules.Inline && isDefinition(reference) && c.resolve(reference) != nil {
			out["$ref"] = reference
		} else {
			merge(out, c.inline(reference, depth, flat))
		}
	}
	c.combine(out, node, depth, flat)
	repair(out)
	if c.rules.Schemas == SchemaOpenAPI {
		toOpenAPI(out)
	} else {
		fromNullable(out)
	}
	c.limit(out, depth)
	return out
}

// keyword converts one keyword. It leaves out references and combinations of schemas, and
// what has no meaning to a model.
func (c *schemaConverter) keyword(out map[string]any, keyword string, value any, depth int) {
	switch keyword {
	case "$ref", "allOf", "anyOf", "oneOf":
	case "$schema", "$id", "id", "$comment", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary":
	case "$defs", "definitions":
		if !c.rules.Inline && depth == 0 {
			out[keyword] = c.named(value, depth)
		}
	case "properties", "patternProperties", "dependentSchemas":
		out[keyword] = c.named(value, depth)
	case "additionalProperties", "unevaluatedProperties", "additionalItems", "unevaluatedItems":
		if _, ok := value.(bool); ok {
			out[keyword] = value
			return
		}
		out[keyword] = c.convert(value, depth+1, false)
	case "items":
		if list, ok := value.([]any); ok { // what a tuple was called before 2020
			c.keyword(out, "prefixItems", list, depth)
			return
		}
		out[keyword] = c.convert(value, depth+1, false)
	case "not", "contains", "propertyNames", "if", "then", "else":
		out[keyword] = c.convert(value, depth+1, false)
	case "prefixItems":
		if list := c.list(value, depth, false); len(list) > 0 {
			out[keyword] = list
		}
	default:
		out[keyword] = value
	}
}

// named converts the values of an object of schemas.
func (c *schemaConverter) named(value any, depth int) map[string]any {
	schemas, _ := value.(map[string]any) // PHP writes an empty one as a list
	out := make(map[string]any, len(schemas))
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		out[name] = c.convert(schemas[name], depth+1, false)
	}
	return out
}

// list converts a list of schemas.
func (c *schemaConverter) list(value any, depth int, flat bool) []any {
	schemas, _ := value.([]any)
	out := make([]any, 0, len(schemas))
	for _, schema := range schemas {
		out = append(out, c.convert(schema, depth+1, flat))
	}
	return out
}

func (c *schemaConverter) maxDepth() int {
	if c.rules.MaxDepth > 0 {
		return c.rules.MaxDepth
	}
	return defaultMaxDepth
}

// spend reports whether a part of the schema may be inlined once more.
func (c *schemaConverter) spend(node map[string]any) bool {
	for keyword, value := range node {
		c.left -= len(keyword)
		if !slices.Contains(subschemas, keyword) { // those spend for themselves
			c.left -= size(value)
		}
	}
	return c.left >= 0
}

// subschemas are the keywords whose values have schemas.
var subschemas = []string{
	"$defs", "additionalItems", "additionalProperties", "allOf", "anyOf", "contains", "definitions", "dependentSchemas", "else", "if", "items",
	"not", "oneOf", "patternProperties", "prefixItems", "properties", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
}

// size returns about how many bytes a value takes as JSON.
func size(value any) int {
	switch value := value.(type) {
	case string:
		return len(value) + 6
	case json.Number:
		return len(value)
	case []any:
		total := 2
		for _, element := range value {
			total += size(element)
		}
		return total
	case map[string]any:
		total := 2
		for name, element := range value {
			total += len(name) + size(element)
		}
		return total
	}
	return 6
}

// maxShallow bounds the description of a schema that is cut off, in bytes.
const maxShallow = 200

// shallow returns what takes the place of a schema that is too deep or too large.
func shallow(node map[string]any) map[string]any {
	out := map[string]any{"type": "object"}
	if kind, ok := node["type"].(string); ok && slices.Contains(types[:], kind) {
		out["type"] = kind
	}
	if out["type"] == "array" {
		out["items"] = map[string]any{}
	}
	if text, ok := node["description"].(string); ok && len(text) <= maxShallow {
		out["description"] = text
	}
	return out
}
