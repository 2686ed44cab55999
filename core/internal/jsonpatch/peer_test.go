package jsonpatch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	peer "github.com/evanphx/json-patch/v5"

	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
)

// TestRandomPatches compares what random patches do to random documents with what
// another implementation of RFC 6902 makes of them.
func TestRandomPatches(t *testing.T) {
	applied, refused := 0, 0
	for seed := range uint64(1000) {
		random := &generator{rand.New(rand.NewPCG(seed, 6902))}
		document := random.container(3)
		ours, err := jsonpatch.Parse([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		theirs := []byte(document)
		for range 6 {
			patch := random.patch(string(theirs))
			wanted, wantErr := applyPeer(theirs, patch)
			err := ours.Apply([]byte(patch))
			if (err != nil) != (wantErr != nil) {
				t.Fatalf("seed %d: %s\non %s\nours: %v\ntheirs: %v", seed, patch, theirs, err, wantErr)
			}
			if err != nil {
				refused++
			} else {
				applied++
				theirs = wanted
			}
			if got := ours.AppendJSON(nil); !same(got, theirs) {
				t.Fatalf("seed %d: %s\n got %s\nwant %s", seed, patch, got, theirs)
			}
		}
	}
	if applied < 1500 || refused < 500 {
		t.Errorf("%d patches applied, %d refused: too few of either", applied, refused)
	}
}

func applyPeer(document []byte, patch string) ([]byte, error) {
	operations, err := peer.DecodePatch([]byte(patch))
	if err != nil {
		return nil, err
	}
	options := peer.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.EscapeHTML = false
	return operations.ApplyWithOptions(document, options)
}

func same(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// generator makes documents and patches whose paths often lead somewhere.
type generator struct{ *rand.Rand }

// The peer takes the path "/" for the whole document, so no name is empty.
var names = []string{"a", "b", "c", "a/b", "m~n", "0", "é\\n"}

func (g *generator) name() string { return names[g.IntN(len(names))] }

func (g *generator) value(depth int) string {
	if depth > 0 && g.IntN(2) == 0 {
		return g.container(depth)
	}
	return []string{"1", "-2.5", `"x"`, `"\\u0041"`, "true", "false", "12345678901234567890", `""`}[g.IntN(8)]
}

func (g *generator) container(depth int) string {
	var parts []string
	if g.IntN(3) == 0 {
		for range g.IntN(4) {
			parts = append(parts, g.value(depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	for _, i := range g.Perm(len(names))[:g.IntN(5)] {
		parts = append(parts, fmt.Sprintf(`"%s":%s`, names[i], g.value(depth-1)))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (g *generator) patch(document string) string {
	var value any
	if err := json.Unmarshal([]byte(document), &value); err != nil {
		panic(err)
	}
	var operations []string
	for range 1 + g.IntN(3) {
		to, source := g.path(value), g.path(value)
		if strings.HasPrefix(to, source+"/") {
			// The peer moves a value into itself, or into what comes after it.
			continue
		}
		path, from := quote(to), quote(source)
		switch g.IntN(6) {
		case 0, 1:
			operations = append(operations, fmt.Sprintf(`{"op":"add","path":%s,"value":%s}`, path, g.value(2)))
		case 2:
			operations = append(operations, fmt.Sprintf(`{"op":"replace","path":%s,"value":%s}`, path, g.value(2)))
		case 3:
			operations = append(operations, fmt.Sprintf(`{"op":"remove","path":%s}`, path))
		case 4:
			op := []string{"move", "copy"}[g.IntN(2)]
			operations = append(operations, fmt.Sprintf(`{"op":"%s","from":%s,"path":%s}`, op, from, path))
		default:
			operations = append(operations, fmt.Sprintf(`{"op":"test","path":%s,"value":%s}`, path, g.value(1)))
		}
	}
	return "[" + strings.Join(operations, ",") + "]"
}

// path goes some steps into a value, and perhaps one beyond it.
func (g *generator) path(value any) string {
	switch v := value.(type) {
	case map[string]any:
		name := g.name()
		for _, known := range slices.Sorted(maps.Keys(v)) {
			if g.IntN(2) == 0 {
				name = known
			}
		}
		step := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		if g.IntN(2) == 0 {
			return step + g.path(v[name])
		}
		return step
	case []any:
		index := g.IntN(len(v) + 2)
		if g.IntN(5) == 0 {
			return "/-"
		}
		if index < len(v) && g.IntN(2) == 0 {
			return fmt.Sprint("/", index) + g.path(v[index])
		}
		return fmt.Sprint("/", index)
	}
	if g.IntN(4) == 0 {
		return "/a"
	}
	return ""
}

func quote(text string) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSpace(quoted.String())
}

// FuzzApply checks that a patch leaves JSON behind, and that one that is refused
// leaves the document as it was.
func FuzzApply(f *testing.F) {
	f.Add(`{"a":[1,2,{"b":null}],"c":"x"}`, `[{"op":"move","from":"/a/2","path":"/c"},{"op":"copy","from":"","path":"/d"},{"op":"test","path":"/a/0","value":1.0}]`)
	f.Add(`[]`, `[{"op":"add","path":"/-","value":{}},{"op":"remove","path":"/0"},{"op":"replace","path":"","value":1}]`)
	f.Add(`{"a":1,"a":2}`, `[{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}]`)
	f.Fuzz(func(t *testing.T, text, patch string) {
		document, err := jsonpatch.Parse([]byte(text))
		if err != nil {
			return
		}
		err = document.Apply([]byte(patch))
		after := document.AppendJSON(nil)
		if !json.Valid(after) {
			t.Fatalf("%q on %q left %q", patch, text, after)
		}
		var numbers any
		if err != nil && json.Unmarshal([]byte(text), &numbers) == nil && !same(after, []byte(text)) {
			t.Fatalf("%q on %q was refused and left %q", patch, text, after)
		}
		if _, again := jsonpatch.Apply([]byte(text), []byte(patch)); (again != nil) != (err != nil) {
			t.Fatalf("%q on %q: %v, then %v", patch, text, err, again)
		}
	})
}
