package jsontext_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
)

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct {
		pieces []string
		want   []string
		rest   string
	}{
		"plain text":                   {[]string{`"a"`, `""`, `"b"`}, []string{"a", "", "b"}, ""},
		"escapes":                      {[]string{`"\n\"\\é"`}, []string{"\n\"\\é"}, ""},
		"a pair that is whole":         {[]string{`"\ud83d\ude80"`}, []string{"🚀"}, ""},
		"a pair in two pieces":         {[]string{`"a\uD83D"`, `"\uDE80b"`}, []string{"a", "🚀b"}, ""},
		"nothing between the halves":   {[]string{`"\ud83d"`, `""`, `"\ude80"`}, []string{"", "", "🚀"}, ""},
		"two pairs in three pieces":    {[]string{`"\ud83d"`, `"\ude80\ud83d"`, `"\ude81"`}, []string{"", "🚀", "🚁"}, ""},
		"a first half alone":           {[]string{`"\ud83d"`, `"a"`}, []string{"", "\uFFFDa"}, ""},
		"a first half at the end":      {[]string{`"a\ud83d"`}, []string{"a"}, "\uFFFD"},
		"a second half alone":          {[]string{`"\ude80"`}, []string{"\uFFFD"}, ""},
		"what only looks like a half":  {[]string{`"\\ud83d"`, `"\\\\ud83d"`}, []string{`\ud83d`, `\\ud83d`}, ""},
		"a half after a backslash":     {[]string{`"\\\ud83d"`, `"\ude80"`}, []string{`\`, "🚀"}, ""},
		"text that is no valid UTF-8":  {[]string{"\"\xff\""}, []string{"\uFFFD"}, ""},
		"a character below surrogates": {[]string{`"\ud7ff"`}, []string{"\ud7ff"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var d jsontext.Decoder
			for i, piece := range test.pieces {
				if got, err := d.Decode([]byte(piece)); err != nil || got != test.want[i] {
					t.Errorf("%s is %q, %v, want %q", piece, got, err, test.want[i])
				}
			}
			if d.Holding() != (test.rest != "") {
				t.Errorf("holding: %v", d.Holding())
			}
			if got := d.Rest(); got != test.rest || d.Holding() {
				t.Errorf("the rest is %q", got)
			}
		})
	}
	for _, wrong := range []string{``, `"`, `a`, `1`, `null`, `["a"]`} {
		if got, err := new(jsontext.Decoder).Decode([]byte(wrong)); err == nil {
			t.Errorf("%s is %q", wrong, got)
		}
	}
}

// FuzzDecode cuts a text anywhere, as JavaScript may, and joins it again.
func FuzzDecode(f *testing.F) {
	f.Add("a🚀\\ud83d🚁\n", uint(1))
	f.Fuzz(func(t *testing.T, text string, cut uint) {
		units := utf16.Encode([]rune(strings.ToValidUTF8(text, "")))
		if len(units) == 0 {
			return
		}
		cut %= uint(len(units) + 1)
		var d jsontext.Decoder
		var got strings.Builder
		for _, piece := range [][]uint16{units[:cut], units[cut:]} {
			decoded, err := d.Decode([]byte(literal(piece)))
			if err != nil {
				t.Fatal(err)
			}
			got.WriteString(decoded)
		}
		got.WriteString(d.Rest())
		if want := string(utf16.Decode(units)); got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	})
}

// literal writes UTF-16 code units as a JSON string.
func literal(units []uint16) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, unit := range units {
		if unit < 0x80 {
			encoded, _ := json.Marshal(string(rune(unit)))
			b.Write(encoded[1 : len(encoded)-1])
		} else {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	b.WriteByte('"')
	return b.String()
}
