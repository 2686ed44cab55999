package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
)

// transcriberFunc is a Transcriber that is a function.
type transcriberFunc func(context.Context, agent.Audio) (string, error)

func (f transcriberFunc) Transcribe(ctx context.Context, audio agent.Audio) (string, error) {
	return f(ctx, audio)
}

// dictation answers with what it gets.
var dictation = transcriberFunc(func(_ context.Context, audio agent.Audio) (string, error) {
	data, err := io.ReadAll(audio.Reader)
	return fmt.Sprintf("%s of %s %s %d", data, audio.Filename, audio.MimeType, audio.Size), err
})

const multipartType = "multipart/form-data; boundary=B"

// upload returns a form with one part.
func upload(disposition, contentType, data string) string {
	if contentType != "" {
		contentType = "Content-Type: " + contentType + "\r\n"
	}
	return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n" + contentType + "\r\n" + data + "\r\n--B--\r\n"
}

func TestTranscribeAnswers(t *testing.T) {
	form := func(disposition, contentType, data string) request {
		return request{body: upload(disposition, contentType, data), contentType: multipartType}
	}
	ok := func(text string, size int, mimeType string) answer {
		return answer{200, fmt.Sprintf(`{"text":%q,"size":%d,"type":%q}`, text, size, mimeType), nil}
	}
	invalid := func(message string) answer {
		return answer{400, `{"error":"invalid_request","message":"` + message + `","retryable":false}`, nil}
	}
	wrongFormat := func(format string) answer {
		return answer{400, `{"error":"invalid_audio_format","message":"Unsupported audio format: ` + format +
			`. Supported: audio/mpeg, audio/mp3, audio/mp4, audio/wav, audio/webm, audio/ogg, audio/flac, audio/aac","retryable":false}`, nil}
	}
	noFile := invalid("No audio file found in form data. Please include an 'audio' field.")
	noAudio := invalid("Request must include 'audio' field with base64-encoded audio data")
	noType := invalid("Request must include 'mimeType' field (e.g., 'audio/webm')")
	handler := newRuntime(t, core.Config{Transcriber: dictation, BasePath: base})
	for _, test := range []struct {
		name string
		request
		answer
	}{
		{"a file", form(`name="audio"; filename="a.webm"`, "audio/webm", "hello"), ok("hello of a.webm audio/webm -1", 5, "audio/webm")},
		{"an empty file", form(`name="audio"; filename="a.webm"`, "audio/webm", ""), ok(" of a.webm audio/webm -1", 0, "audio/webm")},
		{"a file of a browser's blob", form(`name="audio"; filename="blob"`, "application/octet-stream", "hello"), ok("hello of blob audio/webm -1", 5, "audio/webm")},
		{"a file without a name", form(`name="audio"; filename=""`, "application/octet-stream", "hello"), ok("hello of recording.webm audio/webm -1", 5, "audio/webm")},
		{"a file without a type (text/plain in the reference)", form(`name="audio"; filename="a.webm"`, "", "hello"), ok("hello of a.webm audio/webm -1", 5, "audio/webm")},
		{"a file with a codec", form(`name="audio"; filename="a.webm"`, "audio/webm; codecs=opus", "hello"), ok("hello of a.webm audio/webm; codecs=opus -1", 5, "audio/webm; codecs=opus")},
		{"a file behind another field", request{contentType: multipartType, body: "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n" +
			upload(`name="audio"; filename="a.webm"`, "audio/webm", "hello")}, ok("hello of a.webm audio/webm -1", 5, "audio/webm")},
		{"a file that is text", form(`name="audio"; filename="a.txt"`, "text/plain", "hello"), wrongFormat("text/plain")},
		{"a file in another field", form(`name="x"; filename="a.webm"`, "audio/webm", "hello"), noFile},
		{"a field that is no file", form(`name="audio"`, "", "hello"), noFile},
		{"a form that is none (500 in the reference)", request{body: "junk", contentType: multipartType}, noFile},
		{"a form that breaks off (500 in the reference)", request{body: "--B\r\nbroken header\r\n\r\nx", contentType: multipartType}, invalid("Failed to parse body as FormData.")},
		{"a form without a boundary (500 in the reference)", request{body: "junk", contentType: "multipart/form-data"}, invalid("Failed to parse body as FormData.")},
		{"base64", request{body: `{"audio":"aGk=","mimeType":"audio/webm"}`}, ok("hi of recording.webm audio/webm 2", 2, "audio/webm")},
		{"a data URL", request{body: `{"audio":"data:audio/webm;base64,aGk=","mimeType":"audio/webm;codecs=opus","filename":"x.webm"}`}, ok("hi of x.webm audio/webm;codecs=opus 2", 2, "audio/webm;codecs=opus")},
		{"base64 without padding", request{body: `{"audio":"aGk","mimeType":"audio/mp3"}`}, ok("hi of recording.webm audio/mp3 2", 2, "audio/mp3")},
		{"base64 with spaces", request{body: `{"audio":" aG k= ","mimeType":"application/octet-stream"}`}, ok("hi of recording.webm application/octet-stream 2", 2, "application/octet-stream")},
		{"base64 that is none", request{body: `{"audio":"!!!","mimeType":"audio/webm"}`}, invalid("Failed to decode base64 audio data")},
		{"base64 of a length that can't be", request{body: `{"audio":"aGkaa","mimeType":"audio/webm"}`}, invalid("Failed to decode base64 audio data")},
		{"a type in capitals", request{body: `{"audio":"aGk=","mimeType":"audio/WEBM"}`}, wrongFormat("audio/WEBM")},
		{"a type that is more than one header", request{body: `{"audio":"aGk=","mimeType":"audio/webm;\r\nContent-Disposition: form-data; name=\"prompt\""}`},
			wrongFormat(`audio/webm;\r\nContent-Disposition: form-data; name=\"prompt\"`)},
		{"no type", request{body: `{"audio":"aGk="}`}, noType},
		{"an empty type", request{body: `{"audio":"aGk=","mimeType":""}`}, noType},
		{"no audio", request{body: `{}`}, noAudio},
		{"audio that is a number", request{body: `{"audio":1}`}, noAudio},
		{"empty audio", request{body: `{"audio":""}`}, noAudio},
		{"broken JSON", request{body: `{`}, invalid("Request body must be valid JSON")},
		{"an empty body", request{contentType: "application/json"}, invalid("Request body must be valid JSON")},
		{"null (500 in the reference)", request{body: `null`}, invalid("Request body must be valid JSON")},
		{"text", request{body: "x", contentType: "text/plain"}, invalid("Request must be multipart/form-data or application/json with base64 audio")},
		{"no content type", request{}, invalid("Request must be multipart/form-data or application/json with base64 audio")},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.method, test.request.path = "POST", base+"/transcribe"
			checkAnswer(t, handler, test.request, test.answer)
		})
	}
}

