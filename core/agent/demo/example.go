package demo

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// exampleArguments returns arguments that match the JSON Schema of a tool.
func exampleArguments(parameters json.RawMessage) string {
	var schema map[string]any
	if json.Unmarshal(parameters, &schema) != nil {
		return "{}"
	}
	e := exampler{root: schema}
	example, ok := e.example("", schema, 0).(map[string]any)
	if !ok {
		return "{}"
	}
	arguments, err := json.Marshal(example)
	if err != nil {
		return "{}"
	}
	return string(arguments)
}

// maxDepth bounds schemas that refer to themselves.
const maxDepth = 8

// exampler makes examples of the subschemas of a root.
type exampler struct {
	root map[string]any
}

// example returns a value for the property with a name.
func (e *exampler) example(name string, schema map[string]any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	schema = e.resolve(schema, depth)
	for _, keyword := range []string{"const", "default"} {
		if value, ok := schema[keyword]; ok {
			return value
		}
	}
	for _, keyword := range []string{"examples", "enum"} {
		if values, ok := schema[keyword].([]any); ok && len(values) > 0 {
			return values[0]
		}
	}
	switch schemaType(schema) {
	case "object":
		return e.object(schema, depth)
	case "array":
		return e.array(name, schema, depth)
	case "integer", "number":
		return number(schema)
	case "boolean":
		return true
	case "null":
		return nil
	}
	return text(name, schema)
}

// resolve follows references, and selects the first of several alternatives.
func (e *exampler) resolve(schema map[string]any, depth int) map[string]any {
	if reference, ok := schema["$ref"].(string); ok && depth <= maxDepth {
		if target := e.lookup(reference); target != nil {
			return e.resolve(target, depth+1)
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if alternatives, ok := schema[keyword].([]any); ok && len(alternatives) > 0 {
			if first, ok := alternatives[0].(map[string]any); ok && depth <= maxDepth {
				return e.resolve(merge(schema, first, keyword), depth+1)
			}
		}
	}
	if all, ok := schema["allOf"].([]any); ok {
		for _, one := range all {
			if part, ok := one.(map[string]any); ok {
				schema = merge(schema, part, "allOf")
			}
		}
	}
	return schema
}

// merge returns a schema with the keywords of another in place of its own, without
// one keyword.
func merge(schema, other map[string]any, without string) map[string]any {
	result := maps.Clone(schema)
	delete(result, without)
	for keyword, value := range other {
		mine, mineOK := result[keyword].(map[string]any)
		its, itsOK := value.(map[string]any)
		if mineOK && itsOK {
			both := maps.Clone(mine)
			maps.Copy(both, its)
			value = both
		}
		result[keyword] = value
	}
	return result
}

// lookup returns the target of a reference such as #/$defs/City.
func (e *exampler) lookup(reference string) map[string]any {
	path, ok := strings.CutPrefix(reference, "#/")
	if !ok {
		return nil
	}
	node := e.root
	for _, segment := range strings.Split(path, "/") {
		next, ok := node[segment].(map[string]any)
		if !ok {
			return nil
		}
		node = next
	}
	return node
}

// schemaType returns the type of a schema, which may be implied by its keywords.
func schemaType(schema map[string]any) string {
	switch kind := schema["type"].(type) {
	case string:
		return kind
	case []any:
		for _, one := range kind {
			if text, ok := one.(string); ok && text != "null" {
				return text
			}
		}
	}
	switch {
	case schema["properties"] != nil:
		return "object"
	case schema["items"] != nil:
		return "array"
	}
	return "string"
}

func (e *exampler) object(schema map[string]any, depth int) map[string]any {
	result := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for name, property := range properties {
		if depth > 2 && !slices.Contains(required, any(name)) {
			continue // deeply nested and optional
		}
		if property, ok := property.(map[string]any); ok {
			result[name] = e.example(name, property, depth+1)
		}
	}
	return result
}

func (e *exampler) array(name string, schema map[string]any, depth int) []any {
	count := 1
	if least, ok := schema["minItems"].(float64); ok {
		count = min(max(int(least), 1), 10)
	}
	items, _ := schema["items"].(map[string]any)
	result := make([]any, count)
	for i := range result {
		result[i] = e.example(strings.TrimSuffix(name, "s"), items, depth+1)
	}
	return result
}

func number(schema map[string]any) any {
	value := 1.0
	if least, ok := schema["minimum"].(float64); ok {
		value = max(value, least)
	}
	if least, ok := schema["exclusiveMinimum"].(float64); ok && value <= least {
		value = least + 1
	}
	if most, ok := schema["maximum"].(float64); ok {
		value = min(value, most)
	}
	return value
}

func text(name string, schema map[string]any) string {
	switch schema["format"] {
	case "date":
		return "2026-01-31"
	case "date-time":
		return "2026-01-31T12:00:00Z"
	case "time":
		return "12:00:00"
	case "email":
		return "ada@example.com"
	case "uri", "url":
		return "https://example.com"
	case "uuid":
		return "6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b"
	}
	value := "example"
	if name != "" {
		value += " " + name
	}
	if most, ok := schema["maxLength"].(float64); ok && len(value) > int(most) {
		value = value[:max(int(most), 0)]
	}
	if least, ok := schema["minLength"].(float64); ok {
		for len(value) < min(int(least), 1000) {
			value += "."
		}
	}
	return value
}
