package opengenui_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// However arguments are cut into deltas, the page is the same, but for the chunks that
// its html comes in. Of arguments that are an object it has what they say.
func FuzzDeltas(f *testing.F) {
	f.Add(`{"initialHeight":300,"html":"<p>Hi \"you\" \ud83d\ude00</p>","css":"p{}"}`, uint64(3))
	f.Add(`{"jsExpressions":["a",1,null],"placeholderMessages":[[],{}],"html":null,"css":5}`, uint64(1<<40|77))
	f.Add(`{"html":"\u00zz","css" "x" nulx,,]}`, uint64(0xAAAA))
	f.Add(`{"html":"a","jsFunctions":"b`, uint64(0x5555))
	f.Fuzz(func(t *testing.T, arguments string, cuts uint64) {
		whole := changes(t, arguments)
		got := changes(t, split(arguments, cuts)...)
		if !slices.Equal(got, whole) {
			t.Errorf("%q\n got %s\nwant %s", arguments, strings.Join(got, "\n     "), strings.Join(whole, "\n     "))
		}
		var object struct{ CSS, HTML *string }
		if !utf8.ValidString(arguments) || json.Unmarshal([]byte(arguments), &object) != nil || !exact(arguments) {
			return
		}
		for name, value := range map[string]*string{"css": object.CSS, "html": object.HTML} {
			if value != nil && *value != "" && !slices.Contains(whole, "/"+name+" "+quoted(*value)) {
				t.Errorf("%q shows %q of %s", arguments, whole, name)
			}
		}
	})
}

// exact reports whether the keys of an object are those that encoding/json takes for
// css and html, which it compares without regard to case.
func exact(arguments string) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &object) != nil {
		return false
	}
	for key := range object {
		if lower := strings.ToLower(key); (lower == "css" || lower == "html") && lower != key {
			return false
		}
		if !utf8.ValidString(key) || strings.EqualFold(key, "css") != (key == "css") {
			return false
		}
	}
	return true
}

// split cuts text where bits of cuts are set, again and again.
func split(text string, cuts uint64) []string {
	var parts []string
	begin := 0
	for i := 1; i < len(text); i++ {
		if cuts>>(i%64)&1 == 1 {
			parts = append(parts, text[begin:i])
			begin = i
		}
	}
	return append(parts, text[begin:])
}

// changes returns what arguments in these parts do to the page, with chunks of html
// joined.
func changes(t *testing.T, deltas ...string) []string {
	t.Helper()
	var got []string
	html, open := "", false
	flush := func() {
		if open {
			got = append(got, "/html "+quoted(html))
		}
		html, open = "", false
	}
	for _, line := range show(t, yielding(nil, called(deltas...)...)) {
		change, ok := strings.CutPrefix(line, "c ")
		if !ok {
			continue
		}
		if chunk, ok := strings.CutPrefix(change, "/html/- "); ok {
			var text string
			if err := json.Unmarshal([]byte(chunk), &text); err != nil {
				t.Fatal(err)
			}
			html += text
			continue
		}
		if flush(); change == "/html []" {
			open = true
			continue
		}
		got = append(got, change)
	}
	flush()
	return got
}

func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}
