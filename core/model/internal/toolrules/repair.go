package toolrules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// types are the types that JSON Schema has.
var types = [...]string{"object", "array", "string", "number", "integer", "boolean", "null"}

// repair corrects keywords that the draft of 2020 doesn't allow in their form.
func repair(out map[string]any) {
	repairType(out)
	for keyword, value := range out {
		switch keyword {
		case "description", "title", "pattern", "format":
			if _, ok := value.(string); !ok {
				delete(out, keyword)
			}
		case "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
			if _, ok := value.(json.Number); !ok {
				delete(out, keyword)
			}
		case "required":
			list, _ := value.([]any)
			list = slices.DeleteFunc(slices.Clone(list), func(name any) bool {
				_, ok := name.(string)
				return !ok
			})
			if out[keyword] = distinct(list); len(list) == 0 {
				delete(out, keyword)
			}
		case "enum":
			list, _ := value.([]any)
			if out[keyword] = distinct(list); len(list) == 0 {
				delete(out, keyword)
			}
		}
	}
	// Once a flag of the keyword with the bound.
	for exclusive, bound := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		if _, ok := out[exclusive].(json.Number); ok || out[exclusive] == nil {
			continue
		}
		if flag := out[exclusive]; flag == true && out[bound] != nil {
			out[exclusive] = out[bound]
			delete(out, bound)
		} else {
			delete(out, exclusive)
		}
	}
	if out["type"] == "array" && out["items"] == nil && out["prefixItems"] == nil {
		out["items"] = map[string]any{}
	}
}

// fromNullable converts OpenAPI's way to say that a value can be null.
func fromNullable(out map[string]any) {
	null := map[string]any{"type": "null"}
	if out["nullable"] == true {
		if kind, ok := out["type"].(string); ok && kind != "null" {
			out["type"] = []any{kind, "null"}
		} else if kinds, ok := out["type"].([]any); ok {
			out["type"] = distinct(append(slices.Clone(kinds), "null"))
		} else if forms, ok := out["anyOf"].([]any); ok {
			out["anyOf"] = distinct(append(slices.Clone(forms), null))
		}
		if values, ok := out["enum"].([]any); ok {
			out["enum"] = distinct(append(slices.Clone(values), nil))
		}
	}
	delete(out, "nullable")
}

// repairType corrects the type of a schema: to one or several of those that there are.
func repairType(out map[string]any) {
	list, isList := out["type"].([]any)
	if !isList {
		list = []any{out["type"]}
	}
	var known []any
	for _, kind := range list {
		if name, ok := kind.(string); ok && slices.Contains(types[:], strings.ToLower(name)) {
			known = append(known, strings.ToLower(name))
		}
	}
	switch known = distinct(known); len(known) {
	case 0:
		delete(out, "type")
	case 1:
		out["type"] = known[0]
	default:
		out["type"] = known
	}
}

// openAPIKeywords are the keywords of SchemaOpenAPI.
var openAPIKeywords = []string{
	"type", "format", "title", "description", "nullable", "enum", "items", "properties", "required", "anyOf", "pattern",
	"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
}

// toOpenAPI converts what the subset of OpenAPI 3.0 lacks.
func toOpenAPI(out map[string]any) {
	if value, ok := out["const"]; ok {
		out["enum"] = []any{value}
		delete(out, "const")
	}
	if list, ok := out["prefixItems"].([]any); ok {
		if list = distinct(list); out["items"] == nil && len(list) == 1 {
			out["items"] = list[0]
		} else if out["items"] == nil {
			out["items"] = map[string]any{"anyOf": list}
		}
		delete(out, "prefixItems")
	}
	toOneType(out)
	toTexts(out)
	if out["type"] == nil && out["anyOf"] == nil {
		switch {
		case out["properties"] != nil:
			out["type"] = "object"
		case out["items"] != nil:
			out["type"] = "array"
		case out["enum"] != nil:
			out["type"] = "string"
		}
	}
	if forms, ok := out["anyOf"].([]any); ok {
		toAlternatives(out, forms)
	}
	properties, _ := out["properties"].(map[string]any)
	if list, ok := out["required"].([]any); ok {
		list = slices.DeleteFunc(slices.Clone(list), func(name any) bool { return properties[name.(string)] == nil })
		if out["required"] = list; len(list) == 0 {
			delete(out, "required")
		}
	}
}

