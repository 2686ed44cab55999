package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
)

// FuzzTextDelta holds the short way of reading a chunk against the long one:
// where the short way is sure, both read the same text and nothing else.
func FuzzTextDelta(f *testing.F) {
	for _, seed := range []string{
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}]}`,
		`{"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}`,
		`{"choices":[{"index":0,"delta":{"content":"a \"content\":\"b\" \\ \u00e9 \n"},"finish_reason":null}]}`,
		`{"choices":[{"delta":{"content":"a"},"index":0,"finish_reason":null}]}`,
		`{"choices":[{"index":1,"delta":{"content":"a"}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a","reasoning":"b"}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":0,"id":"x"}]}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}`,
		`{"choices":[{"index":0,"delta":{"content":"a"}}],"error":{"message":"content"}}`,
		`{"choices":[{"index":0,"delta":{"content": "a"}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a`,
		`{"choices":[{"index":0,"delta":{"content":"a\`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		text, ok := textDelta([]byte(data))
		if !ok || !json.Valid([]byte(data)) {
			return // what isn't JSON is the provider's fault, whichever way it is read
		}
		// Only what has the shape of a chunk comes from a provider.
		if !strings.HasPrefix(data, `{"choices":[{"index":0,"delta":{"content":"`) || strings.Count(data, "{") != 3 {
			return
		}
		var c chunk
		if err := c.parse([]byte(data)); err != nil {
			t.Fatalf("the long way fails: %v", err)
		}
		if len(c.Choices) != 1 || c.Choices[0].Delta.Content.join(&jsontext.Decoder{}) != text || c.Choices[0].FinishReason != "" || c.Usage != nil {
			t.Errorf("the short way reads %q, the long one %+v", text, c)
		}
	})
}

func TestTheShortWayOfReadingAChunkIsTakenForPlainText(t *testing.T) {
	for name, test := range map[string]struct {
		chunk, text string
		ok          bool
	}{
		"text":                   {`{"model":"m","choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}]}`, "Hello", true},
		"escaped text":           {`{"choices":[{"index":0,"delta":{"content":"a\n\"content\":\"b\" \\"},"finish_reason":null}]}`, "a\n\"content\":\"b\" \\", true},
		"fields of null":         {`{"choices":[{"index":0,"delta":{"role":"assistant","content":"a","refusal":null,"tool_calls":null}}],"usage":null,"error":null}`, "a", true},
		"text that names fields": {`{"choices":[{"index":0,"delta":{"content":"a \"usage\":1"}}]}`, `a "usage":1`, true},
		"the end":                {`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`, "", false},
		"another choice":         {`{"choices":[{"index":1,"delta":{"content":"a"}}]}`, "", false},
		"two choices":            {`{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`, "", false},
		"reasoning, too":         {`{"choices":[{"index":0,"delta":{"content":"","reasoning_content":"b"}}]}`, "", false},
		"a tool call":            {`{"choices":[{"index":0,"delta":{"content":"","tool_calls":[{"index":0}]}}]}`, "", false},
		"a refusal":              {`{"choices":[{"index":0,"delta":{"content":"","refusal":"no"}}]}`, "", false},
		"usage":                  {`{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{}}`, "", false},
		"an error":               {`{"choices":[{"index":0,"delta":{"content":"a"}}],"error":"b"}`, "", false},
		"no end of text":         {`{"choices":[{"index":0,"delta":{"content":"a`, "", false},
		"no valid UTF-8":         {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}", "", false},
		"no text at all":         {`{"choices":[]}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if text, ok := textDelta([]byte(test.chunk)); ok != test.ok || ok && text != test.text {
				t.Errorf("got %q, %v", text, ok)
			}
		})
	}
}
