package jsonpatch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/jsonpatch"
)

func TestApply(t *testing.T) {
	for _, test := range []struct{ name, document, patch, want string }{
		{"an added member comes last", `{"b":1,"a":2}`, `[{"op":"add","path":"/c","value":[1.50, "x"]}]`, `{"b":1,"a":2,"c":[1.50, "x"]}`},
		{"an added member that is there keeps its place", `{"b":1,"a":2}`, `[{"op":"add","path":"/b","value":null}]`, `{"b":null,"a":2}`},
		{"an element is inserted", `[1,2]`, `[{"op":"add","path":"/1","value":0}]`, `[1,0,2]`},
		{"an element is appended by a dash", `[1]`, `[{"op":"add","path":"/-","value":2}]`, `[1,2]`},
		{"an element is appended by the length", `[1]`, `[{"op":"add","path":"/1","value":2}]`, `[1,2]`},
		{"the whole document is replaced", `{"a":1}`, `[{"op":"replace","path":"","value":[]}]`, `[]`},
		{"the whole document is added", `{"a":1}`, `[{"op":"add","path":"","value":3}]`, `3`},
		{"the whole document is removed", `{"a":1}`, `[{"op":"remove","path":""}]`, `null`},
		{"a removed member leaves the others in order", `{"a":1,"b":2,"c":3}`, `[{"op":"remove","path":"/b"}]`, `{"a":1,"c":3}`},
		{"the first and the last member are removed", `{"a":1,"b":2,"c":3}`, `[{"op":"remove","path":"/a"},{"op":"remove","path":"/c"}]`, `{"b":2}`},
		{"an element is removed", `[1,2,3]`, `[{"op":"remove","path":"/1"}]`, `[1,3]`},
		{"a member is moved", `{"a":{"x":1},"b":[]}`, `[{"op":"move","from":"/a/x","path":"/b/0"}]`, `{"a":{},"b":[1]}`},
		{"an element is moved within its array", `[1,2,3]`, `[{"op":"move","from":"/0","path":"/2"}]`, `[2,3,1]`},
		{"a value is moved to where it is", `{"a":1}`, `[{"op":"move","from":"/a","path":"/a"}]`, `{"a":1}`},
		{"a copy is a value of its own", `{"a":{"x":1}}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/x","value":2}]`, `{"a":{"x":1},"b":{"x":2}}`},
		{"a copy of what was changed has the changes", `{"a":{"x":[1,{"y":1}]}}`, `[{"op":"remove","path":"/a/x/0"},{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/b/x/0/y","value":2}]`, `{"a":{"x":[{"y":1}]},"b":{"x":[{"y":2}]}}`},
		{"the document is copied into itself", `{"a":1}`, `[{"op":"copy","from":"","path":"/b"}]`, `{"a":1,"b":{"a":1}}`},
		{"names are escaped in pointers", `{"a/b":{"m~n":{"~1":1}}}`, `[{"op":"replace","path":"/a~1b/m~0n/~01","value":2}]`, `{"a/b":{"m~n":{"~1":2}}}`},
		{"names may be empty", `{"":{"":1}}`, `[{"op":"replace","path":"//","value":2}]`, `{"":{"":2}}`},
		{"names are compared as text", `{"\u0061\n":1}`, `[{"op":"replace","path":"/a\u000a","value":2}]`, `{"a\n":2}`},
		{"of two members with one name the last counts", `{"a":1,"b":2,"a":{"x":3}}`, `[{"op":"replace","path":"/a/x","value":4}]`, `{"a":{"x":4},"b":2}`},
		{"what isn't touched stays as it is written", `{"a": [ 1.0, 1e5 ,"\u0041"], "b":1}`, `[{"op":"replace","path":"/b","value":2}]`, `{"a":[ 1.0, 1e5 ,"\u0041"],"b":2}`},
		{"unknown members of an operation are ignored", `{}`, `[{"op":"add","path":"/a","value":1,"from":5,"x":{}}]`, `{"a":1}`},
		{"an empty patch changes nothing", `{"a":1}`, `[]`, `{"a":1}`},

		{"test compares numbers by value", `[1,1.0,10e-1,0.1e1,-0.0,120e3]`, `[{"op":"test","path":"","value":[1.0,1,1,1.00,0,1.2e+5]}]`, `[1,1.0,10e-1,0.1e1,-0.0,120e3]`},
		{"test compares numbers of any size", `12345678901234567890`, `[{"op":"test","path":"","value":1.234567890123456789e19}]`, `12345678901234567890`},
		{"test compares strings as text", `["\u0041/"]`, `[{"op":"test","path":"/0","value":"A\/"}]`, `["\u0041/"]`},
		{"test doesn't mind the order of members", `{"a":1,"b":[{"x":null,"y":true}]}`, `[{"op":"test","path":"","value":{"b":[{"y":true,"x":null}],"a":1}}]`, `{"a":1,"b":[{"x":null,"y":true}]}`},

		{"test fails for another number", `1`, `[{"op":"test","path":"","value":10}]`, ""},
		{"test fails for a number that floats can't tell apart", `12345678901234567890`, `[{"op":"test","path":"","value":12345678901234567891}]`, ""},
		{"test fails for another exponent", `1e5`, `[{"op":"test","path":"","value":1e-5}]`, ""},
		{"test fails for another sign", `1`, `[{"op":"test","path":"","value":-1}]`, ""},
		{"test fails for exponents out of range", `1e99999999999`, `[{"op":"test","path":"","value":1e99999999998}]`, ""},
		{"test fails for a string that looks like the number", `1`, `[{"op":"test","path":"","value":"1"}]`, ""},
		{"test fails for a member more", `{"a":1}`, `[{"op":"test","path":"","value":{"a":1,"b":2}}]`, ""},
		{"test fails for an element less", `[1,2]`, `[{"op":"test","path":"","value":[1]}]`, ""},
		{"test fails for an object where an array is", `[]`, `[{"op":"test","path":"","value":{}}]`, ""},
		{"test fails where nothing is", `{}`, `[{"op":"test","path":"/a","value":null}]`, ""},
		{"an operation that fails takes those before it back", `{"a":1,"b":[1]}`, `[{"op":"add","path":"/c","value":1},{"op":"remove","path":"/a"},{"op":"remove","path":"/b/1"}]`, ""},
		{"nothing is replaced where nothing is", `{}`, `[{"op":"replace","path":"/a","value":1}]`, ""},
		{"nothing is removed where nothing is", `{}`, `[{"op":"remove","path":"/a"}]`, ""},
		{"nothing is removed at the end of an array", `[1]`, `[{"op":"remove","path":"/-"}]`, ""},
		{"nothing is added below what isn't there", `{}`, `[{"op":"add","path":"/a/b","value":1}]`, ""},
		{"nothing is added below a string", `{"a":"x"}`, `[{"op":"add","path":"/a/b","value":1}]`, ""},
		{"nothing is added beyond the end of an array", `[1]`, `[{"op":"add","path":"/2","value":1}]`, ""},
		{"an index isn't negative", `[1,2]`, `[{"op":"remove","path":"/-1"}]`, ""},
		{"an index is a number", `[1,2]`, `[{"op":"remove","path":"/1e0"}]`, ""},
		{"an index isn't empty", `[1,2]`, `[{"op":"remove","path":"/"}]`, ""},
		{"a value isn't moved into itself", `{"a":{}}`, `[{"op":"move","from":"/a","path":"/a/b"}]`, ""},
		{"nothing is moved from where nothing is", `{}`, `[{"op":"move","from":"/a","path":"/a"}]`, ""},
		{"a patch is an array", `{}`, `{"op":"add","path":"/a","value":1}`, ""},
		{"an operation is an object", `{}`, `[1]`, ""},
		{"an operation has an op", `{}`, `[{"path":"/a","value":1}]`, ""},
		{"an op is known", `{}`, `[{"op":"ADD","path":"/a","value":1}]`, ""},
		{"an operation has a path", `{}`, `[{"op":"add","value":1}]`, ""},
		{"a path is text", `{}`, `[{"op":"add","path":1,"value":1}]`, ""},
		{"a path begins with a slash", `{"a":1}`, `[{"op":"remove","path":"a"}]`, ""},
		{"add has a value", `{}`, `[{"op":"add","path":"/a"}]`, ""},
		{"copy has a from", `{"a":1}`, `[{"op":"copy","path":"/b"}]`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			document, err := jsonpatch.Parse([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			err = document.Apply([]byte(test.patch))
			if (err != nil) != (test.want == "") {
				t.Fatalf("error %v, want %s", err, test.want)
			}
			want := test.want
			if err != nil {
				want = compact(t, test.document)
			}
			got := string(document.AppendJSON(nil))
			if err != nil {
				got = compact(t, got)
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func compact(t *testing.T, data string) string {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(value)
}

func TestObjectsStayObjects(t *testing.T) {
	if _, err := jsonpatch.ParseObject([]byte(`[]`)); err == nil {
		t.Error("an array is taken for an object")
	}
	document, err := jsonpatch.ParseObject([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Apply([]byte(`[{"op":"remove","path":"/a"},{"op":"replace","path":"","value":[]}]`)); err == nil {
		t.Error("an object became an array")
	}
	if err := document.Apply([]byte(`[{"op":"replace","path":"","value":[]},{"op":"replace","path":"","value":{"b":2}}]`)); err != nil {
		t.Error(err)
	}
	if got := string(document.AppendJSON(nil)); got != `{"b":2}` {
		t.Errorf("got %s", got)
	}
}

func TestCopiesAreBounded(t *testing.T) {
	document, err := jsonpatch.Parse([]byte(`{"a":"` + strings.Repeat("x", 1<<20) + `","b":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	copies := func(n int) []byte {
		return []byte("[" + strings.Repeat(`,{"op":"copy","from":"/a","path":"/b/c"}`, n)[1:] + "]")
	}
	if err := document.Apply(copies(15)); err != nil {
		t.Error(err)
	}
	if err := document.Apply(copies(16)); err == nil {
		t.Error("one patch copied more than 16 MiB")
	}
	if err := document.Apply(copies(15)); err != nil {
		t.Error(err)
	}
	if size := len(document.AppendJSON(nil)); size > 3<<20 {
		t.Errorf("the document has grown to %d bytes", size)
	}
}

func TestCopiesOfManyPatchesAreBounded(t *testing.T) {
	document, err := jsonpatch.Parse([]byte(`{"a":"` + strings.Repeat("x", 8<<20) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	copyTo := func(path string) error {
		return document.Apply([]byte(`[{"op":"copy","from":"/a","path":"` + path + `"}]`))
	}
	for range 100 {
		if err := copyTo("/again"); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for n := range 100 {
		if copyTo(fmt.Sprint("/", n)) != nil {
			refused++
		}
	}
	if size := len(document.AppendJSON(nil)); refused == 0 || size > 96<<20 {
		t.Errorf("the document has grown to %d bytes, and %d copies were refused", size, refused)
	}
	if err := document.Apply([]byte(`[{"op":"replace","path":"/0","value":1},{"op":"copy","from":"/0","path":"/b"}]`)); err != nil {
		t.Errorf("a small copy: %v", err)
	}
}

func TestDepthIsBounded(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, test := range []struct {
		name, document string
		patches        []string
		fails          bool
	}{
		{"a value that is nested deep is added", `{}`, []string{`[{"op":"add","path":"/a","value":` + deep(800) + `}]`}, false},
		{"a value is added deep within another", deep(800), []string{`[{"op":"add","path":"` + strings.Repeat("/0", 799) + `/-","value":` + deep(200) + `}]`}, true},
		{"a value that is nested too deep is added", `{}`, []string{`[{"op":"add","path":"/a","value":` + deep(999) + `}]`}, true},
		{"copies of the whole within itself", strings.Repeat(`{"a":`, 885) + "1" + strings.Repeat("}", 885), strings.Split(strings.Repeat(`;[{"op":"copy","from":"","path":"/a/a"}]`, 30)[1:], ";"), true},
		{"a value is moved up and down ten thousand times", `{"a":1,"b":{}}`, strings.Split(strings.Repeat(`;[{"op":"move","from":"/a","path":"/b/a"},{"op":"move","from":"/b/a","path":"/a"}]`, 10100)[1:], ";"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			document, err := jsonpatch.Parse([]byte(test.document))
			if err != nil {
				t.Fatal(err)
			}
			failed := false
			for _, patch := range test.patches {
				failed = document.Apply([]byte(patch)) != nil || failed
			}
			if failed != test.fails {
				t.Errorf("failed: %t, want %t", failed, test.fails)
			}
			if !json.Valid(document.AppendJSON(nil)) {
				t.Error("the document isn't JSON any more")
			}
		})
	}
}

// A patch of one member takes as much in a large document as in a small one.
func TestAPatchCostsNothingOfWhatItDoesNotTouch(t *testing.T) {
	cost := func(fields int) float64 {
		var members []string
		for n := range fields {
			members = append(members, fmt.Sprintf(`"field-%d":{"text":"%s"}`, n, strings.Repeat("x", 80)))
		}
		document, err := jsonpatch.Parse([]byte("{" + strings.Join(members, ",") + "}"))
		if err != nil {
			t.Fatal(err)
		}
		patch := []byte(`[{"op":"replace","path":"/field-7/text","value":"y"},{"op":"add","path":"/new","value":{"a":1}},{"op":"remove","path":"/new"},{"op":"remove","path":"/field-7/text"},{"op":"test","path":"/no","value":1}]`)
		return testing.AllocsPerRun(100, func() {
			if err := document.Apply(patch); err == nil {
				t.Fatal("the last operation doesn't fail")
			}
		})
	}
	if small, large := cost(10), cost(10000); large > small+4 {
		t.Errorf("%v allocations in a large document, %v in a small one", large, small)
	}
}

func BenchmarkApply(b *testing.B) {
	for _, kilobytes := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("%d KB", kilobytes), func(b *testing.B) {
			var members []string
			for n := range kilobytes * 10 {
				members = append(members, fmt.Sprintf(`"field-%d":"%s"`, n, strings.Repeat("x", 85)))
			}
			document, err := jsonpatch.Parse([]byte("{" + strings.Join(members, ",") + "}"))
			if err != nil {
				b.Fatal(err)
			}
			patch := []byte(`[{"op":"replace","path":"/field-7","value":"y"}]`)
			b.ReportAllocs()
			for b.Loop() {
				if err := document.Apply(patch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
