package agent

import (
	"context"
	"io"
)

// Transcriber turns speech into text. It is used by many requests at once.
type Transcriber interface {
	// Transcribe returns what is said. An error that is a [*TranscriptionError]
	// tells the client its code; any other is a provider error.
	Transcribe(ctx context.Context, audio Audio) (text string, err error)
}

// Audio is a recording.
type Audio struct {
	// Reader gives the bytes, once. It isn't valid after Transcribe returned.
	Reader io.Reader
	// Filename is the client's, or "recording.webm".
	Filename string
	// MimeType may have parameters: "audio/webm; codecs=opus".
	MimeType string
	// Size is in bytes, or -1 for a recording that is still being uploaded.
	Size int64
}

// TranscriptionCode says what went wrong with a transcription, in the words
// that front ends know.
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

// TranscriptionError is a failure that the client is told of by its code.
type TranscriptionError struct {
	Code TranscriptionCode
	// Message is shown to the user; "" means the code's usual one.
	Message string
	// Err is the cause, for the log.
	Err error
}

// Error gives the code and the cause.
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

// Unwrap gives the cause.
func (e *TranscriptionError) Unwrap() error { return e.Err }
