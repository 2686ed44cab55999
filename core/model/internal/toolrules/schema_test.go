package toolrules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/toolrules"
)

func TestSchemasAreConvertedToWhatAProviderTakes(t *testing.T) {
	draft := toolrules.Rules{Schemas: toolrules.SchemaDraft2020}
	flat := toolrules.Rules{Schemas: toolrules.SchemaDraft2020, FlatRoot: true}
	inline := toolrules.Rules{Schemas: toolrules.SchemaDraft2020, Inline: true}
	openAPI := toolrules.Rules{Schemas: toolrules.SchemaOpenAPI, Inline: true, Formats: []string{"date-time"}}
	property := func(schema string) string {
		return `{"properties":{"a":` + schema + `},"type":"object"}`
	}
	for _, test := range []struct {
		name       string
		rules      toolrules.Rules
		have, want string
	}{
		{"as it is", toolrules.Rules{}, `{"$schema":"x", "type":"array"}`, `{"$schema":"x", "type":"array"}`},
		{"no object", draft, `[1]`, `[1]`},
		{"an ordinary one", flat, `{"properties":{"city":{"description":"the city","type":"string"}},"required":["city"],"type":"object"}`,
			`{"properties":{"city":{"description":"the city","type":"string"}},"required":["city"],"type":"object"}`},
		{"large numbers", draft, property(`{"enum":[9007199254740993],"type":"integer"}`), property(`{"enum":[9007199254740993],"type":"integer"}`)},
		{"an empty one", draft, `{}`, `{"properties":{},"type":"object"}`},
		{"an empty one is left out", toolrules.Rules{Schemas: toolrules.SchemaDraft2020, OmitEmpty: true}, `{"type":"object","properties":{}}`, ""},

		{"mistakes", draft, property(`{"$comment":"x","default":1,"description":7,"enum":[],"id":"y","minimum":"1","required":true,"type":"any"}`), property(`{"default":1}`)},
		{"a property with the name of a keyword", draft, `{"properties":{"$ref":{"type":"string"},"id":{"type":"string"}},"type":"object"}`, `{"properties":{"$ref":{"type":"string"},"id":{"type":"string"}},"type":"object"}`},
		{"types in capitals", draft, property(`{"type":"STRING"}`), property(`{"type":"string"}`)},
		{"an array without items", draft, property(`{"type":"array"}`), property(`{"items":{},"type":"array"}`)},
		{"an old tuple", draft, property(`{"items":[{"type":"string"}],"type":"array"}`), property(`{"prefixItems":[{"type":"string"}],"type":"array"}`)},
		{"an old exclusive bound", draft, property(`{"exclusiveMinimum":true,"minimum":2,"type":"number"}`), property(`{"exclusiveMinimum":2,"type":"number"}`)},
		{"OpenAPI's null", draft, property(`{"enum":["x"],"nullable":true,"type":"string"}`), property(`{"enum":["x",null],"type":["string","null"]}`)},
		{"properties as PHP writes them", draft, `{"type":"object","properties":[]}`, `{"properties":{},"type":"object"}`},

		{"a definition stays", draft, `{"$defs":{"A":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/A","description":"d"}},"type":"object"}`,
			`{"$defs":{"A":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/A","description":"d"}},"type":"object"}`},
		{"a definition in place", inline, `{"$defs":{"A":{"type":"string","description":"x"}},"properties":{"a":{"$ref":"#/$defs/A","description":"d"}},"type":"object"}`, property(`{"description":"d","type":"string"}`)},
		{"a reference to a property", draft, `{"properties":{"a":{"type":"string"},"b":{"$ref":"#/properties/a"}},"type":"object"}`, `{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"type":"object"}`},
		{"escaped references", inline, `{"$defs":{"A/b~":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/A~1b~0"}},"type":"object"}`, property(`{"type":"string"}`)},
		{"references to nothing", inline, `{"properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"https://example.com/b.json"},"c":{"$ref":"#anchor"},"d":{"$ref":"#/required/7"}},"type":"object"}`,
			`{"properties":{"a":{"type":"object"},"b":{"type":"object"},"c":{"type":"object"},"d":{"type":"object"}},"type":"object"}`},
		{"the root's reference", flat, `{"$defs":{"A":{"properties":{"a":{"type":"string"}},"required":["a"],"type":"object"}},"$ref":"#/$defs/A","properties":{},"type":"object"}`,
			`{"$defs":{"A":{"properties":{"a":{"type":"string"}},"required":["a"],"type":"object"}},"properties":{"a":{"type":"string"}},"required":["a"],"type":"object"}`},
		{"a tree", inline, `{"$defs":{"N":{"description":"a node","properties":{"children":{"items":{"$ref":"#/$defs/N"},"type":"array"}},"type":"object"}},"properties":{"a":{"$ref":"#/$defs/N"}},"type":"object"}`,
			property(`{"description":"a node","properties":{"children":{"items":{"description":"a node","type":"object"},"type":"array"}},"type":"object"}`)},
		{"a reference to itself", inline, `{"$defs":{"N":{"$ref":"#/$defs/N"}},"properties":{"a":{"$ref":"#/$defs/N"}},"type":"object"}`, property(`{"type":"object"}`)},
		{"a reference to the root", inline, `{"properties":{"a":{"$ref":"#"}},"type":"object"}`, property(`{"properties":{"a":{"type":"object"}},"type":"object"}`)},

		{"one of several forms", flat, `{"oneOf":[{"properties":{"kind":{"const":"x"},"url":{"type":"string"}},"required":["kind","url"]},{"properties":{"kind":{"const":"y"},"path":{"type":"string"}},"required":["kind","path"]}],"properties":{},"type":"object"}`,
			`{"description":"Needs one of these sets of properties: kind, url; or kind, path.","properties":{"kind":{"enum":["x","y"],"type":"string"},"path":{"type":"string"},"url":{"type":"string"}},"required":["kind"],"type":"object"}`},
		{"at least one property", flat, `{"anyOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{"type":"string"},"b":{"type":"string"}},"type":"object"}`,
			`{"description":"Needs one of these sets of properties: a; or b.","properties":{"a":{"type":"string"},"b":{"type":"string"}},"type":"object"}`},
		{"all of several", flat, `{"allOf":[{"$ref":"#/definitions/A"},{"properties":{"b":{"type":"string"}},"required":["b"]}],"definitions":{"A":{"properties":{"a":{"type":"string"}},"required":["a"]}},"properties":{},"type":"object"}`,
			`{"definitions":{"A":{"properties":{"a":{"type":"string"}},"required":["a"]}},"properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"],"type":"object"}`},
		{"combinations within are kept", flat, property(`{"anyOf":[{"type":"string"},{"type":"number"}]}`), property(`{"anyOf":[{"type":"string"},{"type":"number"}]}`)},

		{"a list with null", openAPI, property(`{"type":["string","null"]}`), property(`{"nullable":true,"type":"string"}`)},
		{"a list of types", openAPI, property(`{"description":"d","items":{"type":"string"},"minimum":1,"type":["array","number"]}`), property(`{"anyOf":[{"items":{"type":"string"},"type":"array"},{"minimum":1,"type":"number"}],"description":"d"}`)},
		{"null or something", openAPI, property(`{"anyOf":[{"type":"null"},{"format":"uuid","type":"string"}],"description":"d"}`), property(`{"description":"d","nullable":true,"type":"string"}`)},
		{"one of some", openAPI, property(`{"oneOf":[{"type":"string"},{"type":"boolean"}]}`), property(`{"anyOf":[{"type":"string"},{"type":"boolean"}]}`)},
		{"a constant", openAPI, property(`{"const":"x"}`), property(`{"enum":["x"],"type":"string"}`)},
		{"numbers to choose from", openAPI, property(`{"enum":[1,2],"type":"integer"}`), property(`{"description":"One of 1, 2.","type":"integer"}`)},
		{"a format, and a bound", openAPI, property(`{"description":"d","exclusiveMinimum":1,"format":"email","type":"string"}`), property(`{"description":"d\n(exclusiveMinimum: 1, format: \"email\")","type":"string"}`)},
		{"a format that there is", openAPI, property(`{"format":"date-time","type":"string"}`), property(`{"format":"date-time","type":"string"}`)},
		{"a tuple", openAPI, property(`{"prefixItems":[{"type":"string"},{"type":"number"}],"type":"array"}`), property(`{"items":{"anyOf":[{"type":"string"},{"type":"number"}]},"type":"array"}`)},
		{"all of some", openAPI, property(`{"allOf":[{"properties":{"x":{"type":"string"}}},{"properties":{"y":true},"required":["y","z"]}]}`), property(`{"properties":{"x":{"type":"string"},"y":{}},"required":["y"],"type":"object"}`)},
		{"a type beside alternatives", openAPI, property(`{"anyOf":[{"properties":{"x":{"type":"string"}},"required":["x"]},{"properties":{"y":{"type":"string"}}}],"description":"d","required":["y"],"type":"object"}`),
			property(`{"anyOf":[{"properties":{"x":{"type":"string"}},"required":["x","y"],"type":"object"},{"properties":{"y":{"type":"string"}},"required":["y"],"type":"object"}],"description":"d"}`)},
		{"alternatives that say nothing more", openAPI, property(`{"anyOf":[{"required":["x"]},{"required":["y"]}],"properties":{"x":{"type":"string"},"y":{"type":"string"}},"type":"object"}`),
			property(`{"properties":{"x":{"type":"string"},"y":{"type":"string"}},"type":"object"}`)},

		{"names of properties", toolrules.Rules{Schemas: toolrules.SchemaDraft2020, Properties: toolrules.NameRule{Max: 64, Signs: ".-"}}, `{"properties":{"a b":{"type":"string"},"c":{"type":"string"}},"required":["a b","c"],"type":"object"}`,
			`{"description":"(property \"a b\": {\"type\":\"string\"})","properties":{"c":{"type":"string"}},"required":["c"],"type":"object"}`},
		{"a root that may have little", toolrules.Rules{Schemas: toolrules.SchemaDraft2020, RootKeywords: []string{"type", "properties", "required"}}, `{"additionalProperties":false,"description":"d","properties":{"a":{"additionalProperties":false,"type":"object"}},"title":"T","type":"object"}`,
			`{"description":"d","properties":{"a":{"additionalProperties":false,"type":"object"}},"type":"object"}`},
		{"depth", toolrules.Rules{Schemas: toolrules.SchemaDraft2020, MaxDepth: 1}, property(`{"description":"d","items":{"description":"e","items":{"type":"string"},"type":"array"},"type":"array"}`), property(`{"description":"d","items":{"description":"e","items":{},"type":"array"},"type":"array"}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := schema(t, test.rules, test.have); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// hostile returns a schema in which each of many definitions has two references to the
// next one.
func hostile(references int) string {
	var b strings.Builder
	b.WriteString(`{"type":"object","$defs":{`)
	for i := range references {
		fmt.Fprintf(&b, `"d%d":{"description":"%s","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}},`, i, strings.Repeat("x", 100), i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/d0"}}}`, references)
	return b.String()
}

func TestHostileSchemasStaySmallAndFlat(t *testing.T) {
	deep := strings.Repeat(`{"type":"object","properties":{"a":`, 900) + `{"type":"string"}` + strings.Repeat("}}", 900)
	unions := strings.Repeat(`{"anyOf":[{"type":"string"},`, 400) + `{"type":"number"}` + strings.Repeat("]}", 400)
	chain := `{"type":"object","$defs":{`
	for i := range 5000 {
		chain += fmt.Sprintf(`"d%d":{"$ref":"#/$defs/d%d"},`, i, i+1)
	}
	chain += `"x":{}},"$ref":"#/$defs/d0"}`
	long := `{"type":"object","$defs":{"l":{"description":"` + strings.Repeat("x", 50_000) + `","default":{"a":"` + strings.Repeat("y", 50_000) + `"}}},"properties":{"a0":{}`
	for i := range 1000 {
		long += fmt.Sprintf(`,"p%d":{"$ref":"#/$defs/l"}`, i)
	}
	long += `}}`
	for name, original := range map[string]string{
		"a bomb": hostile(100), "depth": deep, "deep alternatives": `{"type":"object","properties":{"a":` + unions + `}}`,
		"deep alternatives of the root": unions, "a chain": chain, "one long definition": long,
	} {
		for form, rules := range map[string]toolrules.Rules{
			"2020":    {Schemas: toolrules.SchemaDraft2020, FlatRoot: true},
			"inline":  {Schemas: toolrules.SchemaDraft2020, Inline: true},
			"OpenAPI": {Schemas: toolrules.SchemaOpenAPI, Inline: true},
		} {
			t.Run(name+" as "+form, func(t *testing.T) {
				got := schema(t, rules, original)
				if len(got) > 2*len(original)+256<<10 {
					t.Errorf("%d bytes became %d", len(original), len(got))
				}
				if again := schema(t, rules, original); again != got {
					t.Error("the second time it is another")
				}
				if !json.Valid([]byte(got)) || nesting(got) > 200 {
					t.Errorf("it is %d deep", nesting(got))
				}
			})
		}
	}
}

func nesting(text string) (deepest int) {
	open := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			open++
			deepest = max(deepest, open)
		case '}', ']':
			open--
		}
	}
	return deepest
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"anyOf":[{"type":["string","null"]},{"$ref":"#"}]}}}`)
	f.Add(hostile(3))
	f.Add(`{"allOf":[{"required":[1,"a"]}],"oneOf":[true,{"enum":[null,1]}],"items":[],"nullable":true}`)
	f.Fuzz(func(t *testing.T, original string) {
		for _, rules := range []toolrules.Rules{
			{Schemas: toolrules.SchemaDraft2020, FlatRoot: true, Properties: toolrules.NameRule{Max: 8}},
			{Schemas: toolrules.SchemaOpenAPI, Inline: true, Formats: []string{}},
		} {
			got := schema(t, rules, original)
			if again := schema(t, rules, original); again != got {
				t.Fatalf("%s became %s, and then %s", original, got, again)
			}
			if json.Valid([]byte(original)) && original != "" && !json.Valid([]byte(got)) {
				t.Fatalf("%s became %s", original, got)
			}
		}
	})
}

func BenchmarkTools(b *testing.B) {
	request := &model.Request{}
	for i := range 20 {
		request.Tools = append(request.Tools, model.Tool{Name: fmt.Sprint("tool", i), Parameters: json.RawMessage(
			`{"type":"object","properties":{"city":{"type":"string","description":"the city's name"},"days":{"type":"integer","minimum":1},"units":{"type":"string","enum":["c","f"]}},"required":["city"]}`)})
	}
	rules := toolrules.Rules{Names: names, Schemas: toolrules.SchemaDraft2020, FlatRoot: true}
	schemas := new(toolrules.Cache)
	for b.Loop() {
		rules.Translate(request, schemas)
	}
}
