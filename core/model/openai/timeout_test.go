package openai_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/model"
	"github.com/copilotkit-go/runtime/core/model/openai"
	"github.com/copilotkit-go/runtime/test/agenttest"
)

const (
	hel = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"
	lo  = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
)

func TestAProviderThatIsTooSlowIsGivenUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		slow   agenttest.Slow
		config model.Config
		text   string
		took   time.Duration
		calls  int
		cause  string // "" for a good end
	}{
		{"no header comes", agenttest.Slow{Header: time.Hour}, model.Config{},
			"", 5 * time.Minute, 1, "no header of an answer in time (5m0s)"},
		{"the header comes late, but in time", agenttest.Slow{Header: 299 * time.Second, Parts: []agenttest.Part{agenttest.After(0, hel+lo)}}, model.Config{},
			"Hello", 299 * time.Second, 1, ""},
		{"no header within the time set", agenttest.Slow{Header: time.Hour}, model.Config{HeaderTimeout: time.Second},
			"", time.Second, 1, "no header of an answer in time (1s)"},
		{"the time set includes other tries", agenttest.Slow{Header: 40 * time.Second, First: []*http.Response{refusal(503, "Retry-After", "1")}}, model.Config{HeaderTimeout: time.Minute},
			"", time.Minute, 2, "no header of an answer in time (1m0s)"},
		{"the next try would come after it", agenttest.Slow{Header: 40 * time.Second, First: []*http.Response{refusal(503, "Retry-After", "30")}}, model.Config{HeaderTimeout: time.Minute},
			"", time.Minute, 1, "status 503"},
		{"a header without a limit", agenttest.Slow{Header: 2 * time.Hour, Parts: []agenttest.Part{agenttest.After(0, hel+lo)}}, model.Config{HeaderTimeout: -1},
			"Hello", 2 * time.Hour, 1, ""},
		{"nothing comes after the header", agenttest.Slow{Hang: true}, model.Config{},
			"", 5 * time.Minute, 1, "silent for too long (5m0s)"},
		{"the answer falls silent", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(time.Minute, hel)}, Hang: true}, model.Config{},
			"Hel", 6 * time.Minute, 1, "silent for too long (5m0s)"},
		{"it falls silent for the time set", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, hel), agenttest.After(3*time.Second, lo)}}, model.Config{IdleTimeout: 2 * time.Second},
			"Hel", 2 * time.Second, 1, "silent for too long (2s)"},
		{"it falls silent after the finish reason", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, hel), agenttest.After(0, strings.TrimSuffix(lo, "data: [DONE]\n\n"))}, Hang: true}, model.Config{},
			"Hello", time.Second, 1, ""},
		{"a silence without a limit", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, hel), agenttest.After(2*time.Hour, lo)}}, model.Config{IdleTimeout: -1},
			"Hello", 2 * time.Hour, 1, ""},
		{"comments keep it alive", agenttest.Slow{Parts: []agenttest.Part{agenttest.After(0, hel), agenttest.After(4*time.Minute, ": thinking\n\n"), agenttest.After(4*time.Minute, ": thinking\n\n"), agenttest.After(0, lo)}}, model.Config{},
			"Hello", 8 * time.Minute, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.config.Model, test.config.APIKey = "openai/m", "k"
				test.config.HTTPClient = &http.Client{Transport: &test.slow}
				request := saying("Hi")
				request.Settings.MaxRetries = nil
				began, text := time.Now(), ""
				var failure error
				for delta, err := range newModel(t, test.config).Stream(t.Context(), request) {
					text, failure = text+delta.Text, err
				}
				if took := time.Since(began); took != test.took || text != test.text || test.slow.Calls != test.calls {
					t.Errorf("got %q in %v and %d calls, want %q in %v and %d", text, took, test.slow.Calls, test.text, test.took, test.calls)
				}
				if test.cause == "" && failure != nil || test.cause != "" && (code(failure) != model.CodeProviderUnavailable || !strings.Contains(failure.Error(), test.cause)) {
					t.Errorf("ended with %v, want %q", failure, test.cause)
				}
			})
		})
	}
}

func TestATranscriptionThatTakesTooLongIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transcriber, err := openai.NewTranscriber(model.Config{
			Model: "whisper-1", APIKey: "k", LookupEnv: environment(nil), HeaderTimeout: time.Second,
			HTTPClient: &http.Client{Transport: &agenttest.Slow{Header: time.Hour}},
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = transcriber.Transcribe(t.Context(), agent.Audio{Reader: strings.NewReader("x"), Size: 1})
		if failed, ok := errors.AsType[*agent.TranscriptionError](err); !ok || failed.Code != agent.TranscriptionNetworkError || time.Since(began) != time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
}

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the other host was asked")
	}))
	defer elsewhere.Close()
	provider := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer provider.Close()
	request := saying("Hi")
	request.Settings.MaxRetries = nil // it isn't tried again
	m := newModel(t, model.Config{Model: "openai/m", APIKey: "sk-test-key", BaseURL: provider.URL + "/v1"})
	if _, err := ask(t, m, request); code(err) != model.CodeProviderUnavailable || !strings.Contains(err.Error(), "redirected to another host") {
		t.Errorf("ended with %v", err)
	}
}

func TestTheLogHasNeitherTheConversationNorTheAddress(t *testing.T) {
	request := saying("a private question")
	request.System = []string{"a private\nprompt"}
	base := "http://user:pass-word@127.0.0.1:1/private-path/v1?api_key=private-key"
	for name, client := range map[string]*http.Client{
		"when they are quoted":          answering(refused(`{"error":{"message":"bad: a private question, a private\nprompt, and \"a private\\nprompt\" at /private-path/v1 with private-key and pass-word"}}`)).client(),
		"when the provider isn't there": nil,
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, model.Config{Model: "openai/m", APIKey: "k", BaseURL: base, HTTPClient: client})
			if _, err := ask(t, m, request); err == nil || strings.Contains(err.Error(), "private") || strings.Contains(err.Error(), "pass-word") {
				t.Errorf("got %v", err)
			}
		})
	}
}
