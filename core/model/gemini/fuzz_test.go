package gemini_test

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
		events(thoughtChunk, textChunk, lastChunk), events(callChunk, emptyChunk), events(hello),
		events(`{"candidates":[{"content":{"parts":[{"text":"\ud83d"},{"functionCall":{"id":"a","name":"f","args":{"a":[1]}}},{"functionCall":{"id":"a","name":"f"}},{"functionCall":{}}]},"finishReason":"MAX_TOKENS"}]}`),
		events(`{"promptFeedback":{"blockReason":"SAFETY"}}`), events(`{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}`),
		events(`{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}`), ": comment\n\ndata: {\ndata: \"candidates\":[]}\n\n", "data: [1]\n\n", "<html>", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		n := &network{answers: []answer{{http.StatusOK, stream}}}
		calls, finished := 0, false
		for delta, err := range n.on(t, "google/gemini-3-flash").Stream(t.Context(), saying("Hi")) {
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
