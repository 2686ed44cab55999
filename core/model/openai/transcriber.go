package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/internal/outbound"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/internal/transport"
)

// Transcriber converts speech to text with the endpoint for transcriptions of a
// provider. It is safe for concurrent use.
type Transcriber struct{ endpoint *endpoint }

var _ agent.Transcriber = (*Transcriber)(nil)

// NewTranscriber returns a transcriber. Its model is one for transcriptions, such as
// "openai/whisper-1"; the provider may be omitted if it is OpenAI. NewTranscriber
// does no I/O. It fails if the provider is unknown, or its key or address is missing.
func NewTranscriber(config model.Config) (*Transcriber, error) {
	if !strings.ContainsAny(config.Model, "/:") {
		config.Model = "openai/" + config.Model
	}
	uploads := &uploader{}
	endpoint, err := newEndpoint(config, uploads)
	if err != nil {
		return nil, err
	}
	uploads.next, uploads.sign = endpoint.Config.HTTPClient, endpoint.sign
	return &Transcriber{endpoint}, nil
}

// Transcribe implements [agent.Transcriber]. It sends the recording while reading it.
func (t *Transcriber) Transcribe(ctx context.Context, audio agent.Audio) (string, error) {
	request := goopenai.AudioRequest{
		Model:    t.endpoint.Name.Model,
		FilePath: filename(audio),
		// The library holds the whole form in memory, so it gets an empty file, and
		// the uploader sends the form.
		Reader: strings.NewReader(""),
	}
	limited := context.WithValue(ctx, uploadKey{}, &upload{audio: audio, filename: request.FilePath, model: request.Model})
	if limit := t.endpoint.Config.HeaderTimeout; limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(limited, limit, outbound.ErrNoHeader)
		defer cancel()
	}
	response, err := t.endpoint.client.CreateTranscription(limited, request)
	if err != nil {
		return "", t.failure(ctx, err)
	}
	return response.Text, nil
}

// failure converts a provider's error, whose own words are only logged.
func (t *Transcriber) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = failure(err)
	answer := &transport.Failure{}
	errors.As(err, &answer)
	status, text := answer.Status, strings.ToLower(strings.Join(answer.Codes, " ")+" "+answer.Message)
	failed := &agent.TranscriptionError{Code: agent.TranscriptionProviderError, Err: errors.New(t.endpoint.Redact(err.Error()))}
	switch refused := (*model.Error)(nil); {
	case errors.As(err, &refused) && refused.Code == model.CodeAuthFailed:
		failed.Code = agent.TranscriptionAuthFailed
	case status == 0:
		failed.Code = agent.TranscriptionNetworkError
	case status == http.StatusTooManyRequests || strings.Contains(text, "rate_limit"):
		failed.Code = agent.TranscriptionRateLimited
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		failed.Code = agent.TranscriptionAuthFailed
	case strings.Contains(text, "too short"):
		failed.Code = agent.TranscriptionTooShort
	case status == http.StatusRequestEntityTooLarge || strings.Contains(text, "too long") || strings.Contains(text, "maximum"):
		failed.Code = agent.TranscriptionTooLong
	case strings.Contains(text, "format") || strings.Contains(text, "decoded"):
		failed.Code = agent.TranscriptionInvalidFormat
	}
	return failed
}

// filename returns the name of the recording with an extension, which providers need
// to determine the format.
func filename(audio agent.Audio) string {
	name := path.Base(audio.Filename)
	if name == "." || name == "/" {
		name = "recording"
	}
	if path.Ext(name) != "" {
		return name
	}
	mediaType, _, err := mime.ParseMediaType(audio.MimeType)
	if err != nil {
		mediaType = "audio/webm" // what browsers record
	}
	return name + "." + strings.TrimPrefix(mediaType, "audio/")
}

// uploader sends a recording as a form without holding it in memory.
type uploader struct {
	next *http.Client
	sign func(*http.Request, []byte) error
}

type upload struct {
	audio           agent.Audio
	filename, model string
}

type uploadKey struct{}

// Do sends a request, with the recording of its context as the body.
func (u *uploader) Do(request *http.Request) (*http.Response, error) {
	upload, ok := request.Context().Value(uploadKey{}).(*upload)
	if !ok {
		return u.next.Do(request)
	}
	if err := u.sign(request, nil); err != nil {
		return nil, err
	}
	head, tail, contentType, err := upload.form()
	if err != nil {
		return nil, fmt.Errorf("write the form: %w", err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Body = io.NopCloser(io.MultiReader(bytes.NewReader(head), upload.audio.Reader, bytes.NewReader(tail)))
	request.GetBody = nil // a recording can be read only once
	request.ContentLength = -1
	if upload.audio.Size >= 0 {
		request.ContentLength = int64(len(head)) + upload.audio.Size + int64(len(tail))
	}
	return u.next.Do(request)
}

// form returns the parts of the form before and after the recording.
func (u *upload) form() (head, tail []byte, contentType string, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	if err := form.WriteField("model", u.model); err != nil {
		return nil, nil, "", err
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", u.filename))
	header.Set("Content-Type", u.audio.MimeType)
	if _, err := form.CreatePart(header); err != nil {
		return nil, nil, "", err
	}
	head = bytes.Clone(buffer.Bytes())
	if err := form.Close(); err != nil {
		return nil, nil, "", err
	}
	return head, buffer.Bytes()[len(head):], form.FormDataContentType(), nil
}
