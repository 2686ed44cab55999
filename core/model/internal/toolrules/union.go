package toolrules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// combine converts the combinations of schemas that a node has.
func (c *schemaConverter) combine(out, node map[string]any, depth int, flat bool) {
	openAPI := c.rules.Schemas == SchemaOpenAPI
	for _, keyword := range [...]string{"allOf", "anyOf", "oneOf"} {
		schemas := c.list(node[keyword], depth, flat)
		switch {
		case len(schemas) == 0:
		case keyword == "allOf" && (flat || openAPI):
			for _, schema := range schemas {
				merge(out, schema.(map[string]any))
			}
		case flat:
			mergeAny(out, schemas)
		case openAPI:
			joinAny(out, schemas)
		default:
			out[keyword] = schemas
		}
	}
	if flat {
		delete(out, "enum")
		delete(out, "const")
		delete(out, "not")
	}
}

// merge adds what a schema says to another one, which takes precedence.
func merge(out, other map[string]any) {
	for _, keyword := range slices.Sorted(maps.Keys(other)) {
		value := other[keyword]
		switch existing := out[keyword].(type) {
		case nil:
			if schemas, ok := value.(map[string]any); ok {
				value = maps.Clone(schemas)
			}
			out[keyword] = value
		case map[string]any:
			if schemas, ok := value.(map[string]any); ok && (keyword == "properties" || keyword == "$defs" || keyword == "definitions") {
				for name, schema := range schemas {
					if existing[name] == nil {
						existing[name] = schema
					}
				}
			}
		case []any:
			if more, ok := value.([]any); ok && keyword == "required" {
				out[keyword] = distinct(slices.Concat(existing, more))
			}
		}
	}
}

// mergeAny makes an object with the properties of all of its forms. Those that all forms
// require remain required.
func mergeAny(out map[string]any, forms []any) {
	properties, _ := out["properties"].(map[string]any)
	found := map[string][]any{}
	required := map[string]int{}
	var described []string
	for _, form := range forms {
		form := form.(map[string]any)
		own, _ := form["properties"].(map[string]any)
		for name, schema := range own {
			found[name] = append(found[name], schema)
		}
		var names []string
		list, _ := form["required"].([]any)
		for _, name := range list {
			required[name.(string)]++
			names = append(names, name.(string))
		}
		if len(names) > 0 {
			described = append(described, strings.Join(names, ", "))
		}
		if out["description"] == nil && form["description"] != nil && len(forms) == 1 {
			out["description"] = form["description"]
		}
	}
	merged := maps.Clone(properties)
	if merged == nil {
		merged = map[string]any{}
	}
	for name, schemas := range found {
		if merged[name] != nil {
			continue
		}
		if schemas = distinct(schemas); len(schemas) == 1 {
			merged[name] = schemas[0]
		} else if values := allValues(schemas); values != nil {
			merged[name] = map[string]any{"type": "string", "enum": values}
		} else {
			merged[name] = map[string]any{"anyOf": schemas}
		}
	}
	out["properties"] = merged
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if required[name] == len(forms) {
			existing, _ := out["required"].([]any)
			out["required"] = distinct(append(slices.Clone(existing), any(name)))
		}
	}
	if len(described) > 1 {
		describe(out, "Needs one of these sets of properties: "+strings.Join(described, "; or ")+".")
	}
}

// allValues returns the texts that schemas allow if they only list texts, and nil
// otherwise.
func allValues(schemas []any) []any {
	var values []any
	for _, schema := range schemas {
		schema := schema.(map[string]any)
		list, _ := schema["enum"].([]any)
		if value, ok := schema["const"]; ok {
			list = []any{value}
		}
		for _, value := range list {
			if _, ok := value.(string); !ok {
				return nil
			}
		}
		if len(list) == 0 {
			return nil
		}
		values = append(values, list...)
	}
	return distinct(values)
}

// joinAny adds alternatives to a schema. One of null is a schema that can be null.
func joinAny(out map[string]any, schemas []any) {
	others := schemas[:0:0]
	for _, schema := range schemas {
		if schema := schema.(map[string]any); len(schema) == 1 && schema["nullable"] == true {
			out["nullable"] = true
			continue
		}
		others = append(others, schema)
	}
	if others = distinct(others); len(others) == 1 {
		merge(out, others[0].(map[string]any))
		return
	}
	existing, _ := out["anyOf"].([]any)
	out["anyOf"] = append(slices.Clone(existing), others...)
}

// distinct returns the values without those that are equal to an earlier one.
func distinct(values []any) []any {
	seen := make(map[string]bool, len(values))
	out := make([]any, 0, len(values))
	for _, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil || seen[string(encoded)] { // an error is unreachable
			continue
		}
		seen[string(encoded)] = true
		out = append(out, value)
	}
	return out
}

// maxNote bounds a text that is added to a description, in bytes.
const maxNote = 1 << 10

// describe adds a text to the description of a schema.
func describe(out map[string]any, note string) {
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote], "") + "…"
	}
	if text, ok := out["description"].(string); ok && text != "" {
		note = text + "\n" + note
	}
	out["description"] = note
}

// quoteValue returns a value for a description.
func quoteValue(value any) string {
	if encoded, err := json.Marshal(value); err == nil {
		return string(encoded)
	}
	return fmt.Sprint(value)
}
