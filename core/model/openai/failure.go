package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/model"
)

// failure converts an error to one that is safe to show to the client. If the model
// has refused an attachment it says so, since the user can do something about it.
func (e *endpoint) failure(request *model.Request, err error) error {
	safe := e.safeError(err, quotable(request)...)
	if failed := (*model.Error)(nil); errors.As(safe, &failed) && failed.Err != nil && aboutContent(failed) && hasAttachment(request) {
		return model.NewError(model.CodeUnsupportedContent, failed.Err)
	}
	return safe
}

// safeError converts an error to one that is safe to show to the client. The
// provider's own words can quote keys and prompts, so they are in the cause only,
// which is logged, without the key, the rest of the address, and the given texts.
func (e *endpoint) safeError(err error, private ...string) error {
	if failed := (*model.Error)(nil); errors.As(err, &failed) {
		return failed
	}
	status, code, text := details(err)
	cause := describe(err)
	if e.model != "" {
		cause = fmt.Sprintf("model %s/%s: %s", e.provider.Name, e.model, cause)
	}
	return model.NewError(classify(status, code, text), errors.New(e.redact(cause, private...)))
}

// quotable returns the texts of a request that an error may quote.
func quotable(request *model.Request) []string {
	texts := slices.Clone(request.System)
	for i := range request.Messages {
		texts = append(texts, request.Messages[i].Content.Text())
	}
	return texts
}

// details returns the status, the code and the text of a provider's error.
func details(err error) (status int, code, text string) {
	if answer := (*goopenai.APIError)(nil); errors.As(err, &answer) {
		status = answer.HTTPStatusCode
		if number, ok := answer.Code.(int); ok && status == 0 {
			status = number
		}
		return status, fmt.Sprint(answer.Code) + " " + answer.Type, answer.Message
	}
	if answer := (*goopenai.RequestError)(nil); errors.As(err, &answer) {
		// Google sends a list of errors.
		var list []goopenai.ErrorResponse
		if json.Unmarshal(answer.Body, &list) == nil && len(list) > 0 && list[0].Error != nil {
			return answer.HTTPStatusCode, fmt.Sprint(list[0].Error.Code), list[0].Error.Message
		}
		return answer.HTTPStatusCode, "", string(answer.Body)
	}
	return 0, "", ""
}

// describe returns the text of an error for the log. The library's own text has
// "<nil>" in the place of missing parts.
func describe(err error) string {
	if answer := (*goopenai.APIError)(nil); errors.As(err, &answer) {
		text := answer.Message
		if answer.HTTPStatusCode > 0 {
			text = fmt.Sprintf("status %d: %s", answer.HTTPStatusCode, text)
		}
		for _, extra := range []any{answer.Type, answer.Code} {
			if extra != nil && extra != "" {
				text += fmt.Sprintf(" (%v)", extra)
			}
		}
		return text
	}
	if answer := (*goopenai.RequestError)(nil); errors.As(err, &answer) {
		return fmt.Sprintf("status %d: %s", answer.HTTPStatusCode, answer.Body)
	}
	return err.Error()
}

// classify returns the code of a provider's error.
func classify(status int, code, text string) model.Code {
	code, text = strings.ToLower(code), strings.ToLower(text)
	switch {
	case containsAny(code, "context_length_exceeded") || containsAny(text, "maximum context length", "prompt is too long", "context window"):
		return model.CodeContextLength
	case containsAny(code, "insufficient_quota"):
		return model.CodeQuotaExceeded
	case status == http.StatusTooManyRequests || containsAny(code, "rate_limit"):
		return model.CodeRateLimited
	case status == http.StatusUnauthorized || status == http.StatusForbidden || containsAny(code, "invalid_api_key", "authentication"):
		return model.CodeAuthFailed
	case containsAny(code, "content_filter", "content_policy"):
		return model.CodeContentFiltered
	case status == http.StatusNotFound || containsAny(code, "model_not_found"):
		return model.CodeModelNotFound
	case status == http.StatusRequestEntityTooLarge:
		return model.CodeRequestTooLarge
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
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

// redact replaces what a log must not show in a text: the key in use, and all that
// looks like one, since providers often quote a part of it; what follows the host in
// the address; and texts that are private.
func (e *endpoint) redact(text string, private ...string) string {
	text = redactKeys(text, e.key)
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
