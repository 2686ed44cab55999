package openai

import (
	"encoding/json"
	"fmt"

	"github.com/copilotkit-go/runtime/core/agent"
)

// cleanSchema makes the schema of a tool's arguments one that strict providers
// take: an object at the top, with properties, and without keywords that say
// nothing. `"additionalProperties": true` and `{}` say what leaving them out says
// too, and OpenAI refuses both.
func cleanSchema(tool string, schema json.RawMessage) (json.RawMessage, error) {
	invalid := func(err error) error {
		return &agent.Error{
			Code:    "invalid_tool",
			Message: fmt.Sprintf("The tool %q has parameters that are not the JSON Schema of an object.", tool),
			Err:     err,
		}
	}
	root := map[string]any{}
	if len(schema) > 0 {
		if err := json.Unmarshal(schema, &root); err != nil {
			return nil, invalid(err)
		}
	}
	if root == nil { // null
		root = map[string]any{}
	}
	clean(root)
	delete(root, "$schema")
	if root["type"] == nil {
		root["type"] = "object"
	}
	if root["type"] != "object" {
		return nil, invalid(fmt.Errorf("its type is %v", root["type"]))
	}
	if root["properties"] == nil {
		root["properties"] = map[string]any{}
	}
	return json.Marshal(root)
}

// clean walks a schema and the schemas inside it.
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