// toOneType converts a list of types to alternatives.
func toOneType(out map[string]any) {
	if out["type"] == "null" {
		delete(out, "type")
		out["nullable"] = true
		return
	}
	list, ok := out["type"].([]any)
	if !ok {
		return
	}
	delete(out, "type")
	others := slices.DeleteFunc(slices.Clone(list), func(kind any) bool { return kind == "null" })
	if len(others) < len(list) {
		out["nullable"] = true
	}
	if len(others) == 1 {
		out["type"] = others[0]
		return
	}
	if out["anyOf"] != nil {
		return // says more
	}
	var forms []any
	for _, kind := range others {
		form := map[string]any{"type": kind}
		for _, keyword := range typeKeywords[kind.(string)] {
			if value, ok := out[keyword]; ok {
				form[keyword] = value
			}
		}
		if kind == "array" && form["items"] == nil {
			form["items"] = map[string]any{}
		}
		forms = append(forms, form)
	}
	for _, keywords := range typeKeywords {
		for _, keyword := range keywords {
			delete(out, keyword)
		}
	}
	out["anyOf"] = forms
}

// typeKeywords are the keywords of a type.
var typeKeywords = map[string][]string{
	"object":  {"properties", "required", "minProperties", "maxProperties"},
	"array":   {"items", "minItems", "maxItems"},
	"string":  {"enum", "format", "pattern", "minLength", "maxLength"},
	"number":  {"minimum", "maximum"},
	"integer": {"minimum", "maximum"},
}

// toTexts removes the values of an enum that aren't text, and describes them.
func toTexts(out map[string]any) {
	list, ok := out["enum"].([]any)
	if !ok {
		return
	}
	var texts []any
	var others []string
	for _, value := range list {
		switch value := value.(type) {
		case nil:
			out["nullable"] = true
		case string:
			texts = append(texts, value)
		default:
			others = append(others, quoteValue(value))
		}
	}
	if out["enum"] = texts; len(others) == 0 && len(texts) > 0 && (out["type"] == nil || out["type"] == "string") {
		return
	}
	delete(out, "enum")
	for _, text := range texts {
		others = append(others, quoteValue(text))
	}
	if len(others) > 0 {
		describe(out, "One of "+strings.Join(others, ", ")+".")
	}
}

// toAlternatives moves what a schema says beside its alternatives into each of them, as
// Vertex takes nothing but a description there.
func toAlternatives(out map[string]any, forms []any) {
	common := maps.Clone(out)
	for _, keyword := range [...]string{"anyOf", "title", "description", "nullable", "default"} {
		delete(common, keyword)
	}
	if len(common) == 0 {
		return
	}
	for i, form := range forms {
		merged := maps.Clone(form.(map[string]any))
		merge(merged, common)
		forms[i] = merged
	}
	for keyword := range common {
		delete(out, keyword)
	}
}

// constraints are the keywords that are described where they can't be said.
var constraints = []string{
	"const", "default", "exclusiveMaximum", "exclusiveMinimum", "format", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
	"minLength", "minProperties", "minimum", "multipleOf", "pattern", "uniqueItems",
}

// limit removes the keywords, formats and properties that the provider doesn't take.
func (c *schemaConverter) limit(out map[string]any, depth int) {
	keywords := c.rules.Keywords
	if keywords == nil && c.rules.Schemas == SchemaOpenAPI {
		keywords = openAPIKeywords
	}
	if depth == 0 && c.rules.RootKeywords != nil {
		keywords = c.rules.RootKeywords
	}
	var notes []string
	for _, keyword := range slices.Sorted(maps.Keys(out)) {
		text, _ := out[keyword].(string)
		refused := keyword == "format" && c.rules.Formats != nil && !slices.Contains(c.rules.Formats, text)
		if !refused && (keywords == nil || keyword == "description" || slices.Contains(keywords, keyword)) {
			continue
		}
		if slices.Contains(constraints, keyword) {
			notes = append(notes, fmt.Sprintf("%s: %s", keyword, quoteValue(out[keyword])))
		}
		delete(out, keyword)
	}
	if properties, ok := out["properties"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if !c.rules.Properties.takes(name) {
				schema := quoteValue(properties[name])
				notes = append(notes, fmt.Sprintf("property %s: %s", quoteValue(name), schema[:min(len(schema), maxShallow)]))
				delete(properties, name)
				if required, ok := out["required"].([]any); ok {
					out["required"] = slices.DeleteFunc(slices.Clone(required), func(other any) bool { return other == name })
				}
			}
		}
	}
	if len(notes) > 0 {
		describe(out, "("+strings.Join(notes, ", ")+")")
	}
}
