package core_test

import (
	"bufio"
	"context"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestDebugLogsWhatRunsDo(t *testing.T) {
	t.Parallel()
	caller := agent.Func(func(_ context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			_ = yield(agui.ToolCallStartEvent{ToolCallID: "c", ToolCallName: "look\nlevel=ERROR" + strings.Repeat("x", 300)}, nil) &&
				yield(agui.ToolCallArgsEvent{ToolCallID: "c", Delta: `{"secret":"ä"}`}, nil) &&
				yield(agui.ToolCallEndEvent{ToolCallID: "c"}, nil) &&
				yield(agui.CustomEvent{Name: "large", Value: []byte(`"` + strings.Repeat("secret ", 6000) + `"`)}, nil) &&
				yield(agui.RunErrorEvent{Message: "secret", Code: "broken"}, nil)
		}
	})
	for name, test := range map[string]struct {
		debug core.Debug
		// count is how many lines there are, logged what is in them, kept what isn't.
		count        int
		logged, kept []string
	}{
		"nothing":       {core.Debug{}, 0, nil, []string{"secret"}},
		"verbose alone": {core.Debug{Verbose: true}, 0, nil, []string{"secret"}},
		"lifecycle": {core.Debug{Lifecycle: true}, 2,
			[]string{`msg="run stream opened" agent=default thread=t1 run=r1`, `msg="run stream ended" agent=default thread=t1 run=r1 events=6 last=RUN_ERROR`},
			[]string{"secret", "look"}},
		"events": {core.Debug{Events: true}, 6,
			[]string{`type=RUN_STARTED`, `toolCallId=c toolCallName="look\nlevel=ERRORx`, `type=TOOL_CALL_ARGS bytes=72 toolCallId=c deltaLength=14`, `type=RUN_ERROR bytes=55 code=broken`},
			[]string{"secret", strings.Repeat("x", 300)}},
		"whole events": {core.Debug{Events: true, Lifecycle: true, Verbose: true}, 9,
			[]string{`event="{\"type\":\"TOOL_CALL_ARGS\",\"toolCallId\":\"c\",\"delta\":\"{\\\"secret\\\":\\\"ä\\\"}\"}"`, "…", "Debug.Verbose is set"},
			[]string{strings.Repeat("secret ", 5000)}},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			runtime := newRuntime(t, core.Config{
				Agents: agents(caller), Debug: test.debug, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			request{method: "POST", path: "/agent/default/run", body: input}.to(runtime)
			request{method: "POST", path: "/agent/default/suggest", body: input}.to(runtime)
			runtime.Close()
			lines := regexp.MustCompile(`(?m)^.*(msg="run stream|msg="run event|Debug\.).*$`).FindAllString(log.String(), -1)
			if len(lines) != test.count {
				t.Errorf("%d lines, want %d:\n%s", len(lines), test.count, strings.Join(lines, "\n"))
			}
			said := strings.Join(lines, "\n")
			for _, part := range test.logged {
				if !strings.Contains(said, part) {
					t.Errorf("no %s in\n%s", part, said)
				}
			}
			for _, part := range test.kept {
				if strings.Contains(said, part) {
					t.Errorf("%s is in\n%s", part, said)
				}
			}
		})
	}
}

func TestDebugEventsInProductionAreForUsersAlone(t *testing.T) {
	t.Parallel()
	identify := func(r *http.Request) (access.User, error) { return access.User{ID: r.Header.Get("X-User")}, nil }
	on := core.Debug{Events: true}
	for name, test := range map[string]struct {
		config core.Config
		user   string
		status int
	}{
		"without the setting":       {core.Config{Identify: identify}, "ann", http.StatusNotFound},
		"without users":             {core.Config{Debug: on}, "", http.StatusNotFound},
		"for a user without an id":  {core.Config{Debug: on, Identify: identify}, "", http.StatusNotFound},
		"for a user":                {core.Config{Debug: on, Identify: identify}, "ann", http.StatusOK},
		"for verbose logging alone": {core.Config{Debug: core.Debug{Verbose: true}, Identify: identify}, "ann", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(newRuntime(t, test.config))
			defer server.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			do := func(method, path, user, body string) *http.Response {
				r, _ := http.NewRequestWithContext(ctx, method, server.URL+path, strings.NewReader(body))
				r.Header.Set("X-User", user)
				r.Header.Set("Content-Type", "application/json")
				response, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { response.Body.Close() })
				return response
			}
			feed := do("GET", "/cpk-debug-events", test.user, "")
			if feed.StatusCode != test.status {
				t.Fatalf("status %d, want %d", feed.StatusCode, test.status)
			}
			if test.status != http.StatusOK {
				return
			}
			lines := bufio.NewScanner(feed.Body)
			lines.Scan() // connected
			do("POST", "/agent/default/run", "bob", strings.Replace(input, `"t1"`, `"of bob"`, 1))
			do("POST", "/agent/default/run", "ann", input)
			do("POST", "/agent/default/connect", "ann", input)
			for seen := 0; seen < 11 && lines.Scan(); {
				if line := lines.Text(); strings.HasPrefix(line, "data: ") {
					seen++
					if !strings.Contains(line, `"threadId":"t1"`) {
						t.Errorf("ann sees %s", line)
					}
				}
			}
		})
	}
}
