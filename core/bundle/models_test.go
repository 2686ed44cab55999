package bundle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/test/scriptedmodel"
)

// scripted returns the address of a provider with an answer, and the provider.
func scripted(t *testing.T, answer scriptedmodel.Answer) (string, *scriptedmodel.Model) {
	t.Helper()
	script := scriptedmodel.New(scriptedmodel.Script{Answers: []scriptedmodel.Answer{answer}})
	server := httptest.NewServer(script)
	t.Cleanup(server.Close)
	return server.URL + "/v1", script
}

// run returns the events of a run of the default agent with messages, which are JSON.
func run(t *testing.T, handler http.Handler, messages string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body := `{"threadId":"t","runId":"r","state":{},"tools":[],"context":[],"forwardedProps":{},"messages":[` + messages + `]}`
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/copilotkit/agent/default/run", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Body.String()
}

const question = `{"id":"1","role":"user","content":"Hi"}`

func TestTheNextModelOfTheListAnswers(t *testing.T) {
	down, first := scripted(t, scriptedmodel.Answer{Status: 503, Body: json.RawMessage(`{"error":{"message":"overloaded"}}`)})
	up, second := scripted(t, scriptedmodel.Answer{Text: "Hello there"})
	var logs bytes.Buffer
	handler, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=openai/gpt-4o, groq/llama", "OPENAI_API_KEY=k", "OPENAI_BASE_URL="+down, "GROQ_API_KEY=k", "GROQ_BASE_URL="+up),
		bundle.WithLogger(slog.New(slog.NewTextHandler(&logs, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	events := run(t, handler, question)
	if !strings.Contains(events, "there") || !strings.Contains(events, "RUN_FINISHED") || len(first.Requests()) != 1 || len(second.Requests()) != 1 {
		t.Errorf("got %s after %d and %d requests", events, len(first.Requests()), len(second.Requests()))
	}
	if !strings.Contains(logs.String(), "model=openai/gpt-4o next=groq/llama") {
		t.Errorf("the log has %s", &logs)
	}
}

func TestTheSettingsOfTheModelAreSent(t *testing.T) {
	address, provider := scripted(t, scriptedmodel.Answer{Text: "Hello"})
	handler, err := bundle.New(t.Context(), env("COPILOTKIT_MODEL=openai/my-model", "OPENAI_API_KEY=k", "OPENAI_BASE_URL="+address,
		"COPILOTKIT_MODEL_TEMPERATURE=0.5", "COPILOTKIT_MODEL_MAX_TOKENS=77", "COPILOTKIT_MODEL_REASONING_EFFORT=low",
		`COPILOTKIT_MODEL_OPTIONS={"openai":{"serviceTier":"flex"},"groq":{"user":"u"}}`, "COPILOTKIT_MODEL_HISTORY_TOKENS=10"))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	run(t, handler, `{"id":"0","role":"user","content":"`+strings.Repeat("long ago ", 20)+`"},{"id":"a","role":"assistant","content":"Yes"},`+question)
	body := string(provider.Requests()[0].Body)
	for _, part := range []string{`"temperature":0.5`, `"max_tokens":77`, `"reasoning_effort":"low"`, `"service_tier":"flex"`, `"content":"Hi"`} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is missing in %s", part, body)
		}
	}
	for _, part := range []string{"long ago", `"user":"u"`} {
		if strings.Contains(body, part) {
			t.Errorf("%s is in %s", part, body)
		}
	}
}

func TestAModelThatHangsEndsTheRunWithACode(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil { // signs of life, and nothing else
			w.Write([]byte(": ping\n\n"))
			http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}))
	defer server.Close()
	defer close(stop)
	handler, err := bundle.New(t.Context(), env("OPENAI_API_KEY=k", "OPENAI_BASE_URL="+server.URL+"/v1", "COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS=1"), bundle.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	if events := run(t, handler, question); !strings.Contains(events, `"code":"model_timeout"`) {
		t.Errorf("got %s", events)
	}
}

func TestModelsThatCannotBeListedAreNamed(t *testing.T) {
	for name, test := range map[string]struct{ entry, variable, says string }{
		"an unknown one":             {"COPILOTKIT_MODEL=openai/gpt-4o,acme/one", "COPILOTKIT_MODEL", "acme"},
		"an empty one":               {"COPILOTKIT_MODEL=openai/gpt-4o,", "COPILOTKIT_MODEL", "provider/model"},
		"the same twice":             {"COPILOTKIT_MODEL=openai/a,openai/a", "COPILOTKIT_MODEL", "twice"},
		"the embedded one":           {"COPILOTKIT_MODEL=openai/a,demo", "COPILOTKIT_MODEL", "alone"},
		"one without a key":          {"COPILOTKIT_MODEL=openai/a,groq/b", "GROQ_API_KEY", "groq/b"},
		"a temperature that is none": {"COPILOTKIT_MODEL_TEMPERATURE=warm", "COPILOTKIT_MODEL_TEMPERATURE", "from 0 to 2"},
		"not a number":               {"COPILOTKIT_MODEL_TEMPERATURE=NaN", "COPILOTKIT_MODEL_TEMPERATURE", "from 0 to 2"},
		"no tokens":                  {"COPILOTKIT_MODEL_MAX_TOKENS=0", "COPILOTKIT_MODEL_MAX_TOKENS", "from 1"},
		"an unknown effort":          {"COPILOTKIT_MODEL_REASONING_EFFORT=huge", "COPILOTKIT_MODEL_REASONING_EFFORT", "xhigh"},
		"options of an unknown one":  {`COPILOTKIT_MODEL_OPTIONS={"opneai":{"serviceTier":"flex"}}`, "COPILOTKIT_MODEL_OPTIONS", `unknown provider "opneai"`},
		"options of an alias":        {`COPILOTKIT_MODEL_OPTIONS={"gemini":{"cachedContent":"x"}}`, "COPILOTKIT_MODEL_OPTIONS", `"gemini" is another`},
		"options of no provider":     {`COPILOTKIT_MODEL_OPTIONS={"serviceTier":"secret"}`, "COPILOTKIT_MODEL_OPTIONS", "by provider"},
		"no time":                    {"COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS=0", "COPILOTKIT_MODEL_FIRST_TOKEN_SECONDS", "from 1"},
		"a time with a unit":         {"COPILOTKIT_MODEL_NEXT_TOKEN_SECONDS=1s", "COPILOTKIT_MODEL_NEXT_TOKEN_SECONDS", "whole number"},
		"no history":                 {"COPILOTKIT_MODEL_HISTORY_TOKENS=0", "COPILOTKIT_MODEL_HISTORY_TOKENS", "from 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bundle.New(t.Context(), env("OPENAI_API_KEY=k", test.entry))
			wrong := (*bundle.EnvError)(nil)
			if !errors.As(err, &wrong) || wrong.Name != test.variable || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
}
