package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTheBodyOfAnEvent(t *testing.T) {
	for name, test := range map[string]struct{ event, want string }{
		"that has none":                     {`{}`, ""},
		"that is null":                      {`{"body":null}`, ""},
		"that is empty":                     {`{"body":""}`, ""},
		"that is empty in base64":           {`{"body":"","isBase64Encoded":true}`, ""},
		"that is plain":                     {`{"body":"é {}"}`, "é {}"},
		"that has all escapes":              {`{"body":"\"\\\/\b\f\n\r\t\u00e9"}`, "\"\\/\b\f\n\r\té"},
		"that ends in an escape":            {`{"body":"a\\"}`, `a\`},
		"that has a pair of surrogates":     {`{"body":"\ud83d\ude00\ud83d\ude00!"}`, "😀😀!"},
		"that has half a pair":              {`{"body":"\ud83d!\ude00"}`, "\uFFFD!\uFFFD"},
		"that has half a pair and a letter": {`{"body":"\ud83d\u0041"}`, "\uFFFDA"},
		"that has half a pair and a pair":   {`{"body":"\uD83D\ud83d\uDE00"}`, "\uFFFD😀"},
		"that ends in half a pair":          {`{"body":"\ud83d"}`, "\uFFFD"},
		"that ends in the other half":       {`{"body":"\ud83d\n\ude00"}`, "\uFFFD\n\uFFFD"},
		"that has an escape that escapes":   {`{"body":"\\u0041\\\u0041"}`, `\u0041\A`},
		"that is there twice":               {`{"body":"first","body":"second"}`, "second"},
		"that is in base64":                 {`{"body":"AP/+YQ==","isBase64Encoded":true}`, "\x00\xff\xfea"},
		"that is in base64 with escapes":    {`{"body":"AP\/+YQ=\u003d","isBase64Encoded":true}`, "\x00\xff\xfea"},
		"that only says it is in base64":    {`{"body":"AP/+YQ==","isBase64Encoded":"true"}`, "AP/+YQ=="},
		"that isn't in base64":              {`{"body":"a!","isBase64Encoded":true}`, "error"},
		"that is an object":                 {`{"body":{"a":1}}`, "error"},
		"that is a number":                  {`{"body":1,"isBase64Encoded":true}`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			var decoded event
			if err := json.Unmarshal([]byte(test.event), &decoded); err != nil {
				t.Fatal(err)
			}
			got, err := decoded.takeBody().bytes()
			if err != nil {
				got = []byte("error")
			}
			if string(got) != test.want {
				t.Errorf("got %q, %v", got, err)
			}
			if len(decoded) != 0 {
				t.Errorf("left in the event: %s", decoded)
			}
		})
	}
}

// FuzzUnquote compares texts with those that encoding/json finds.
func FuzzUnquote(f *testing.F) {
	for _, seed := range []string{`""`, `"\\\""`, `"\ud83d\ude00\ud83d"`, `"\u0000é\/"`, `"a\nb"`, `"\uD83D\uD83D\uDE00\u00Ff\\uDE00"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, literal []byte) {
		var want string
		if !utf8.Valid(literal) || len(literal) == 0 || literal[0] != '"' || literal[len(literal)-1] != '"' || json.Unmarshal(literal, &want) != nil {
			return
		}
		if got := unquote(literal); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// BenchmarkLargeEvent measures what a function does with an event of 4 MB before the
// runtime sees it.
func BenchmarkLargeEvent(b *testing.B) {
	const size = 4 << 20
	picture := strings.Repeat("iVBORw0KGgoAAAAN", size/16)
	prose := strings.Repeat(`A line of text that \"quotes\" and ends.\n`, size/40)
	// Characters that are escaped one by one, as whoever wants to cost much sends them.
	hostile := strings.Repeat("\x01a", size/7)
	for name, body := range map[string]string{"picture": picture, "prose": prose, "hostile": hostile} {
		for _, encoded := range []bool{false, true} {
			if encoded {
				body = base64.StdEncoding.EncodeToString([]byte(body))
				body = body[:min(size, len(body))]
				name += " in base64"
			}
			b.Run(name, func(b *testing.B) {
				sent, _ := json.Marshal(body)
				payload := `{"version":"2.0","rawPath":"/","headers":{"host":"h"},"requestContext":{"domainName":"x.lambda-url.y.on.aws","http":{"method":"POST"}},"body":` +
					string(sent) + `,"isBase64Encoded":` + map[bool]string{true: "true", false: "false"}[encoded] + `}`
				f := newFunction(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
				b.SetBytes(int64(len(payload)))
				b.ReportAllocs()
				for b.Loop() {
					// As the library decodes it.
					var decoded event
					if err := json.NewDecoder(strings.NewReader(payload)).Decode(&decoded); err != nil {
						b.Fatal(err)
					}
					answer, err := f.invoke(b.Context(), decoded)
					if err != nil {
						b.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, answer.(io.Reader))
					_ = answer.(io.Closer).Close()
				}
			})
		}
	}
}
