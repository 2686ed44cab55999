package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
)

func TestARecordingIsSentAsItComesIn(t *testing.T) {
	upload, sent := io.Pipe()
	half := make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/audio/transcriptions" || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("asked %s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		model, err := form.NextPart()
		if err != nil || model.FormName() != "model" {
			t.Errorf("the first part is %v (%v)", model, err)
		}
		if name, _ := io.ReadAll(model); string(name) != "whisper-1" {
			t.Errorf("the model is %q", name)
		}
		file, err := form.NextPart()
		if err != nil {
			t.Error(err)
			return
		}
		if file.FormName() != "file" || file.FileName() != "blob.webm" || file.Header.Get("Content-Type") != "audio/webm; codecs=opus" {
			t.Errorf("the file is %v", file.Header)
		}
		first := make([]byte, 5)
		if _, err := io.ReadFull(file, first); err != nil || string(first) != "first" {
			t.Errorf("read %q (%v)", first, err)
		}
		close(half) // only now the second half is sent
		rest, err := io.ReadAll(file)
		if err != nil || string(rest) != "second" {
			t.Errorf("read %q (%v)", rest, err)
		}
		fmt.Fprint(w, `{"text":"hello"}`)
	}))
	defer provider.Close()
	go func() {
		io.WriteString(sent, "first")
		<-half
		io.WriteString(sent, "second")
		sent.Close()
	}()
	transcriber := newTranscriber(t, provider.URL)
	text, err := transcriber.Transcribe(t.Context(), agent.Audio{Reader: upload, Filename: "blob", MimeType: "audio/webm; codecs=opus", Size: -1})
	if err != nil || text != "hello" {
		t.Errorf("got %q and %v", text, err)
	}
}

func TestARecordingOfKnownSizeHasItsLengthAnnounced(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) || !strings.Contains(string(body), "sound") {
			t.Errorf("%d bytes came, %d were announced (%v)", len(body), r.ContentLength, err)
		}
		fmt.Fprint(w, `{"text":"ok"}`)
	}))
	defer provider.Close()
	_, err := newTranscriber(t, provider.URL).Transcribe(t.Context(), agent.Audio{Reader: strings.NewReader("sound"), Filename: "a.mp3", MimeType: "audio/mpeg", Size: 5})
	if err != nil {
		t.Error(err)
	}
}

func TestAProvidersErrorHasItsCodeAndStaysInTheLog(t *testing.T) {
	cases := []struct {
		name   string
		status int
		text   string
		want   agent.TranscriptionCode
	}{
		{"too many requests", 429, "slow down", agent.TranscriptionRateLimited},
		{"a wrong key", 401, "Incorrect API key provided: sk-secret", agent.TranscriptionAuthFailed},
		{"a short recording", 400, "Audio file is too short. Minimum audio length is 0.1 seconds.", agent.TranscriptionTooShort},
		{"a long recording", 400, "audio duration 1501 seconds is longer than 1500 seconds which is the maximum for this model", agent.TranscriptionTooLong},
		{"a large recording", 413, "Maximum content size limit exceeded", agent.TranscriptionTooLong},
		{"an odd format", 400, "Invalid file format. Supported formats: ...", agent.TranscriptionInvalidFormat},
		{"a failing provider", 500, "oops sk-secret", agent.TranscriptionProviderError},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"error":{"message":%q,"type":"x"}}`, c.text)
			}))
			defer provider.Close()
			_, err := newTranscriber(t, provider.URL).Transcribe(t.Context(), agent.Audio{Reader: strings.NewReader("sound"), MimeType: "audio/webm", Size: 5})
			var failed *agent.TranscriptionError
			if !errors.As(err, &failed) || failed.Code != c.want {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if failed.Message != "" || strings.Contains(err.Error(), "sk-secret") {
				t.Errorf("the provider's words or key are in %q, %v", failed.Message, err)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		provider := httptest.NewServer(nil)
		provider.Close()
		_, err := newTranscriber(t, provider.URL).Transcribe(t.Context(), agent.Audio{Reader: strings.NewReader("sound"), Size: 5})
		var failed *agent.TranscriptionError
		if !errors.As(err, &failed) || failed.Code != agent.TranscriptionNetworkError {
			t.Errorf("got %v", err)
		}
	})
}

func newTranscriber(t *testing.T, url string) *openai.Transcriber {
	t.Helper()
	transcriber, err := openai.NewTranscriber(model.Config{
		Model: "whisper-1", APIKey: "k", BaseURL: url + "/v1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return transcriber
}
