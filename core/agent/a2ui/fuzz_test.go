package a2ui_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/a2ui"
)

// FuzzArguments draws from any arguments, as one delta and cut anywhere. If they are
// JSON, what is drawn in the end is the same.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		surface + `,"data":{"items":[{"a":"é\n😀"},{"b":[1,{"c":null}]}],"n":1}}`,
		repeated + `,"data":{"rows":[{"a":1},2,"x",[{}],{"b":2}],"items":[]}}`,
		`{"data":{"items":[{}]},"components":[` + root + `],"surfaceId":"s"}`,
		`{"surfaceId":"\ud83d\ude00","surfaceId":"t","data":5,"components":[` + root + `],"x":{"data":[]}}`,
		`{}` + surface + `}`, `[` + surface + `}]`, rootless + `}`, `{"surfaceId":"s","components":[{]}`, `{"a":"\`, `"`, `}`,
	} {
		f.Add(seed, uint64(1))
	}
	config := a2ui.Config{Tool: a2ui.ToolNever, DefaultCatalogID: "c"} // since one that is named late has no effect
	f.Fuzz(func(t *testing.T, arguments string, seed uint64) {
		whole := lastActivity(t, config, arguments)
		random := rand.New(rand.NewPCG(seed, 0))
		var deltas []string
		for rest := arguments; len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 1+random.IntN(20)))
			deltas, rest = append(deltas, rest[:n]), rest[n:]
		}
		if cut := lastActivity(t, config, deltas...); json.Valid([]byte(arguments)) && string(cut) != string(whole) {
			t.Errorf("%q becomes\n%s\nand as one delta\n%s", deltas, cut, whole)
		}
	})
}

// FuzzComponents draws any components, and compares whether they are drawn with rules
// that are written down once more, in the simplest way.
func FuzzComponents(f *testing.F) {
	for _, seed := range []string{
		`[` + root + `]`, `[]`, `[5]`, `[{"id":"a","component":"A"}]`, `[{"id":"root","component":"A","children":["root"]}]`,
		`[{"id":"root","component":"A","children":["a",{"componentId":"b","path":"/x"}]},{"id":"a","component":"A"},{"id":"b","component":"A","child":"a"}]`,
		`[{"id":"root","component":"A","child":"a"},{"id":"a","component":"A","child":"b"},{"id":"b","component":"A","children":[["a"]]}]`,
		`[{"id":"root","component":"A"},{"id":"root","component":"A"}]`, `[{"id":"root","component":"","child":null}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, components string) {
		content := lastActivity(t, own, `{"surfaceId":"s","components":`+components+`}`)
		var surface operations
		if err := json.Unmarshal(content, &surface); err != nil {
			t.Fatalf("%s: %v", content, err)
		}
		if !json.Valid([]byte(components)) {
			return // it may be the beginning of arguments that are drawn
		}
		if drawn := len(surface.Operations) > 0; drawn != fits(components) && len(components) < 200 {
			t.Errorf("%s becomes %s", components, content)
		}
	})
}

// fits reports whether components are a surface.
func fits(array string) bool {
	var components []map[string]any
	if json.Unmarshal([]byte(array), &components) != nil || len(components) == 0 {
		return false
	}
	children := make(map[string][]string)
	for _, c := range components {
		id, _ := c["id"].(string)
		kind, _ := c["component"].(string)
		if _, twice := children[id]; twice || id == "" || kind == "" {
			return false
		}
		children[id] = append(namedBy(c["child"], 2), namedBy(c["children"], 3)...)
	}
	if _, ok := children["root"]; !ok {
		return false
	}
	var ends func(id string, above map[string]bool) bool
	ends = func(id string, above map[string]bool) bool {
		of, known := children[id]
		if !known || above[id] {
			return false
		}
		above[id] = true
		defer delete(above, id)
		for _, child := range of {
			if !ends(child, above) {
				return false
			}
		}
		return true
	}
	for id := range children {
		if !ends(id, map[string]bool{}) {
			return false
		}
	}
	return true
}

// namedBy returns the components that a value names, in so many levels of arrays at most.
func namedBy(value any, levels int) (ids []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case map[string]any:
		if id, ok := v["componentId"].(string); ok {
			return []string{id}
		}
	case []any:
		for _, element := range v {
			if levels > 1 {
				ids = append(ids, namedBy(element, levels-1)...)
			}
		}
	}
	return ids
}
