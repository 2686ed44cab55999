package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/telemetry"
)

// jsonLog is a log whose lines are those of a deployment.
type jsonLog struct{ bytes.Buffer }

func (l *jsonLog) logger(level slog.Level) *slog.Logger {
	return slog.New(telemetry.LogHandler(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level}), nil))
}

// lines returns the lines, each of which must be JSON.
func (l *jsonLog) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

func TestEachRunAndEachRequestHasOneLineInTheLog(t *testing.T) {
	var log jsonLog
	handler := newRuntime(t, core.Config{
		Agents: agents(using(4, 6, finishes)), Identify: byHeader, Logger: log.logger(slog.LevelInfo),
	})
	r := runOn("t1")
	r.header = http.Header{"User": {"ann"}, "X-Request-Id": {"their-id"}, "Traceparent": {traceparent}}
	if got := r.to(handler).Header().Get("X-Request-Id"); got != "their-id" {
		t.Errorf("the answer has the id %q", got)
	}
	lines := log.lines(t)
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), &log)
	}
	shared := map[string]any{"level": "INFO", "user": "ann", "requestId": "their-id", "traceId": traceID, "spanId": "00f067aa0ba902b7"}
	for i, want := range []map[string]any{
		{
			"msg": "run ended", "kind": "run", "agent": "default", "thread": "t1", "run": "r1",
			"outcome": "completed", "inputTokens": 4.0, "outputTokens": 6.0, "events": 2.0, "steps": 1.0,
		},
		{"msg": "request ended", "method": "POST", "route": "agent/run", "status": 200.0},
	} {
		maps.Copy(want, shared)
		for name, want := range want {
			if got := lines[i][name]; got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		for _, name := range []string{"duration", "firstEvent", "bytes"} {
			if got, ok := lines[i][name].(float64); ok == (name == "firstEvent" && i == 1 || name == "bytes" && i == 0) || ok && got <= 0 {
				t.Errorf("line %d: %s is %v", i, name, lines[i][name])
			}
		}
	}
}

