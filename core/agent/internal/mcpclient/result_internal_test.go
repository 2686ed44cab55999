package mcpclient

import (
	"encoding/json"
	"reflect"
	"testing"
)

func FuzzUnescapeHTML(f *testing.F) {
	for _, text := range []string{"", "<b>&</b>", `\u003c`, `\\<`, `"\`, "\u2028<"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(map[string]string{text: text})
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(encoded, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(unescapeHTML(encoded), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v: %v", got, want, err)
		}
	})
}
