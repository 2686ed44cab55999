package anthropic_test

import (
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/core/model/modeltest"
)

// FuzzStream answers with any stream. What is made of it must keep the promises of
// model.Delta, which modeltest checks.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		said,
		events(start, `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"a","signature":"s"}}`, text(0, "b"), ended("end_turn"), stop),
		events(`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"a":1}}}`,
			`{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":\"\ud83d"}}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"g"}}`, ended("tool_use")),
		events(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83d"}   }`, `{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"\ude00"}}`, stop),
		events(`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`), events(`{"type":"content_block_start","content_block":{"type":"redacted_thinking","data":"d"}}`, `[DONE]`),
		"data: {\ndata: \"type\":\"message_stop\"}\n\n", "<html>", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		n := &network{answers: []*http.Response{stream(lines)}}
		got := modeltest.Ask(t.Context(), t, n.model(t, "claude-x"), saying("Hi"))
		if got.Err != nil && code(got.Err) == "" {
			t.Errorf("%v has no code", got.Err)
		}
	})
}
