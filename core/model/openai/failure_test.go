package openai_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

func TestAProvidersErrorIsToldSafely(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		body, code string
	}{
		"a wrong key":             {401, `{"error":{"message":"Incorrect API key provided: sk-test-key. Prompt: PRIVATE","type":"invalid_request_error","code":"invalid_api_key"}}`, "auth_failed"},
		"a key without the right": {403, `{"error":{"message":"sk-test-key PRIVATE","type":"x"}}`, "auth_failed"},
		"too many requests":       {429, `{"error":{"message":"sk-test-key PRIVATE","type":"requests","code":"rate_limit_exceeded"}}`, "rate_limited"},
		"no money left":           {429, `{"error":{"message":"sk-test-key PRIVATE","type":"insufficient_quota","code":"insufficient_quota"}}`, "quota_exceeded"},
		"a long conversation":     {400, `{"error":{"message":"PRIVATE sk-test-key","type":"x","code":"context_length_exceeded"}}`, "context_length_exceeded"},
		"another one":             {400, `{"error":{"message":"PRIVATE sk-test-key: prompt is too long","type":"x"}}`, "context_length_exceeded"},
		"no such model":           {404, `{"error":{"message":"PRIVATE sk-test-key","type":"x","code":"model_not_found"}}`, "model_not_found"},
		"filtered":                {400, `{"error":{"message":"PRIVATE sk-test-key","type":"x","code":"content_filter"}}`, "content_filtered"},
		"a bad request":           {422, `{"error":{"message":"PRIVATE sk-test-key","type":"x","code":7}}`, "invalid_request"},
		"too large":               {413, `PRIVATE sk-test-key`, "request_too_large"},
		"down":                    {503, `<html>PRIVATE sk-test-key</html>`, "provider_unavailable"},
		"Google's list":           {429, `[{"error":{"code":429,"message":"PRIVATE sk-test-key","status":"RESOURCE_EXHAUSTED"}}]`, "rate_limited"},
		"a message in pieces":     {400, `{"error":{"message":["PRIVATE","sk-test-key"],"type":"x"}}`, "invalid_request"},
		"no message":              {500, `{"error":{}}`, "provider_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, scriptedmodel.Answer{Status: test.status, Body: raw(test.body)})
			_, err := ask(t, p.model(t), saying("Hi"))
			var failed *model.Error
			if !errors.As(err, &failed) || failed.Code != model.Code(test.code) {
				t.Fatalf("the answer ended with %v", err)
			}
			for _, secret := range []string{"sk-test-key", "PRIVATE", "127.0.0.1"} {
				if strings.Contains(failed.Message, secret) {
					t.Errorf("the client sees %q", failed.Message)
				}
			}
			// The cause is what goes to the log.
			if cause := failed.Err.Error(); strings.Contains(cause, "sk-test-key") || !strings.Contains(cause, "openai/gpt-4o") ||
				strings.Contains(test.body, "PRIVATE") && !strings.Contains(cause, "PRIVATE") {
				t.Errorf("the log has %q", cause)
			}
			if cause := failed.Err.Error(); test.code == "model_not_found" && !strings.Contains(cause, "there is no such model") {
				t.Errorf("the log has %q", cause)
			}
		})
	}
}

func TestAProviderThatIsNotThereIsUnavailable(t *testing.T) {
	p := &provider{url: "http://127.0.0.1:1/v1"}
	_, err := ask(t, p.model(t), saying("Hi"))
	var failed *model.Error
	if !errors.As(err, &failed) || failed.Code != "provider_unavailable" || strings.Contains(failed.Message, "127.0.0.1") {
		t.Errorf("the answer ended with %v", err)
	}
}

func TestALargeErrorIsNotReadToItsEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	p := &provider{url: server.URL}
	_, err := ask(t, p.model(t), saying("Hi"))
	var failed *model.Error
	if !errors.As(err, &failed) || failed.Code != "provider_unavailable" {
		t.Errorf("the answer ended with %v", err)
	}
}

func TestAnErrorThatCallsItselfASuccessIsAnError(t *testing.T) {
	n := answering(&http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"error":{"message":"slow down","type":"x","code":"rate_limit_exceeded"}}`))})
	_, err := ask(t, newModel(t, model.Config{Model: "openai/m", APIKey: "k", HTTPClient: n.client()}), saying("Hi"))
	if code(err) != model.CodeRateLimited {
		t.Errorf("the answer ended with %v", err)
	}
}

func TestTheLogIsToldWhatHappenedInWholeWords(t *testing.T) {
	for name, test := range map[string]struct {
		response *http.Response
		key      string
		want     string
	}{
		"an error with all of its parts": {refused(`{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}`), "k",
			"The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: Slow down. (requests) (rate_limit_exceeded)"},
		"an error of unknown shape": {refused(`slow down`), "k",
			"The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: slow down"},
		"an object that is no error": {refused(`{"slow":"down"}`), "k",
			`The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: {"slow":"down"}`},
		"a short key, which is in many words": {refused(`unexpected EOF`), "x",
			"The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: unexpected EOF"},
		"a long key": {refused(`no key secret-7, please`), "secret-7",
			"The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: no key [key], please"},
		"what looks like a key": {refused(`no key sk-proj-abc, gsk_123 or "AIza***x"`), "k",
			`The model provider is receiving too many requests. Try again in a moment: model openai/m: status 429: no key [key], [key] or "[key]"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, model.Config{Model: "openai/m", APIKey: test.key, HTTPClient: answering(test.response).client()})
			if _, err := ask(t, m, saying("Hi")); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// refused is an answer with status 429 and no text for it.
func refused(body string) *http.Response {
	return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}
