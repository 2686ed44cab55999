package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
)

// startProduction serves as copilotkit serve does, until the test ends.
func startProduction(t *testing.T, entries ...string) *server {
	t.Helper()
	port := freeport.Take(t)
	ctx, interrupt := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serveProduction(ctx, func() []string { return append(entries, "PORT="+port) }, io.Discard)
	}()
	t.Setenv("PORT", port)
	s := &server{site: "http://127.0.0.1:" + port, interrupt: interrupt, ended: ended}
	for {
		select {
		case err := <-ended:
			t.Fatalf("serve returned %v", err)
		default:
		}
		if _, _, code := command(t, nil, "health"); code == 0 {
			break
		}
	}
	t.Cleanup(func() {
		interrupt()
		if err := <-ended; err != nil {
			t.Errorf("serve returned %v", err)
		}
	})
	return s
}

func TestProductionIsForWhomeverAuthLetsIn(t *testing.T) {
	s := startProduction(t, "COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=token", "COPILOTKIT_AUTH_TOKENS=ann:0123456789abcdef0123456789abcdef", "COPILOTKIT_CORS_ORIGINS=*")
	for _, test := range []struct {
		name, path, token string
		status            int
	}{
		{"a caller with a token", "/api/copilotkit/info", "0123456789abcdef0123456789abcdef", http.StatusOK},
		{"a caller without one", "/api/copilotkit/info", "", http.StatusUnauthorized},
		{"the playground, which there isn't", "/", "0123456789abcdef0123456789abcdef", http.StatusNotFound},
		{"a probe", "/healthz", "", http.StatusOK},
	} {
		request, err := http.NewRequest(http.MethodGet, s.site+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Close = "copilot.example", true
		if test.token != "" {
			request.Header.Set("Authorization", "Bearer "+test.token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%s gets %d, want %d", test.name, response.StatusCode, test.status)
		}
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	port := freeport.Take(t)
	for name, test := range map[string]struct{ port, want string }{
		"nothing listens":     {port, "connection refused"},
		"a port is no number": {"http", "PORT"},
	} {
		t.Setenv("PORT", test.port)
		if out, messages, code := command(t, nil, "health"); code != 1 || len(out) > 0 || !strings.Contains(messages, test.want) {
			t.Errorf("%s: it ends with %d, %s%s", name, code, out, messages)
		}
	}
}

func TestHealthIsNotReadyWhileTheServerDrains(t *testing.T) {
	s := startProduction(t, "COPILOTKIT_MODEL=demo", "COPILOTKIT_AUTH=none", "COPILOTKIT_DRAIN_SECONDS=1")
	s.interrupt()
	for {
		_, messages, code := command(t, nil, "health")
		if code == 0 {
			continue // it hasn't noticed yet
		}
		if !strings.Contains(messages, `{"status":"draining"}`) {
			t.Errorf("it ends with %d, %s", code, messages)
		}
		return
	}
}
