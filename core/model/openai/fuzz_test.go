package openai_test

import (
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/model"
)

// FuzzStream answers with any stream. What is made of it must keep the promises of
// model.Delta.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		hel + lo,
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n" +
			"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":\\\"\\ud83d\"}}]}}]}\n\n" +
			"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"\\ude00\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":-2}}\n\ndata: [DONE]\n\n",
		"\ufeffdata: {\"model\":\"m\",\"choices\":[{\"delta\":{\"reasoning_content\":\"r\",\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"text\":\"t\"}]},{\"text\":\"x\"}]}}]}\r\rdata: {\"choices\":[{\"delta\":{\"refusal\":\"no\"},\"finish_reason\":\"stop\"}]}\r\n\r\n",
		"data: {\"error\":{\"message\":\"m\",\"code\":7}}\n\n", "data: [{\"error\":1}]\n\n", ": comment\n\nevent: x\ndata: {\ndata: \"choices\":[]}\n\n", "data: {\"choices\":[{\"delta\":{\"content\":{\"a\":1},\"tool_calls\":[{}]}}]}\n\n", "<html>", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		client := (&network{answer: func(*http.Request) *http.Response { return body(lines) }}).client()
		m := newModel(t, model.Config{Model: "openai/m", APIKey: "k", HTTPClient: client})
		calls, finished := 0, false
		for delta, err := range m.Stream(t.Context(), saying("Hi")) {
			if finished {
				t.Fatalf("%+v, %v follows the end", delta, err)
			}
			if err != nil {
				finished = true
				if code(err) == "" {
					t.Errorf("%v has no code", err)
				}
				continue
			}
			switch delta.Kind {
			case model.KindFinish:
				finished = true
				continue
			case model.KindToolCall:
				if delta.Call != calls || delta.Name == "" {
					t.Errorf("call %+v after %d", delta, calls)
				}
				calls++
				continue
			case model.KindArguments, model.KindToolCallData:
				if delta.Call < 0 || delta.Call >= calls {
					t.Errorf("%+v after %d calls", delta, calls)
				}
			}
			if delta.Text == "" || !utf8.ValidString(delta.Text) {
				t.Errorf("the text of %+v", delta)
			}
		}
		if !finished {
			t.Error("no end")
		}
	})
}
