package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// Failure is an error that a provider reports.
type Failure struct {
	// Status is that of the answer, 0 if the error came within a stream.
	Status int
	// Codes are the provider's own words for the kind of error.
	Codes []string
	// Message is the provider's text, which can quote keys and prompts.
	Message string
}

// Error returns all that the provider says, for the log.
func (f *Failure) Error() string {
	text := f.Message
	if f.Status > 0 {
		text = fmt.Sprintf("status %d: %s", f.Status, text)
	}
	for _, code := range f.Codes {
		if code != "" {
			text += " (" + code + ")"
		}
	}
	return text
}

// readFailure converts an answer with an error.
func readFailure(response *http.Response) error {
	body, _ := io.ReadAll(response.Body) // what Do has read
	response.Body.Close()
	failure := ParseFailure(body)
	failure.Status = response.StatusCode
	// Amazon's services name the error here, followed by an address.
	if code, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":"); code != "" {
		failure.Codes = append(failure.Codes, code)
	}
	return failure
}

// ParseFailure parses an error in the forms that providers have: an object with the
// error in "error", such an object in a list, or the error itself. What isn't JSON is
// the message.
func ParseFailure(body []byte) *Failure {
	body = bytes.TrimSpace(body)
	if list := []json.RawMessage(nil); json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var wrapped struct {
		Error json.RawMessage `json:"error"`
	}
	parsed := body
	if json.Unmarshal(body, &wrapped) == nil && len(wrapped.Error) > 0 && string(wrapped.Error) != "null" {
		parsed = wrapped.Error
	}
	var text string
	if json.Unmarshal(parsed, &text) == nil {
		return &Failure{Message: text}
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(parsed, &fields) != nil {
		return &Failure{Message: string(body)}
	}
	failure := &Failure{}
	if json.Unmarshal(fields["message"], &failure.Message) != nil || failure.Message == "" {
		failure.Message = string(parsed)
	}
	for _, name := range []string{"type", "status", "code"} {
		var value any
		if json.Unmarshal(fields[name], &value) == nil && value != nil && value != "" {
			failure.Codes = append(failure.Codes, fmt.Sprint(value))
		}
	}
	return failure
}

// failure converts an error to one that is safe to show to the client. If the model
// has refused an attachment it says so, since the user can do something about it.
func (e *Endpoint) failure(request *model.Request, err error) error {
	safe := e.SafeError(err, quotable(request)...)
	if failed := (*model.Error)(nil); errors.As(safe, &failed) && failed.Err != nil && aboutContent(failed) && hasAttachment(request) {
		return model.NewError(model.CodeUnsupportedContent, failed.Err)
	}
	return safe
}

// SafeError converts an error to one that is safe to show to the client. The
// provider's own words can quote keys and prompts, so they are in the cause only,
// which is logged, without the key, the rest of the address, and the given texts.
func (e *Endpoint) SafeError(err error, private ...string) error {
	if failed := (*model.Error)(nil); errors.As(err, &failed) {
		return failed
	}
	failure := &Failure{}
	cause := err.Error()
	if errors.As(err, &failure) {
		cause = failure.Error()
	}
	if e.Name.Model != "" {
		cause = fmt.Sprintf("model %s: %s", e.Name, cause)
	}
	code := classify(failure)
	return model.NewError(code, errors.New(e.Redact(cause, private...)+e.advice(code)))
}

// advice returns what whoever reads the log can do about a failure, or "".
func (e *Endpoint) advice(code model.Code) string {
	switch {
	case e.Name.Model == "":
	case code == model.CodeAuthFailed && e.Key != "" && e.KeyVariable != "":
		return "; the key that it refused is that of " + e.KeyVariable
	case code == model.CodeModelNotFound && e.OwnAddress:
		return "; there is no such model at the provider's address as it is configured, or no such path"
	case code == model.CodeModelNotFound:
		return "; there is no such model, or this key may not use it"
	}
	return ""
}

// quotable returns the texts of a request that an error may quote.
func quotable(request *model.Request) []string {
	texts := slices.Clone(request.System)
	for i := range request.Messages {
		texts = append(texts, request.Messages[i].Content.Text())
	}
	return texts
}

// classify returns the code of a provider's error.
func classify(failure *Failure) model.Code {
	status := failure.Status
	code, text := strings.ToLower(strings.Join(failure.Codes, " ")), strings.ToLower(failure.Message)
	switch {
	case containsAny(code, "context_length_exceeded") || containsAny(text, "maximum context length", "prompt is too long", "context window", "exceed context limit", "input is too long", "exceeds the maximum number of tokens"):
		return model.CodeContextLength
	case containsAny(code, "insufficient_quota", "billing_error", "servicequotaexceeded") || containsAny(text, "credit balance is too low"):
		return model.CodeQuotaExceeded
	case status == http.StatusTooManyRequests || containsAny(code, "rate_limit", "throttling"):
		return model.CodeRateLimited
	case status == http.StatusUnauthorized || status == http.StatusForbidden || containsAny(code, "invalid_api_key", "authentication", "permission_error") || containsAny(text, "api key not valid", "api key expired"):
		return model.CodeAuthFailed
	case containsAny(code, "content_filter", "content_policy", "invalid_prompt", "bio_policy", "cyber_policy"):
		return model.CodeContentFiltered
	case containsAny(code, "modelerror", "modeltimeout"):
		return model.CodeProviderUnavailable
	case status == http.StatusNotFound || containsAny(code, "model_not_found") || containsAny(text, "model identifier is invalid"):
		return model.CodeModelNotFound
	case status == http.StatusRequestEntityTooLarge:
		return model.CodeRequestTooLarge
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError, status == 0 && containsAny(code, "invalid_request", "validationexception", "_image", "image_"):
		return model.CodeInvalidRequest
	}
	return model.CodeProviderUnavailable
}

// aboutContent reports whether a provider has refused a request because of its
// content.
func aboutContent(failed *model.Error) bool {
	if failed.Code != model.CodeInvalidRequest && failed.Code != model.CodeModelNotFound {
		return false
	}
	return containsAny(strings.ToLower(failed.Err.Error()), "image", "audio", "vision", "file", "modalit", "content type", "multimodal")
}

func hasAttachment(request *model.Request) bool {
	for i := range request.Messages {
		if request.Messages[i].Role != agui.RoleUser {
			continue
		}
		for _, part := range request.Messages[i].Content.Parts() {
			// Text documents are sent as text.
			if media, err := model.ReadMedia(&part); part.Type != "text" && err == nil && !media.IsText() {
				return true
			}
		}
	}
	return false
}

func containsAny(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// minKeyLength is the length of the shortest key that is redacted. Shorter keys are
// no secrets but placeholders for servers that need none, and can be part of any
// word.
const minKeyLength = 8

// maxCause is how much of an error is logged, in bytes.
const maxCause = 2 << 10

// Redact replaces what a log must not show in a text: the key in use, and all that
// looks like one, since providers often quote a part of it; what follows the host in
// the address; and texts that are private.
func (e *Endpoint) Redact(text string, private ...string) string {
	text = redactKeys(text, e.Key)
	text = e.secrets.WithTexts(private...).RedactText(text)
	return text[:min(len(text), maxCause)]
}

func redactKeys(text, key string) string {
	if len(key) >= minKeyLength {
		text = strings.ReplaceAll(text, key, "[key]")
	}
	for _, word := range strings.Fields(text) {
		word = strings.Trim(word, "\"'`.,:;()<>[]{}")
		for _, sign := range [...]string{"sk-", "sk_", "gsk_", "xai-", "AIza", "***"} {
			if strings.HasPrefix(word, sign) || sign == "***" && strings.Contains(word, sign) {
				text = strings.ReplaceAll(text, word, "[key]")
				break
			}
		}
	}
	return text
}
