package core

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// audioTypes are the formats that the reference lets through to its provider.
var audioTypes = [...]string{
	"audio/mpeg", "audio/mp3", "audio/mp4", "audio/wav", "audio/webm", "audio/ogg", "audio/flac", "audio/aac",
}

// What browsers record, also where they don't say so.
const (
	defaultAudioType = "audio/webm"
	defaultFilename  = "recording.webm"
)

// serveTranscribe turns a recording into text: the field "audio" of a multipart
// form, passed on while it comes in, or base64 in JSON.
func (rt *Runtime) serveTranscribe(ex *exchange) error {
	if rt.config.Transcriber == nil {
		return transcriptionAnswer(&agent.TranscriptionError{Code: agent.TranscriptionNotConfigured})
	}
	if ex.r.ContentLength > ex.config.MaxBodyBytes {
		return bodyTooLarge(ex.config.MaxBodyBytes)
	}
	var audio agent.Audio
	var err error
	switch contentType := ex.r.Header.Get("Content-Type"); {
	case strings.Contains(contentType, "multipart/form-data"):
		audio, err = ex.audioFromForm()
	case strings.Contains(contentType, "application/json"):
		audio, err = ex.audioFromJSON()
	default:
		err = invalidTranscription("Request must be multipart/form-data or application/json with base64 audio")
	}
	if err != nil {
		return ex.transcriptionError(err)
	}
	counter := &countingReader{reader: audio.Reader}
	audio.Reader = counter
	charge, err := rt.admit(ex)
	if err != nil {
		return transcriptionOverLimit(err)
	}
	defer charge.close()
	text, err := rt.transcribe(ex, charge, audio, counter)
	if counter.err != nil { // whatever the provider made of it
		return ex.transcriptionError(uploadError(counter.err))
	}
	if err != nil {
		return ex.transcriptionError(err)
	}
	if _, err := io.Copy(io.Discard, counter); err != nil {
		return ex.transcriptionError(uploadError(err))
	}
	return ex.json(http.StatusOK, struct {
		Text string `json:"text"`
		Size int64  `json:"size"`
		Type string `json:"type"`
	}{text, counter.n, audio.MimeType})
}

// transcribe calls the transcriber, counts what that spends, and logs it.
func (rt *Runtime) transcribe(ex *exchange, charge *charge, audio agent.Audio, read *countingReader) (string, error) {
	begun := time.Now()
	ctx, count := charge.start(ex.r.Context(), nil)
	charge.add(count)
	text, err := rt.config.Transcriber.Transcribe(ctx, audio)
	outcome := "completed"
	if err != nil {
		outcome = "failed"
	}
	if charge != nil && !count.HasReport() && (err == nil || ctx.Err() != nil) {
		input, output := read.n/audioBytesPerToken, agent.EstimateTokens(int64(len(text)))
		agent.ReportUsage(ctx, agent.Usage{Estimated: true, TokenUsage: agui.TokenUsage{InputTokens: &input, OutputTokens: &output}})
	}
	spent := count.Tokens()
	rt.config.Logger.InfoContext(ctx, "run ended", "kind", "transcribe", "user", ex.user.ID, "outcome", outcome,
		"inputTokens", spent.Input, "outputTokens", spent.Output, "estimatedTokens", spent.Estimated, "duration", time.Since(begun))
	return text, err
}

// audioBytesPerToken is what an estimate of a recording goes by: ten tokens a second,
// of 4 kB as browsers record it.
const audioBytesPerToken = 400

// transcriptionOverLimit returns the answer to a transcription over a limit in the
// words that front ends know from transcriptions. Any other error stays as it is.
func transcriptionOverLimit(err error) error {
	answer, ok := errors.AsType[*HTTPError](err)
	if !ok || limitError(err) == nil {
		return err
	}
	over := limitError(err)
	answer.Body = struct {
		Error     agent.TranscriptionCode `json:"error"`
		Code      string                  `json:"code"`
		Message   string                  `json:"message"`
		Retryable bool                    `json:"retryable"`
	}{agent.TranscriptionRateLimited, "limit_" + string(over.Limit), limitMessage(over), true}
	return answer
}

// audioFromForm finds the form's audio file without reading it.
func (ex *exchange) audioFromForm() (agent.Audio, error) {
	form, err := ex.r.MultipartReader()
	if err != nil {
		return agent.Audio{}, invalidTranscription("Failed to parse body as FormData.")
	}
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return agent.Audio{}, noAudioField()
		case errors.As(err, new(*http.MaxBytesError)):
			return agent.Audio{}, err
		case err != nil:
			return agent.Audio{}, invalidTranscription("Failed to parse body as FormData.")
		case part.FormName() == "audio":
			return audioFromPart(part)
		}
	}
}

func audioFromPart(part *multipart.Part) (agent.Audio, error) {
	if !isFile(part) {
		return agent.Audio{}, noAudioField()
	}
	audio := agent.Audio{Reader: part, Filename: part.FileName(), MimeType: part.Header.Get("Content-Type"), Size: -1}
	if err := checkAudioType(audio.MimeType); err != nil {
		return agent.Audio{}, err
	}
	if audio.MimeType == "" || audio.MimeType == "application/octet-stream" {
		audio.MimeType = defaultAudioType
		if audio.Filename == "" {
			audio.Filename = defaultFilename
		}
	}
	return audio, nil
}

// isFile reports whether a part is a file and no plain field, also where its name
// is empty.
func isFile(part *multipart.Part) bool {
	return strings.Contains(part.Header.Get("Content-Disposition"), "filename")
}

