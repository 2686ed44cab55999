package agent

import (
	"context"
	"io"
)

// Transcriber converts speech to text. It must be safe for concurrent use.
type Transcriber interface {
	// Transcribe returns what is said. The client gets the code of an error that
	// is a [*TranscriptionError]; any other error is TranscriptionProviderError.
	Transcribe(ctx context.Context, audio Audio) (text string, err error)
}

// Audio is a recording.
type Audio struct {
	// Reader reads the recording, once. It must not be used after Transcribe has
	// returned.
	Reader io.Reader
	// Filename is the name that the client sent, or "recording.webm".
	Filename string
	// MimeType may have parameters, as in "audio/webm; codecs=opus".
	MimeType string
	// Size is the size in bytes, or -1 if the recording is still being uploaded.
	Size int64
}

// TranscriptionCode is the reason why a transcription failed, in the words that
// front ends know.
type TranscriptionCode string

// The codes, with the HTTP status that each is answered with.
const (
	TranscriptionNotConfigured TranscriptionCode = "service_not_configured" // 503
	TranscriptionInvalidFormat TranscriptionCode = "invalid_audio_format"   // 400
	TranscriptionTooLong       TranscriptionCode = "audio_too_long"         // 400
	TranscriptionTooShort      TranscriptionCode = "audio_too_short"        // 400
	TranscriptionRateLimited   TranscriptionCode = "rate_limited"           // 429
	TranscriptionAuthFailed    TranscriptionCode = "auth_failed"            // 401
	TranscriptionProviderError TranscriptionCode = "provider_error"         // 500
	TranscriptionNetworkError  TranscriptionCode = "network_error"          // 502
	TranscriptionInvalid       TranscriptionCode = "invalid_request"        // 400
)

// TranscriptionError is a failure whose code is sent to the client.
type TranscriptionError struct {
	Code TranscriptionCode
	// Message is shown to the user. If empty, defaults to the usual message for
	// the code.
	Message string
	// Err is the cause, which is only logged. It may be nil.
	Err error
}

// Error returns the code, the message and the cause.
func (e *TranscriptionError) Error() string {
	text := "transcribe: " + string(e.Code)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *TranscriptionError) Unwrap() error { return e.Err }
