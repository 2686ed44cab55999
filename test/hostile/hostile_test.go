// Package hostile runs the whole runtime, made from its environment, against
// providers, remote agents and MCP servers that do everything wrong: each run must
// end in good order and in time, and neither its client nor the log may be told what
// is none of their business.
package hostile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/bundle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each is somewhere in what the hostile server is sent, and it may quote all of it.
const (
	apiKey         = "sk-hostile-4711"
	prompt         = "my \"private\" prompt:\nthe cake is baked on Tuesday"
	question       = "my private question: is it \"true\" that\nthe cake is a lie?"
	forwardedToken = "forwarded-token-0815"
	serverToken    = "configured-token-1234"
	urlPassword    = "url-pass-word"
	urlPath        = "secret-path-5678"
	urlKey         = "url-key-9012"
)

var secrets = []string{
	apiKey, "cake is baked", "cake is a lie", forwardedToken, serverToken, urlPassword, urlPath, urlKey,
}

// How long the servers under test wait for a peer.
const (
	brief = 2 * time.Second
	long  = 20 * time.Second
)

// mcpTimeouts are those of MCP servers, each of which gives an error, whatever its fault.
var mcpTimeouts = bundle.Timeouts{MCPConnect: brief, MCPCall: brief}

// What none of them ends, such as an endless stream of comments, shortRun does. All
// other runs have longRun, which none of them may need.
const (
	shortRun = 12 * time.Second
	longRun  = 2 * time.Minute
)

// slack is how much longer a run may take on a busy machine. What isn't bounded at
// all takes minutes.
const slack = 30 * time.Second

// secretURL returns the URL of a server with all that may be secret in one.
func secretURL(server *httptest.Server) string {
	return strings.Replace(server.URL, "http://", "http://user:"+urlPassword+"@", 1) + "/" + urlPath + "/x?api_key=" + urlKey
}

// outcome is what became of a run: all that its client and the log got.
type outcome struct {
	events []map[string]any
	// leaks are events in which a secret is, but for RUN_STARTED, which has the run's own
	// input. Some runs have too many bytes to keep all events.
	leaks []string
	log   string
	took  time.Duration
	limit time.Duration
}

// run makes a runtime from its environment and runs its agent "default" once.
func run(t *testing.T, timeouts bundle.Timeouts, limit time.Duration, env ...string) outcome {
	t.Helper()
	var log syncBuffer
	runtime, err := bundle.New(t.Context(), func() []string { return append([]string{"COPILOTKIT_AUTH=none"}, env...) },
		bundle.WithTimeouts(timeouts),
		bundle.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		bundle.WithConfig(func(config *core.Config) {
			config.RunTimeout = limit
		}))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(runtime)
	defer func() {
		server.Close()
		if err := runtime.Close(); err != nil {
			t.Logf("close: %v", err)
		}
	}()
	input, err := json.Marshal(map[string]any{
		"threadId": "t1", "runId": "r1", "tools": []any{}, "context": []any{}, "state": map[string]any{}, "forwardedProps": map[string]any{},
		"messages": []any{map[string]any{"id": "m1", "role": "user", "content": question}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), longRun+slack)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/copilotkit/agent/default/run", bytes.NewReader(input))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+forwardedToken)
	request.Header.Set("X-Auth-Token", forwardedToken)
	began := time.Now()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %s", response.Status)
	}
	got := outcome{limit: limit}
	for event, err := range agui.ReadSSE(response.Body, 64<<20) {
		if err != nil {
			t.Fatalf("the stream broke off: %v", err)
		}
		decoded, err := decode(event.Data)
		if err != nil {
			t.Fatal(err)
		}
		got.events = append(got.events, decoded)
		if decoded["type"] != "RUN_STARTED" {
			for _, secret := range secrets {
				if bytes.Contains(event.Data, []byte(secret)) {
					got.leaks = append(got.leaks, string(event.Data))
				}
			}
		}
	}
	got.took, got.log = time.Since(began), log.String()
	return got
}