func TestWhatTheLineOfARequestSays(t *testing.T) {
	failing := core.Hooks{OnRequest: func(r *http.Request) (*http.Request, error) {
		if r.URL.Query().Has("fail") {
			return nil, errors.New("disk on fire")
		}
		return r, nil
	}}
	for _, test := range []struct {
		name string
		request
		want map[string]any
	}{
		{"no route", request{method: "GET", path: "/nothing"}, map[string]any{"level": "INFO", "path": "/nothing", "status": 404.0}},
		{"a code", request{method: "POST", path: "/agent/default/run", body: strings.Repeat(" ", 2000)},
			map[string]any{"level": "INFO", "route": "agent/run", "status": 413.0, "code": "request_body_too_large"}},
		{"a refusal that is explained to a chat", request{
			method: "POST", path: "/agent/default/run", header: http.Header{"Accept": {"text/event-stream"}},
			body: `{"threadId":"t","runId":"r","x":"` + strings.Repeat("x", 2000),
		}, map[string]any{"level": "INFO", "route": "agent/run", "status": 200.0, "code": "request_body_too_large"}},
		{"an internal error", request{method: "GET", path: "/info?fail"}, map[string]any{"level": "ERROR", "status": 500.0, "error": "disk on fire"}},
		{"a preflight", request{method: "OPTIONS", path: "/info"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log jsonLog
			test.to(newRuntime(t, core.Config{CORS: &core.CORS{}, Hooks: failing, MaxBodyBytes: 1000, Logger: log.logger(slog.LevelInfo)}))
			lines := log.lines(t)
			if test.want == nil {
				if len(lines) > 0 {
					t.Errorf("the log has %s", &log)
				}
				return
			}
			if len(lines) != 1 {
				t.Fatalf("%d lines: %s", len(lines), &log)
			}
			for name, want := range test.want {
				if got := lines[0][name]; got != want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
		})
	}
}

func TestAnErrorsAnswerNamesItsRequest(t *testing.T) {
	var log jsonLog
	handler := newRuntime(t, core.Config{
		CORS:   &core.CORS{},
		Hooks:  core.Hooks{OnRequest: func(*http.Request) (*http.Request, error) { return nil, errors.New("no") }},
		Logger: log.logger(slog.LevelInfo),
	})
	got := request{method: "GET", path: "/info"}.to(handler)
	id := got.Header().Get("X-Request-Id")
	if want := `{"error":"internal_error","requestId":"` + id + `"}`; got.Body.String() != want || id == "" {
		t.Errorf("the answer is %s, want %s", got.Body, want)
	}
	if exposed := got.Header().Get("Access-Control-Expose-Headers"); exposed != "X-Request-Id" {
		t.Errorf("pages may read %q", exposed)
	}
	if lines := log.lines(t); len(lines) != 1 || lines[0]["requestId"] != id {
		t.Errorf("the log has %s", &log)
	}
}

func TestNobodyForgesOrFillsTheLog(t *testing.T) {
	const forged = "x\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\r\n\u2028\x1b[2J"
	long := strings.Repeat("a", 1<<20)
	in := func(threadID, runID string) string {
		body, err := json.Marshal(map[string]any{
			"threadId": threadID, "runId": runID, "state": map[string]any{}, "messages": []any{}, "tools": []any{}, "context": []any{}, "forwardedProps": nil,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	everywhere := func(text string) http.Header {
		header := make(http.Header)
		for _, name := range []string{"X-Request-Id", "Traceparent", "X-Cloud-Trace-Context", "X-Amzn-Trace-Id", "X-Vercel-Id", "Function-Execution-Id", "User-Agent", "X-Forwarded-For"} {
			header.Set(name, text)
		}
		return header
	}
	for _, test := range []request{
		{method: "GET", path: "/" + "nothing%0a%7b%22level%22:%22ERROR%22%7d", header: everywhere(forged)},
		{method: "GET", path: "/info", header: everywhere(long)},
		{method: "POST", path: "/agent/default/run", body: in(forged, forged), header: everywhere(forged)},
		{method: "POST", path: "/agent/default/run", body: in("t", strings.Repeat("r", 512))},
		{method: "POST", path: "/agent/x%0aforged/run", body: in("t", "r")},
		{method: "A\nforged" + long, path: "/info"},
	} {
		for _, text := range []bool{false, true} {
			var log jsonLog
			logger := log.logger(slog.LevelInfo)
			if text {
				logger = textLogger(&log)
			}
			method := test.method
			test.method = "GET" // httptest builds no others
			r := test.build()
			r.Method, test.method = method, method
			answer := recorded(newRuntime(t, core.Config{Logger: logger}), r)
			if id := answer.Header().Get("X-Request-Id"); !telemetry.ValidRequestID(id) || len(id) > 26 {
				t.Errorf("%.40s %.40s: the answer's id is %.100q", test.method, test.path, id)
			}
			if log.Len() > 4<<10 || strings.Count(log.String(), "\n") > 2 {
				t.Errorf("%.40s %.40s: %d bytes: %.2000s", test.method, test.path, log.Len(), log.String())
			}
			if text {
				continue
			}
			for _, line := range log.lines(t) {
				if line["msg"] == "forged" || line["level"] != "INFO" || line["traceId"] != nil {
					t.Errorf("%.40s %.40s: %v", test.method, test.path, line)
				}
			}
		}
	}
}

// broken is a disk that is full.
type broken struct{ lines int }

func (b *broken) Write([]byte) (int, error) {
	b.lines++
	return 0, errors.New("no space left on device")
}

func TestALogThatCannotBeWrittenStopsNoRun(t *testing.T) {
	disk := &broken{}
	handler := newRuntime(t, core.Config{Logger: slog.New(slog.NewJSONHandler(disk, nil))})
	if got := runOn("t1").to(handler); got.Code != 200 || !strings.Contains(got.Body.String(), "RUN_FINISHED") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if disk.lines != 2 {
		t.Errorf("%d lines were tried", disk.lines)
	}
}

func TestTheIDOfARequest(t *testing.T) {
	for _, test := range []struct {
		name                    string
		platform, outer, client string
		want                    string
	}{
		{"is the client's", "", "", "abc-1.2:3=/@+_", "abc-1.2:3=/@+_"},
		{"is the platform's before that", "platform", "outer", "client", "platform"},
		{"is that of a layer around before the client's", "", "outer", "client", "outer"},
		{"is a new one without", "", "", "", ""},
		{"is a new one if it is too long", "", "", strings.Repeat("a", 129), ""},
		{"is a new one if it has a space", "", "", "a b", ""},
		{"is a new one if it has markup", "", "", "<script>", ""},
		{"is a new one if it isn't ASCII", "", "", "é", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{})
			r := request{method: "GET", path: "/info", header: http.Header{"X-Request-Id": {test.client}}}.build()
			r = r.WithContext(telemetry.WithRequestID(r.Context(), test.platform))
			var ids []string
			for range 2 {
				answer := recordedWith(handler, r, test.outer)
				ids = append(ids, answer.Header().Get("X-Request-Id"))
			}
			if test.want == "" {
				if len(ids[0]) != 26 || ids[0] == ids[1] || slices.Contains(ids, test.client) {
					t.Errorf("got %q", ids)
				}
			} else if ids[0] != test.want || ids[1] != test.want {
				t.Errorf("got %q, want %q", ids, test.want)
			}
		})
	}
}

// What a provider or an agent says is wrong with a thread's naming may quote a part of it.
func TestTheConversationThatAThreadIsNamedFromIsNotLogged(t *testing.T) {
	var log jsonLog
	failing := titled(func(_ context.Context, in *agui.RunAgentInput, yield func(agui.Event, error) bool) {
		_, question, _ := strings.Cut(in.Messages[1].Content.Text(), ": ")
		yield(nil, errors.New("can't name "+question))
	})
	handler := newRuntime(t, core.Config{
		Agents: agents(failing), NameThreads: true, Logger: log.logger(slog.LevelDebug),
	})
	request{method: "POST", path: "/agent/default/run", body: asking}.to(handler)
	if text := log.String(); strings.Contains(text, "Matterhorn") || !strings.Contains(text, `"kind":"name","outcome":"agent failed"`) {
		t.Errorf("the log has %s", text)
	}
}

func TestWhatAnAgentSendsDoesNotFillTheLog(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	for name, event := range map[string]agui.Event{
		"an id that isn't known": agui.TextMessageContentEvent{MessageID: long, Delta: "a"},
		"a code":                 agui.RunErrorEvent{Code: long, Message: long},
	} {
		var log jsonLog
		sending := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) { yield(event, nil) }
		})
		request{method: "POST", path: "/agent/default/run", body: input}.to(newRuntime(t, core.Config{Agents: agents(sending), Logger: log.logger(slog.LevelInfo)}))
		if lines := log.lines(t); len(lines) != 2 || log.Len() > 10_000 {
			t.Errorf("%s: %d lines with %d bytes", name, len(lines), log.Len())
		}
	}
}
