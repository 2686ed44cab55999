package model

import "strings"

// Code is the reason why a model can't answer. It becomes the code of RUN_ERROR.
type Code string

// The codes that all dialects share.
const (
	CodeAnswerTooLarge      Code = "answer_too_large"
	CodeAuthFailed          Code = "auth_failed"
	CodeContentFiltered     Code = "content_filtered"
	CodeContextLength       Code = "context_length_exceeded"
	CodeInvalidRequest      Code = "invalid_request"
	CodeInvalidTool         Code = "invalid_tool"
	CodeModelNotFound       Code = "model_not_found"
	CodeProviderUnavailable Code = "provider_unavailable"
	CodeQuotaExceeded       Code = "quota_exceeded"
	CodeRateLimited         Code = "rate_limited"
	CodeRequestTooLarge     Code = "request_too_large"
	CodeTimeout             Code = "model_timeout"
	CodeUnsupportedContent  Code = "unsupported_content"
)

// Error is a failure that is safe to show to the client.
type Error struct {
	Code Code
	// Message is shown to the user. It must not contain keys, prompts or addresses,
	// nor the provider's own words, which can quote them.
	Message string
	// Err is the cause, which is only logged. Dialects remove keys from it. It may
	// be nil.
	Err error
}

// NewError returns an error with the usual message for the code.
func NewError(code Code, cause error) *Error {
	return &Error{Code: code, Message: usualMessage(code), Err: cause}
}

func usualMessage(code Code) string {
	switch code {
	case CodeAnswerTooLarge:
		return "The model's answer is too large."
	case CodeAuthFailed:
		return "The model provider refused the server's credentials."
	case CodeContentFiltered:
		return "The model provider declined to answer."
	case CodeContextLength:
		return "The conversation is too long for the model."
	case CodeInvalidRequest:
		return "The model provider didn't accept the request."
	case CodeInvalidTool:
		return "A tool has parameters that are not the JSON Schema of an object."
	case CodeModelNotFound:
		return "The model provider doesn't know the configured model."
	case CodeQuotaExceeded:
		return "The model provider's quota is used up."
	case CodeRateLimited:
		return "The model provider is receiving too many requests. Try again in a moment."
	case CodeRequestTooLarge:
		return "The conversation is too large for the model provider."
	case CodeTimeout:
		return "The model took too long to answer."
	case CodeUnsupportedContent:
		return "This model can't take an attachment of the conversation."
	}
	return "The model provider can't be reached or failed to answer."
}

// Error returns the message followed by the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
