package openai

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/jsontext"
)

// argumentsChunk is a chunk with a piece of arguments, given as a JSON string.
func argumentsChunk(index int, arguments string) string {
	return fmt.Sprintf(`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]},"logprobs":null,"finish_reason":null}]}`, index, arguments)
}

// FuzzArgumentsDelta holds the short way of reading a piece of arguments against the
// long one: where the short way is sure, both read the same.
func FuzzArgumentsDelta(f *testing.F) {
	for _, seed := range []string{
		argumentsChunk(0, `"{\"city\":\"Par"`), argumentsChunk(12, `""`), argumentsChunk(1, `"\ud83d"`), argumentsChunk(1, `"\ude00"`),
		`{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"function":{"arguments":"a"}}]}}],"usage":null}`,
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a"}}]},"index":0}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"a"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a"}},{"index":1,"function":{"arguments":"b"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a","name":"f"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a"}}],"content":"b"}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"a"}}]},"finish_reason":"tool_calls"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		call, text, ok := argumentsDelta([]byte(data))
		if !ok || !json.Valid([]byte(data)) {
			return // what isn't JSON is the provider's fault, whichever way it is read
		}
		// Only what has the shape of a chunk comes from a provider.
		if !strings.HasPrefix(data, `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":`) || strings.Count(data, "{") != 5 {
			return
		}
		var c chunk
		if err := c.parse([]byte(data)); err != nil {
			t.Fatalf("the long way fails: %v", err)
		}
		if len(c.Choices) != 1 || len(c.Choices[0].Delta.ToolCalls) != 1 || c.Choices[0].FinishReason != "" || c.Usage != nil {
			t.Fatalf("the short way reads %q of call %d, the long one %+v", text, call, c)
		}
		read := c.Choices[0].Delta.ToolCalls[0]
		if read.Index == nil || *read.Index != call || read.ID != "" || read.Function.Name != "" || read.Function.Arguments.join(&jsontext.Decoder{}) != text {
			t.Errorf("the short way reads %q of call %d, the long one %+v", text, call, read)
		}
	})
}

func TestTheShortWayIsTakenForPlainArguments(t *testing.T) {
	const plain = `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"a"}}]},"finish_reason":null}]}`
	for name, test := range map[string]struct {
		chunk, text string
		ok          bool
	}{
		"arguments":                 {plain, "a", true},
		"escaped arguments":         {strings.Replace(plain, `"a"`, `"{\"arguments\":\""`, 1), `{"arguments":"`, true},
		"no text beside them":       {strings.Replace(plain, `"tool_calls"`, `"content":null,"tool_calls"`, 1), "a", true},
		"the choice's number later": {`{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"a"}}]},"index":0}]}`, "a", true},
		"text beside them":          {strings.Replace(plain, `"tool_calls"`, `"content":"b","tool_calls"`, 1), "", false},
		"a beginning call":          {strings.Replace(plain, `"function"`, `"id":"x","function"`, 1), "", false},
		"a name":                    {strings.Replace(plain, `"arguments"`, `"name":"f","arguments"`, 1), "", false},
		"two calls":                 {strings.Replace(plain, `}}]`, `}},{"index":2,"function":{"arguments":"b"}}]`, 1), "", false},
		"an extra":                  {strings.Replace(plain, `}}]`, `},"extra_content":{}}]`, 1), "", false},
		"the end":                   {strings.Replace(plain, `null}`, `"stop"}`, 1), "", false},
		"another choice":            {strings.Replace(plain, `"index":0`, `"index":2`, 1), "", false},
		"two choices":               {strings.Replace(plain, `}]}`, `},{"index":1,"delta":{}}]}`, 1), "", false},
		"half a character":          {strings.Replace(plain, `"a"`, `"\ud83d"`, 1), "", false},
		"a number that isn't whole": {strings.Replace(plain, `"index":1`, `"index":1.0`, 1), "", false},
		"usage":                     {strings.Replace(plain, `}]}`, `}],"usage":{}}`, 1), "", false},
		"no arguments":              {`{"choices":[]}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if call, text, ok := argumentsDelta([]byte(test.chunk)); ok != test.ok || ok && (text != test.text || call != 1) {
				t.Errorf("got %q of call %d, %v", text, call, ok)
			}
		})
	}
}

// TestBothWaysYieldTheSameCalls sends streams as they are, and with a field that makes
// the long way necessary.
func TestBothWaysYieldTheSameCalls(t *testing.T) {
	begin := func(index int, id string) string {
		return fmt.Sprintf(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"id":%q,"function":{"name":"f","arguments":""}}]}}]}`, index, id)
	}
	const finish = `{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`
	for name, stream := range map[string][]string{
		"one call":                 {begin(0, "a"), argumentsChunk(0, `"{\"x\":"`), argumentsChunk(0, `""`), argumentsChunk(0, `"1}"`), finish},
		"two that are interleaved": {begin(0, "a"), begin(1, "b"), argumentsChunk(0, `"{"`), argumentsChunk(1, `"[1"`), argumentsChunk(0, `"}"`), argumentsChunk(1, `"]"`), finish},
		"two with one number":      {begin(0, "a"), argumentsChunk(0, `"{}"`), begin(0, "b"), argumentsChunk(0, `"[]"`), finish},
		"a character in halves":    {begin(0, "a"), argumentsChunk(0, `"\"\ud83d"`), argumentsChunk(0, `"\ude00"`), argumentsChunk(0, `"\""`), finish},
		"arguments before a name":  {argumentsChunk(0, `"{"`), begin(0, "a"), argumentsChunk(0, `"}"`), finish},
		"a call that never begins": {argumentsChunk(3, `"{}"`), finish},
	} {
		t.Run(name, func(t *testing.T) {
			short := decodeAll(t, stream)
			var long []string
			for _, chunk := range stream {
				long = append(long, strings.Replace(chunk, `"function":{`, `"function": {`, 1))
			}
			if want := decodeAll(t, long); !reflect.DeepEqual(short, want) {
				t.Errorf("the short way yields %+v, the long one %+v", short, want)
			}
		})
	}
}

func decodeAll(t *testing.T, stream []string) (all []string) {
	t.Helper()
	for delta, err := range Decode(func(yield func([]byte, error) bool) {
		for _, chunk := range stream {
			if !yield([]byte(chunk), nil) {
				return
			}
		}
	}) {
		all = append(all, fmt.Sprintf("%v %d %q %v", delta.Kind, delta.Call, delta.Text+delta.ID+delta.Name, err))
	}
	return all
}

func BenchmarkDecodeArguments(b *testing.B) {
	chunk := []byte(argumentsChunk(0, `"\"city\": \"Par"`))
	begun := []byte(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}`)
	b.ReportAllocs()
	for delta := range Decode(func(yield func([]byte, error) bool) {
		yield(begun, nil)
		for b.Loop() {
			yield(chunk, nil)
		}
	}) {
		_ = model.Delta(delta)
	}
}