func TestTranscriptionErrorsHaveTheReferencesStatus(t *testing.T) {
	secret := errors.New("sk-secret")
	for _, test := range []struct {
		err  error
		want answer
	}{
		{&agent.TranscriptionError{Code: agent.TranscriptionRateLimited, Err: secret}, answer{429, `{"error":"rate_limited","message":"Rate limited. Please try again later.","retryable":true}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionAuthFailed, Err: secret}, answer{401, `{"error":"auth_failed","message":"Authentication failed with transcription provider","retryable":false}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionTooLong, Err: secret}, answer{400, `{"error":"audio_too_long","message":"Audio file is too long","retryable":false}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionTooShort, Err: secret}, answer{400, `{"error":"audio_too_short","message":"Audio is too short to transcribe","retryable":false}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionNetworkError, Err: secret}, answer{502, `{"error":"network_error","message":"Network error during transcription","retryable":true}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionNotConfigured}, answer{503, `{"error":"service_not_configured","message":"Transcription service is not configured","retryable":false}`, nil}},
		{&agent.TranscriptionError{Code: agent.TranscriptionProviderError, Message: "The model is busy", Err: secret}, answer{500, `{"error":"provider_error","message":"The model is busy","retryable":true}`, nil}},
		{fmt.Errorf("post: %w", &agent.TranscriptionError{Code: agent.TranscriptionInvalid}), answer{400, `{"error":"invalid_request","message":"Invalid transcription request","retryable":false}`, nil}},
		{secret, answer{500, `{"error":"provider_error","message":"Transcription failed","retryable":true}`, nil}},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			var log bytes.Buffer
			failing := transcriberFunc(func(context.Context, agent.Audio) (string, error) { return "", test.err })
			handler := newRuntime(t, core.Config{Transcriber: failing, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			checkAnswer(t, handler, request{method: "POST", path: "/transcribe", body: `{"audio":"aGk=","mimeType":"audio/webm"}`}, test.want)
			if errors.Is(test.err, secret) && !strings.Contains(log.String(), "sk-secret") {
				t.Errorf("the log doesn't have the cause:\n%s", &log)
			}
		})
	}
}

func TestTranscribeRefusesALargeUploadHoweverItComes(t *testing.T) {
	handler := newRuntime(t, core.Config{Transcriber: dictation, MaxBodyBytes: 1000})
	server := httptest.NewServer(handler)
	defer server.Close()
	large := strings.Repeat("x", 2000)
	for name, test := range map[string]struct{ contentType, body string }{
		"as a form": {multipartType, upload(`name="audio"; filename="a.webm"`, "audio/webm", large)},
		"as JSON":   {"application/json", `{"mimeType":"audio/webm","audio":"` + large + `"}`},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %t", name, chunked), func(t *testing.T) {
				var body io.Reader = strings.NewReader(test.body)
				if chunked {
					body = io.MultiReader(body) // hides the length
				}
				response, err := http.Post(server.URL+"/transcribe", test.contentType, body)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				if got, _ := io.ReadAll(response.Body); response.StatusCode != 413 || !strings.Contains(string(got), "1000 bytes") {
					t.Errorf("got %d %s", response.StatusCode, got)
				}
			})
		}
	}
}

func TestTranscribeStreamsTheUpload(t *testing.T) {
	begun := make(chan string, 1)
	transcriber := transcriberFunc(func(_ context.Context, audio agent.Audio) (string, error) {
		first := make([]byte, 5)
		if _, err := io.ReadFull(audio.Reader, first); err != nil {
			return "", err
		}
		begun <- string(first)
		rest, err := io.ReadAll(audio.Reader)
		return string(first) + string(rest), err
	})
	server := httptest.NewServer(newRuntime(t, core.Config{Transcriber: transcriber}))
	defer server.Close()
	body := upload(`name="audio"; filename="a.webm"`, "audio/webm", "hello, world")
	head, rest, _ := strings.Cut(body, ", ")

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// net/http's multipart reader looks for the boundary ahead: give it more than it looks.
	filler := strings.Repeat(" ", 8192)
	fmt.Fprintf(conn, "POST /transcribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		multipartType, len(head)+len(filler)+2+len(rest), head+filler)
	if got := <-begun; got != "hello" {
		t.Errorf("the transcriber began with %q", got)
	}
	fmt.Fprint(conn, ", "+rest)
	got, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(got), `"size":8204`) {
		t.Errorf("got %s, %v", got, err)
	}
}
