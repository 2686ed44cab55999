package bundle_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/bundle"
)

func TestTranscriptionIsTurnedOnByItsModel(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(form), "whisper-1") {
			t.Errorf("the provider got %q (%v)", form, err)
		}
		io.WriteString(w, `{"text":"good morning"}`)
	}))
	defer provider.Close()
	handler, err := bundle.New(t.Context(), env("OPENAI_API_KEY=sk-1", "OPENAI_BASE_URL="+provider.URL+"/v1", "COPILOTKIT_TRANSCRIPTION_MODEL=whisper-1"))
	if err != nil {
		t.Fatal(err)
	}
	if info := get(handler, "/api/copilotkit/info", nil).Body.String(); !strings.Contains(info, `"audioFileTranscriptionEnabled":true`) {
		t.Errorf("/info says %s", info)
	}
	request := httptest.NewRequest("POST", "/api/copilotkit/transcribe", strings.NewReader(`{"audio":"c291bmQ=","mimeType":"audio/webm"}`))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if answer.Code != 200 || strings.TrimSpace(answer.Body.String()) != `{"text":"good morning","size":5,"type":"audio/webm"}` {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestATranscriptionModelWithoutAKeyNamesTheVariable(t *testing.T) {
	_, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=demo", "COPILOTKIT_TRANSCRIPTION_MODEL=groq/whisper-large-v3"))
	if err == nil || !strings.Contains(err.Error(), "GROQ_API_KEY") {
		t.Errorf("got %v", err)
	}
}