// audioFromJSON reads {"audio": base64 or a data URL, "mimeType", "filename"}.
func (ex *exchange) audioFromJSON() (agent.Audio, error) {
	data, err := ex.readBody()
	if err != nil {
		return agent.Audio{}, err
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(data, &body) != nil || body == nil {
		return agent.Audio{}, invalidTranscription("Request body must be valid JSON")
	}
	field := func(name string) (value string) {
		_ = json.Unmarshal(body[name], &value) // what isn't a string reads as missing
		return value
	}
	encoded, audio := field("audio"), agent.Audio{Filename: field("filename"), MimeType: field("mimeType")}
	if encoded == "" {
		return agent.Audio{}, invalidTranscription("Request must include 'audio' field with base64-encoded audio data")
	}
	if audio.MimeType == "" {
		return agent.Audio{}, invalidTranscription("Request must include 'mimeType' field (e.g., 'audio/webm')")
	}
	if err := checkAudioType(audio.MimeType); err != nil {
		return agent.Audio{}, err
	}
	if audio.Filename == "" {
		audio.Filename = defaultFilename
	}
	decoded, err := decodeBase64(encoded)
	if err != nil {
		return agent.Audio{}, invalidTranscription("Failed to decode base64 audio data")
	}
	audio.Reader, audio.Size = bytes.NewReader(decoded), int64(len(decoded))
	return audio, nil
}

// decodeBase64 decodes as leniently as browsers do: a data URL's head, white space
// and missing padding don't matter.
func decodeBase64(text string) ([]byte, error) {
	if _, rest, ok := strings.Cut(text, ","); ok {
		text, _, _ = strings.Cut(rest, ",")
	}
	text = strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\n\f\r", c) {
			return -1
		}
		return c
	}, text)
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	return base64.RawStdEncoding.DecodeString(text)
}

func checkAudioType(mimeType string) error {
	base, _, _ := strings.Cut(mimeType, ";")
	base = strings.TrimSpace(base)
	if strings.ContainsAny(mimeType, "\r\n") {
		base = mimeType // which goes into a header of the provider's form
	}
	if base == "" || base == "application/octet-stream" || slices.Contains(audioTypes[:], base) {
		return nil
	}
	return &agent.TranscriptionError{
		Code:    agent.TranscriptionInvalidFormat,
		Message: "Unsupported audio format: " + mimeType + ". Supported: " + strings.Join(audioTypes[:], ", "),
	}
}

func invalidTranscription(message string) *agent.TranscriptionError {
	return &agent.TranscriptionError{Code: agent.TranscriptionInvalid, Message: message}
}

func noAudioField() *agent.TranscriptionError {
	return invalidTranscription("No audio file found in form data. Please include an 'audio' field.")
}

// uploadError returns the error of an upload that broke off.
func uploadError(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return err
	}
	return &agent.TranscriptionError{
		Code: agent.TranscriptionInvalid, Message: "Failed to parse body as FormData.", Err: err,
	}
}

// transcriptionError returns the answer to an error.
func (ex *exchange) transcriptionError(err error) error {
	var answer *HTTPError
	var failed *agent.TranscriptionError
	switch {
	case errors.As(err, &answer):
		return answer
	case errors.As(err, new(*http.MaxBytesError)):
		return bodyTooLarge(ex.config.MaxBodyBytes)
	case !errors.As(err, &failed):
		failed = &agent.TranscriptionError{Code: agent.TranscriptionProviderError, Err: err}
		if ex.config.Development {
			failed.Message = err.Error()
		}
	}
	if failed.Err != nil {
		ex.config.Logger.ErrorContext(ex.r.Context(), "transcription failed", "code", string(failed.Code), "error", failed.Err)
	}
	return transcriptionAnswer(failed)
}

// transcriptionAnswer returns the answer that front ends know, with the code's
// status.
func transcriptionAnswer(e *agent.TranscriptionError) *HTTPError {
	status, message, retryable := transcriptionStatus(e.Code)
	if e.Message != "" {
		message = e.Message
	}
	return &HTTPError{Status: status, Err: e, Body: struct {
		Error     agent.TranscriptionCode `json:"error"`
		Message   string                  `json:"message"`
		Retryable bool                    `json:"retryable"`
	}{e.Code, message, retryable}}
}

// transcriptionStatus returns the status of a code, its usual message, and whether
// trying again may help.
func transcriptionStatus(code agent.TranscriptionCode) (status int, message string, retryable bool) {
	switch code {
	case agent.TranscriptionNotConfigured:
		return http.StatusServiceUnavailable, "Transcription service is not configured", false
	case agent.TranscriptionInvalidFormat:
		return http.StatusBadRequest, "Unsupported audio format", false
	case agent.TranscriptionTooLong:
		return http.StatusBadRequest, "Audio file is too long", false
	case agent.TranscriptionTooShort:
		return http.StatusBadRequest, "Audio is too short to transcribe", false
	case agent.TranscriptionRateLimited:
		return http.StatusTooManyRequests, "Rate limited. Please try again later.", true
	case agent.TranscriptionAuthFailed:
		return http.StatusUnauthorized, "Authentication failed with transcription provider", false
	case agent.TranscriptionNetworkError:
		return http.StatusBadGateway, "Network error during transcription", true
	case agent.TranscriptionInvalid:
		return http.StatusBadRequest, "Invalid transcription request", false
	}
	return http.StatusInternalServerError, "Transcription failed", true
}

// countingReader counts what is read, and keeps the error that ends it early.
type countingReader struct {
	reader io.Reader
	n      int64
	err    error
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}
