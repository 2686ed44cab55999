package model

import (
	"encoding/json"
	"fmt"
)

// Tool describes a tool to a model.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments: an object that has a type
	// and properties, if only empty ones.
	Parameters json.RawMessage
}

// NewTool returns the description of a tool. It converts the schema of the arguments
// to one that strict providers accept: an object with properties, and without
// keywords that have no effect. Tools without arguments have no schema, null, or an
// empty list, which is how PHP writes an empty object. A schema that isn't one of an
// object is an [*Error].
func NewTool(name, description string, parameters json.RawMessage) (Tool, error) {
	schema, err := cleanSchema(parameters)
	if err != nil {
		failed := NewError(CodeInvalidTool, err)
		failed.Message = fmt.Sprintf("The tool %q has parameters that are not the JSON Schema of an object.", name)
		return Tool{}, failed
	}
	return Tool{Name: name, Description: description, Parameters: schema}, nil
}

func cleanSchema(schema json.RawMessage) (json.RawMessage, error) {
	root := map[string]any{}
	if list := []any(nil); len(schema) > 0 && (json.Unmarshal(schema, &list) != nil || len(list) > 0) {
		if err := json.Unmarshal(schema, &root); err != nil {
			return nil, err
		}
	}
	clean(root)
	delete(root, "$schema")
	if root["type"] == nil {
		root["type"] = "object"
	}
	if root["type"] != "object" {
		return nil, fmt.Errorf("its type is %v", root["type"])
	}
	if root["properties"] == nil {
		root["properties"] = map[string]any{}
	}
	return json.Marshal(root)
}

// clean removes keywords without effect from a schema and its subschemas:
// "additionalProperties" of true or {}, both of which OpenAI refuses.
func clean(node map[string]any) {
	switch additional := node["additionalProperties"].(type) {
	case bool:
		if additional {
			delete(node, "additionalProperties")
		}
	case map[string]any:
		if clean(additional); len(additional) == 0 {
			delete(node, "additionalProperties")
		}
	}
	for _, keyword := range []string{"properties", "patternProperties", "$defs", "definitions"} {
		if named, ok := node[keyword].(map[string]any); ok {
			for _, schema := range named {
				cleanAny(schema)
			}
		}
	}
	for _, keyword := range []string{"items", "prefixItems", "anyOf", "allOf", "oneOf", "not"} {
		cleanAny(node[keyword])
	}
}

func cleanAny(value any) {
	switch value := value.(type) {
	case map[string]any:
		clean(value)
	case []any:
		for _, element := range value {
			cleanAny(element)
		}
	}
}
