package bundle_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

// FuzzEnvironment makes a runtime of any environment. It must be made, or the error
// name a variable.
func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{
		"COPILOTKIT_MODEL=demo", "OPENAI_API_KEY=sk-1\nOPENAI_BASE_URL=http://u:p@h:1/v1?k=v", "COPILOTKIT_MODEL=azure/d\nAZURE_OPENAI_API_KEY=k\nAZURE_OPENAI_ENDPOINT=https://h",
		`COPILOTKIT_AGENTS={"a":{"url":"http://h/x","headers":{"X-Key":"v"},"connectUrl":"http://h/c"}}`, "COPILOTKIT_AGENTS=default=http://h,b=https://h/é",
		`COPILOTKIT_MCP_SERVERS={"m":{"url":"http://h/x","transport":"sse"}}`, "COPILOTKIT_CORS_ORIGINS=https://a.example,http://b:1\nCOPILOTKIT_CORS_CREDENTIALS=on",
		"COPILOTKIT_STORE=redis://u:p@h:6379/0?prefix=x", "COPILOTKIT_STORE=rediss://h,h2?cluster=true", "COPILOTKIT_BASE_PATH=/a/%2F/b", "COPILOTKIT_BASE_PATH=//", "COPILOTKIT_MAX_BODY_BYTES=-1\nPORT=70000\nCOPILOTKIT_LOG_LEVEL=",
		"COPILOTKIT_NOPE=1", "COPILOTKIT_TRANSCRIPTION_MODEL=groq/whisper\nGROQ_API_KEY=k", "=\n\x00=x\nA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		runtime, err := bundle.New(t.Context(), func() []string { return strings.Split(text, "\n") }, bundle.WithLogger(slog.New(slog.DiscardHandler)))
		if err == nil {
			get(runtime, "/api/copilotkit/info", nil)
			if err := runtime.Close(); err != nil {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if _, named := errors.AsType[*bundle.EnvError](err); !named {
			t.Errorf("%q: the error names no variable: %v", text, err)
		}
	})
}
