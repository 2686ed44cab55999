package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/copilotkit-go/runtime/core/agent"
)

// failure turns what went wrong with a model call into what a client may be
// told. The provider's own words can quote keys and prompts: they go no further
// than the error's cause, which is for the log, and the key not even there.
func (e *endpoint) failure(ctx context.Context, err error) error {
	failed := (*modelError)(nil)
	if errors.Is(err, errGone) || ctx.Err() != nil || !errors.As(err, &failed) {
		return err
	}
	status, code, text := detailsOf(err)
	told := classify(status, code, text)
	told.Err = fmt.Errorf("model %s/%s: %s", e.provider.name, e.model, e.redact(err.Error()))
	return told
}

// detailsOf reads a provider's error, in any of the shapes it comes in.
func detailsOf(err error) (status int, code, text string) {
	if answer := (*goopenai.APIError)(nil); errors.As(err, &answer) {
		status = answer.HTTPStatusCode
		if number, ok := answer.Code.(int); ok && status == 0 {
			status = number
		}
		return status, fmt.Sprint(answer.Code) + " " + answer.Type, answer.Message
	}
	if answer := (*goopenai.RequestError)(nil); errors.As(err, &answer) {
		// Google wraps its errors in a list.
		var list []goopenai.ErrorResponse
		if json.Unmarshal(answer.Body, &list) == nil && len(list) > 0 && list[0].Error != nil {
			return answer.HTTPStatusCode, fmt.Sprint(list[0].Error.Code), list[0].Error.Message
		}
		return answer.HTTPStatusCode, "", string(answer.Body)
	}
	return 0, "", ""
}

// classify gives the code and the message for a provider's error.
func classify(status int, code, text string) *agent.Error {
	code, text = strings.ToLower(code), strings.ToLower(text)
	has := func(in string, words ...string) bool {
		for _, word := range words {
			if strings.Contains(in, word) {
				return true
			}
		}
		return false
	}
	switch {
	case has(code, "context_length_exceeded") || has(text, "maximum context length", "prompt is too long", "context window"):
		return &agent.Error{Code: "context_length_exceeded", Message: "The conversation is too long for the model."}
	case has(code, "insufficient_quota"):
		return &agent.Error{Code: "quota_exceeded", Message: "The model provider's quota is used up."}
	case status == http.StatusTooManyRequests || has(code, "rate_limit"):
		return &agent.Error{Code: "rate_limited", Message: "The model provider is receiving too many requests. Try again in a moment."}
	case status == http.StatusUnauthorized || status == http.StatusForbidden || has(code, "invalid_api_key", "authentication"):
		return &agent.Error{Code: "auth_failed", Message: "The model provider refused the server's credentials."}
	case has(code, "content_filter", "content_policy"):
		return &agent.Error{Code: "content_filtered", Message: "The model provider declined to answer."}
	case status == http.StatusNotFound || has(code, "model_not_found"):
		return &agent.Error{Code: "model_not_found", Message: "The model provider doesn't know the configured model."}
	case status == http.StatusRequestEntityTooLarge:
		return &agent.Error{Code: "request_too_large", Message: "The conversation is too large for the model provider."}
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return &agent.Error{Code: "invalid_request", Message: "The model provider didn't accept the request."}
	}
	return &agent.Error{Code: "provider_unavailable", Message: "The model provider can't be reached or failed to answer."}
}

// redact takes keys out of a text: the one in use, and what looks like one, since
// providers like to show a part of it.
func (e *endpoint) redact(text string) string {
	for _, secret := range e.secrets {
		text = strings.ReplaceAll(text, secret, "[key]")
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
