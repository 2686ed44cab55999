package responses_test

import (
	"testing"
	"unicode/utf8"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

func imageContent() agui.Content {
	return agui.PartsContent(agui.InputContent{Type: "image", Source: &agui.InputContentSource{Type: "data", Value: "aW1n", MimeType: "image/png"}})
}

// FuzzStream answers with any stream. What is made of it must keep the promises of
// model.Delta.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		lines(created, thinks, think0, think1, thought, calls, args, args2, called, says, ended), lines(text(0, `\ud83d`), text(1, `\ude00`), called, ended),
		lines(`{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}`), lines(`{"type":"error","code":7}`), "data: [DONE]\n\n", "<html>", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, events string) {
		n := &network{events: events}
		begun, finished := 0, false
		for delta, err := range n.of(t, "openai-responses/gpt-5").Stream(t.Context(), saying("Hi")) {
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
				if delta.Call != begun || delta.Name == "" {
					t.Errorf("call %+v after %d", delta, begun)
				}
				begun++
				continue
			case model.KindArguments:
				if delta.Call < 0 || delta.Call >= begun {
					t.Errorf("%+v after %d calls", delta, begun)
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