// decode returns the fields of an event. A delta without escapes is cut out first: the
// race detector makes the decoder slow, and some are of megabytes.
func decode(data []byte) (fields map[string]any, err error) {
	before, after, found := bytes.Cut(data, []byte(`"delta":"`))
	delta, rest, _ := bytes.Cut(after, []byte(`"`))
	if !found || bytes.IndexByte(delta, '\\') >= 0 {
		return fields, json.Unmarshal(data, &fields)
	}
	err = json.Unmarshal(slices.Concat(before, []byte(`"delta":""`), rest), &fields)
	if err == nil {
		fields["delta"] = string(delta)
	}
	return fields, err
}

// check checks what every run must be like: in order, in time, and discreet.
func (o *outcome) check(t *testing.T) {
	t.Helper()
	most := shortRun
	if floods.MatchString(t.Name()) {
		most = longRun
	}
	if o.took > min(o.limit, most)+slack {
		t.Errorf("the run took %v", o.took)
	}
	if len(o.events) < 2 || o.events[0]["type"] != "RUN_STARTED" || !terminal(o.events[len(o.events)-1]) {
		t.Fatalf("the run has the events %s", o.types())
	}
	open := map[string]bool{}
	for i, event := range o.events {
		kind, _ := event["type"].(string)
		if i > 0 && kind == "RUN_STARTED" || i < len(o.events)-1 && terminal(event) {
			t.Errorf("event %d is %s in %s", i, kind, o.types())
		}
		for start, end := range map[string]string{
			"TEXT_MESSAGE_START": "TEXT_MESSAGE_END", "TOOL_CALL_START": "TOOL_CALL_END", "REASONING_START": "REASONING_END",
		} {
			id := fmt.Sprint(start, event["messageId"], event["toolCallId"])
			switch kind {
			case start:
				open[id] = true
			case end:
				delete(open, id)
			}
		}
	}
	if len(open) > 0 && o.last()["type"] == "RUN_FINISHED" {
		t.Errorf("the run ends with %v open", open)
	}
	if message := o.last()["message"]; o.last()["type"] == "RUN_ERROR" && (message == "" || message == nil || o.last()["code"] == nil) {
		t.Errorf("the run ends with %v", o.last())
	}
	leaks := map[string]string{"client": strings.Join(o.leaks, "\n"), "log": o.log}
	for _, secret := range secrets {
		for place, text := range leaks {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("the %s is told %q: …%s…", place, secret, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}

// last returns the run's last event.
func (o *outcome) last() map[string]any { return o.events[len(o.events)-1] }

// text returns the text of the run's messages, in parts.
func (o *outcome) text() (parts []string) {
	for _, event := range o.events {
		if event["type"] == "TEXT_MESSAGE_CONTENT" {
			parts = append(parts, event["delta"].(string))
		}
	}
	return parts
}

// join reports whether parts are a text together, without making a second one of it.
func join(parts []string, text string) bool {
	for _, part := range parts {
		var found bool
		if text, found = strings.CutPrefix(text, part); !found {
			return false
		}
	}
	return text == ""
}

// result returns the content of the run's first tool result.
func (o *outcome) result() string {
	for _, event := range o.events {
		if event["type"] == "TOOL_CALL_RESULT" {
			return event["content"].(string)
		}
	}
	return ""
}

func (o *outcome) types() string {
	var types []string
	for _, event := range o.events {
		types = append(types, fmt.Sprint(event["type"]))
	}
	return strings.Join(types[:min(len(types), 50)], " ")
}

func terminal(event map[string]any) bool {
	return event["type"] == "RUN_FINISHED" || event["type"] == "RUN_ERROR"
}

// syncBuffer is a buffer for a logger.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

var _ io.Writer = (*syncBuffer)(nil)
