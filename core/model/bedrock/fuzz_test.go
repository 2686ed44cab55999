package bedrock_test

import (
	"net/http"
	"testing"

	"github.com/copilotkit-go/runtime/core/model/modeltest"
	"github.com/copilotkit-go/runtime/test/dialecttest"
)

// FuzzStream answers with any stream. What is made of it must keep the promises of
// model.Delta, which modeltest checks.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{said, end, exception("throttlingException", "x"), said[:40], "data: {}\n\n", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frames []byte) { check(t, string(frames)) })
}

// FuzzEvent is FuzzStream with frames that are correct.
func FuzzEvent(f *testing.F) {
	for _, seed := range [][2]string{
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"\ud83d"},"p":"abc"}`},
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"a","signature":"b"}}}`},
		{"contentBlockStart", `{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"f"}}}`},
		{"contentBlockDelta", `{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}`}, {"contentBlockStop", `{"contentBlockIndex":0}`},
		{"messageStop", `{"stopReason":"end_turn"}`}, {"metadata", `{"usage":{"inputTokens":-1}}`}, {"x", ``},
	} {
		f.Add(seed[0], seed[1], `{"contentBlockIndex":0,"delta":{"text":"\ude00"}}`)
	}
	f.Fuzz(func(t *testing.T, kind, payload, then string) {
		if len(kind) > 1000 {
			return
		}
		frames := dialecttest.BedrockEvent(kind, payload)
		frames = append(frames, dialecttest.BedrockEvent("contentBlockDelta", then)...)
		check(t, string(frames)+end)
	})
}

func check(t *testing.T, frames string) {
	n := &network{answers: []*http.Response{stream(frames)}}
	got := modeltest.Ask(t.Context(), t, n.model(t, sonnet), saying("Hi"))
	if got.Err != nil && code(got.Err) == "" {
		t.Errorf("%v has no code", got.Err)
	}
}
