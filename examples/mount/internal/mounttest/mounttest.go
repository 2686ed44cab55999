// Package mounttest checks that a router passes requests and streams unchanged to a
// runtime that is mounted in it.
package mounttest

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// Check mounts a runtime at /api/copilotkit in the router that newRouter returns, and
// calls it over a real connection.
func Check(t *testing.T, newRouter func(runtime http.Handler) http.Handler) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	// The agent only goes on when the client has seen its first words.
	seen := make(chan struct{})
	talk := agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			if !yield(agui.TextMessageChunkEvent{MessageID: "m", Role: agui.RoleAssistant, Delta: "Hello,", HasDelta: true}, nil) {
				return
			}
			select {
			case <-seen:
				yield(agui.TextMessageChunkEvent{MessageID: "m", Delta: " world", HasDelta: true}, nil)
			case <-ctx.Done():
				yield(nil, ctx.Err())
			}
		}
	})
	runtime, err := core.New(core.Config{
		Agents:   map[string]agent.Agent{"default": talk},
		BasePath: "/api/copilotkit",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.Close()
	server := httptest.NewServer(newRouter(runtime))
	defer server.Close()

	run := do(ctx, t, http.MethodPost, server.URL+"/api/copilotkit/agent/default/run",
		`{"threadId":"t","runId":"r","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`)
	defer run.Body.Close()
	if run.StatusCode != http.StatusOK || run.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("run: got %s, %s", run.Status, run.Header.Get("Content-Type"))
	}
	var text strings.Builder
	for scanner := bufio.NewScanner(run.Body); scanner.Scan(); {
		text.WriteString(scanner.Text())
		if strings.Contains(scanner.Text(), "Hello,") {
			close(seen)
		}
	}
	if got := text.String(); !strings.Contains(got, " world") || !strings.HasSuffix(got, "}") || !strings.Contains(got, "TEXT_MESSAGE_END") {
		t.Errorf("run: got %s", got)
	}

	for _, test := range []struct {
		path   string
		status int
	}{
		{"/api/copilotkit/info", http.StatusOK},
		{"/api/copilotkit/threads/" + "a%2Fb" + "/messages", http.StatusOK},
		{"/api/copilotkit/nothing", http.StatusNotFound},
		{"/healthz", http.StatusOK},
	} {
		response := do(ctx, t, http.MethodGet, server.URL+test.path, "")
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("GET %s: got %s %s, want %d", test.path, response.Status, body, test.status)
		}
	}
}

func do(ctx context.Context, t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
