package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// FuzzCheck compares what is taken for JSON here and in encoding/json, and the
// texts of strings.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"", "null", "-0.5E+3", "1.", "[1,]", `{"a":}`, `"\x"`, "\"\t\"", "tru", "{}x", "[[]]", "\uFEFF1",
		` "a\nb\ud83d\ude00\ud800é" `, "\"\xff\xfe\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := jsonscan.Check(data)
		if (err == nil) != json.Valid(data) {
			t.Fatalf("%q: %v, and encoding/json says %v", data, err, json.Valid(data))
		}
		if err != nil {
			return
		}
		if !bytes.Equal(value, bytes.Trim(data, " \t\r\n")) {
			t.Fatalf("%q became %q", data, value)
		}
		var text string
		if jsonscan.Kind(value) == "string" && json.Unmarshal(value, &text) == nil && string(jsonscan.Text(value)) != text {
			t.Fatalf("%q is %q, want %q", value, jsonscan.Text(value), text)
		}
	})
}

func TestWalks(t *testing.T) {
	const object = ` { "a" : [ 1, "x,]" ,{}] , "\u0062":"\\" ,"a":null} `
	value, err := jsonscan.Check([]byte(object))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for m := jsonscan.MembersOf(value); m.Next(); {
		got = append(got, fmt.Sprintf("%s=%s", m.Name, m.Value))
		if jsonscan.Kind(m.Value) == "array" {
			for e := jsonscan.ElementsOf(m.Value); e.Next(); {
				got = append(got, string(e.Value))
			}
		}
	}
	if want := `a=[ 1, "x,]" ,{}] 1 "x,]" {} b="\\" a=null`; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if last, ok := jsonscan.Lookup(value, "a"); !ok || !jsonscan.IsNull(last) {
		t.Errorf("of two members the last counts, got %s", last)
	}
	if _, ok := jsonscan.Lookup(value, "c"); ok {
		t.Error("found a member that isn't there")
	}
}
