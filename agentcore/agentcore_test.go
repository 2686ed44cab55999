package agentcore_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/agentcore"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// idle is the Wait of a runtime that does nothing after its answers.
func idle(context.Context) error { return nil }

type pong struct {
	Status string `json:"status"`
	Since  int64  `json:"time_of_last_update"`
}

func ping(t *testing.T, handler http.Handler) pong {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/ping", nil))
	var p pong
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("/ping is answered with %d %v %s", w.Code, w.Header(), w.Body)
	}
	return p
}

func TestAnInstanceIsBusyAsLongAsARequestIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var background atomic.Bool
		handler := agentcore.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }), func(ctx context.Context) error {
			if background.Load() {
				return ctx.Err()
			}
			return nil
		})
		start := time.Now().Unix()
		invoke := func() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", agentcore.Path, strings.NewReader("{}")))
		}
		expect := func(when, status string, since int64) {
			t.Helper()
			if got := ping(t, handler); got != (pong{status, start + since}) {
				t.Errorf("%s: %s since %d s, want %s since %d", when, got.Status, got.Since-start, status, since)
			}
		}
		time.Sleep(10 * time.Second)
		expect("before the first request", "Healthy", 0)
		go invoke()
		synctest.Wait()
		time.Sleep(10 * time.Second)
		expect("during a request", "HealthyBusy", 10)
		go invoke()
		synctest.Wait()
		expect("during two", "HealthyBusy", 10)
		release <- struct{}{}
		time.Sleep(10 * time.Second)
		expect("when one has ended", "HealthyBusy", 10)
		release <- struct{}{}
		synctest.Wait()
		time.Sleep(10 * time.Second)
		expect("when both have", "Healthy", 30)

		background.Store(true)
		go invoke()
		synctest.Wait()
		time.Sleep(10 * time.Second)
		release <- struct{}{}
		synctest.Wait()
		time.Sleep(10 * time.Second)
		expect("when a run goes on after its answer", "HealthyBusy", 40)
		go invoke()
		synctest.Wait()
		release <- struct{}{}
		synctest.Wait()
		expect("when another request has come meanwhile", "HealthyBusy", 40)
		background.Store(false)
		expect("when it has ended, too", "Healthy", 60)
	})
}

func TestAnInstanceIsIdleAgainAfterAPanic(t *testing.T) {
	handler := agentcore.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), idle)
	func() {
		defer func() { _ = recover() }()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", agentcore.Path, nil))
	}()
	if got := ping(t, handler); got.Status != "Healthy" {
		t.Errorf("it is %s", got.Status)
	}
}

func TestTheRuntimeGetsWhatTheCallerHasSent(t *testing.T) {
	var got *http.Request
	var body string
	handler := agentcore.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		got, body = r, string(content)
	}), idle)
	request := httptest.NewRequest("POST", agentcore.Path+"?qualifier=DEFAULT", strings.NewReader(`{"messages":[]}`))
	sent := map[string]string{
		"Authorization":       "Bearer caller",
		"Content-Type":        "application/octet-stream",
		"Traceparent":         "00-1-1-01",
		"X-Tenant":            "a",
		"WorkloadAccessToken": "secret",
		"OAuth2CallbackUrl":   "https://a.example",
		"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id":    "session",
		"X-Amzn-Bedrock-AgentCore-Runtime-Request-Id":    "REQUEST-1",
		"X-Amzn-Bedrock-AgentCore-Runtime-User-Id":       "user",
		"X-Amz-Bedrock-AgentCore-Identity-WAT":           "secret",
		"X-Amzn-Bedrock-AgentCore-Runtime-Custom-Locale": "en",
	}
	for name, value := range sent {
		request.Header.Set(name, value)
	}
	handler.ServeHTTP(httptest.NewRecorder(), request)
	for name, want := range map[string]string{
		"Authorization": "Bearer caller", "Content-Type": "application/json", "Traceparent": "00-1-1-01", "X-Tenant": "a",
		"X-Amzn-Bedrock-AgentCore-Runtime-Custom-Locale": "en",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if len(got.Header) != 5 {
		t.Errorf("it also gets what AgentCore keeps for itself: %v", got.Header)
	}
	if body != `{"messages":[]}` || got.URL.Path != agentcore.Path || telemetry.RequestID(got.Context()) != "REQUEST-1" {
		t.Errorf("it gets %s of %s, as request %q", body, got.URL, telemetry.RequestID(got.Context()))
	}
	if request.Header.Get("WorkloadAccessToken") == "" {
		t.Error("the request itself was changed")
	}
}

func TestOtherRequestsAreTheRuntimes(t *testing.T) {
	handler := agentcore.Handler(http.NotFoundHandler(), idle)
	for _, target := range []string{"GET /invocations", "POST /ping", "GET /", "GET /ws"} {
		method, path, _ := strings.Cut(target, " ")
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, httptest.NewRequest(method, path, nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", target, w.Code)
		}
	}
	if got := ping(t, handler); got.Status != "Healthy" {
		t.Errorf("then it is %s", got.Status)
	}
}
