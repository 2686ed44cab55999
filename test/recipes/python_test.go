package recipes

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/store/redis/redistest"
	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

const (
	base     = platformtest.BasePath
	runs     = base + "/agent/default/run"
	connects = base + "/agent/default/connect"
	stops    = base + "/agent/default/stop/"
)

func startPython(t *testing.T, env ...string) *platformtest.Deployment {
	t.Helper()
	return startPythonAt(t, freeport.Take(t), env...)
}

func startPythonAt(t *testing.T, port string, env ...string) *platformtest.Deployment {
	t.Helper()
	path := pathWithPython()
	if path == "" {
		t.Fatal("there is no Python with fastapi and uvicorn: run make test-tools")
	}
	return startAgent(t, behindPython, "uvicorn agent:app", "8000", port, append(env, "PYTHONDONTWRITEBYTECODE=1", "PATH="+path)...)
}

// event is what the agent and the runtime have sent, as it is.
type event struct {
	Type         string
	Delta        any
	ToolCallName string
	Snapshot     json.RawMessage
	Code         string
	Message      string
}

// say runs the agent on a thread of its own, with a state, and returns its events.
func say(t *testing.T, runtime *platformtest.Deployment, thread, state, text string, header http.Header) []event {
	t.Helper()
	input, err := json.Marshal(map[string]any{
		"threadId": thread, "runId": "run-" + text, "state": json.RawMessage(state), "context": []any{}, "forwardedProps": map[string]any{},
		"messages": []any{map[string]any{"id": "message-" + text, "role": "user", "content": text}},
		"tools":    []any{map[string]any{"name": "bookTable", "description": "Book a table", "parameters": map[string]any{"type": "object"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, runtime, runs, string(input), header)
}

// post returns the events of an answer.
func post(t *testing.T, runtime *platformtest.Deployment, path, body string, header http.Header) []event {
	t.Helper()
	return slices.Collect(stream(t, runtime, path, body, header))
}

// stream posts a body, and yields the events of the answer as they come.
func stream(t *testing.T, runtime *platformtest.Deployment, path, body string, header http.Header) iter.Seq[event] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, runtime.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("POST %s: %v\n%s", path, err, runtime.Log)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("POST %s has status %d\n%s", path, response.StatusCode, runtime.Log)
	}
	lines := bufio.NewScanner(response.Body)
	return func(yield func(event) bool) {
		for lines.Scan() {
			data, found := strings.CutPrefix(lines.Text(), "data: ")
			if !found {
				continue
			}
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatalf("decode %s: %v", data, err)
			}
			if !yield(e) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("the stream broke off: %v", err)
		}
	}
}

// summary says in a line what events come to.
func summary(events []event) string {
	var parts []string
	var text strings.Builder
	for _, e := range events {
		switch e.Type {
		case "TEXT_MESSAGE_CONTENT", "TOOL_CALL_ARGS":
			delta, _ := e.Delta.(string)
			text.WriteString(delta)
		case "TEXT_MESSAGE_END", "TOOL_CALL_END":
			parts = append(parts, strings.TrimSpace(text.String()))
			text.Reset()
		case "TOOL_CALL_START":
			parts = append(parts, "call "+e.ToolCallName)
		case "STATE_SNAPSHOT":
			parts = append(parts, "state "+string(e.Snapshot))
		case "STATE_DELTA":
			delta, _ := json.Marshal(e.Delta)
			parts = append(parts, "change "+string(delta))
		case "RUN_ERROR":
			parts = append(parts, e.Type+" "+e.Code)
		case "RUN_STARTED", "RUN_FINISHED":
			parts = append(parts, e.Type)
		}
	}
	return strings.Join(parts, " | ")
}

func TestThePythonAgentWorksBehindTheRuntime(t *testing.T) {
	t.Parallel()
	agent := startPython(t)
	runtime := startRuntime(t, withAgent(t, behindPython, agent))
	for name, c := range map[string]struct{ state, text, want string }{
		"text streams":                 {`{}`, "list", "RUN_STARTED | On the list: nothing yet. | RUN_FINISHED"},
		"the first item makes a state": {`{"count":1}`, "add milk", `RUN_STARTED | state {"count": 1, "items": ["milk"]} | Added milk. | RUN_FINISHED`},
		"the next changes it":          {`{"items":["milk"]}`, "add bread", `RUN_STARTED | change [{"op":"add","path":"/items/-","value":"bread"}] | Added bread. | RUN_FINISHED`},
		"a front-end tool is called":   {`{}`, "book Luigi at 19:00", `RUN_STARTED | call bookTable | {"place": "Luigi", "time": "19:00"} | RUN_FINISHED`},
		"a failure is told in order":   {`{}`, "fail", "RUN_STARTED | RUN_ERROR AGENT_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := summary(say(t, runtime, "thread "+name, c.state, c.text, nil)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	t.Run("the result of a front-end tool arrives", func(t *testing.T) {
		t.Parallel()
		got := summary(post(t, runtime, runs, `{"threadId":"t","runId":"r2","state":{},"tools":[],"context":[],"forwardedProps":{},"messages":[
			{"id":"m1","role":"user","content":[{"type":"text","text":"book Luigi at 19:00"}]},
			{"id":"m2","role":"assistant","toolCalls":[{"id":"c1","type":"function","function":{"name":"bookTable","arguments":"{}"}}]},
			{"id":"m3","role":"tool","toolCallId":"c1","content":"Approved"}]}`, nil))
		if want := "RUN_STARTED | You answered: Approved | RUN_FINISHED"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestHeadersReachThePythonAgentAsThePageSays(t *testing.T) {
	t.Parallel()
	agent := startPython(t, "AGENT_KEY=secret")
	withKey := `COPILOTKIT_AGENTS={"default":{"url":"` + agent.URL + `/","headers":{"X-Agent-Key":"secret"}}}`
	caller := http.Header{"X-Tenant": {"acme"}, "Authorization": {"Bearer caller"}}
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"no token in production":          {[]string{withKey, "COPILOTKIT_ENV=production"}, "RUN_STARTED | Your tenant is acme, and you sent no token. | RUN_FINISHED"},
		"the token if the agent is named": {[]string{withKey, "COPILOTKIT_ENV=production", "COPILOTKIT_FORWARD_AUTHORIZATION=default"}, "RUN_STARTED | Your tenant is acme, and you sent a token. | RUN_FINISHED"},
		"nothing without the key":         {[]string{withAgent(t, behindPython, agent)}, "RUN_STARTED | RUN_ERROR remote_agent_error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := summary(say(t, startRuntime(t, c.env...), "thread", `{}`, "who am i", caller)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// What compose.yaml starts, as processes: the agent, a Redis, and two of the runtime with
// the variables of the file.
func TestWhatComposeStartsStopsAndReloadsFromAnyInstance(t *testing.T) {
	t.Parallel()
	agent := startPython(t)
	env := composeEnvironment(t, strings.NewReplacer(
		"http://agent:8000", agent.URL,
		"redis://redis:6379", redistest.Start(t).URL(),
		"${COPILOTKIT_SESSION_KEY:?}", strings.Repeat("k", 32),
	))
	a, b := startRuntime(t, env...), startRuntime(t, env...)

	page := http.Header{"Origin": {"http://localhost:5173"}, "Content-Type": {"application/json"}}
	first := a.Do(t, http.MethodPost, runs, platformtest.RunInput("first", "list"), page)
	cookie, _, _ := strings.Cut(first.Header.Get("Set-Cookie"), ";")
	if first.Status != http.StatusOK || cookie == "" {
		t.Fatalf("the first run has status %d and cookie %q: %s\n%s", first.Status, cookie, first.Body, a.Log)
	}
	user := maps.Clone(page)
	user.Set("Cookie", cookie)

	var counted []event
	for e := range stream(t, a, runs, platformtest.RunInput("thread", "count"), user) {
		if counted = append(counted, e); e.Type == "TEXT_MESSAGE_CONTENT" && !slices.ContainsFunc(counted[:len(counted)-1], isText) {
			if answer := b.Do(t, http.MethodPost, stops+"thread", "{}", user); !strings.Contains(string(answer.Body), `"stopped":true`) {
				t.Fatalf("stop on the other instance answers %s", answer.Body)
			}
		}
	}
	got := summary(counted)
	if !strings.HasPrefix(got, "RUN_STARTED | 1 ") && !strings.HasPrefix(got, "RUN_STARTED | 1 |") || !strings.HasSuffix(got, "RUN_FINISHED") {
		t.Errorf("the run that was stopped has %s", got)
	}
	agent.Log.Await(t, "was stopped")

	again := summary(post(t, b, connects, platformtest.RunInput("thread", "count"), user))
	if again != got {
		t.Errorf("after a reload there is\n%s\nof\n%s", again, got)
	}
	stranger := post(t, b, connects, platformtest.RunInput("thread", "count"), page)
	if len(stranger) != 0 {
		t.Errorf("a stranger sees %v", stranger)
	}
}

func isText(e event) bool { return e.Type == "TEXT_MESSAGE_CONTENT" }

func TestAnAgentThatIsKilledInMidRunEndsItInOrder(t *testing.T) {
	t.Parallel()
	port := freeport.Take(t)
	agent := startPythonAt(t, port)
	runtime := startRuntime(t, withAgent(t, behindPython, agent))
	run := runtime.Stream(t, runs, platformtest.RunInput("thread", "count"))
	seen := run.Until(t, "TEXT_MESSAGE_CONTENT")
	agent.OnStop()
	seen = append(seen, run.Rest(t)...)
	if last := seen[len(seen)-1]; last.Type != "RUN_ERROR" || last.Code != "remote_agent_stream_broken" {
		t.Errorf("the last event is %+v", last)
	}

	if got := summary(say(t, runtime, "thread", `{}`, "list", nil)); got != "RUN_STARTED | RUN_ERROR remote_agent_unreachable" {
		t.Errorf("without an agent the answer is %s", got)
	}
	startPythonAt(t, port)
	if got := summary(say(t, runtime, "thread", `{}`, "list", nil)); got != "RUN_STARTED | On the list: nothing yet. | RUN_FINISHED" {
		t.Errorf("with the agent back the answer is %s", got)
	}
}
