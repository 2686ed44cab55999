package core_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// frames joins events to a stream.
func frames(events ...string) string {
	var stream strings.Builder
	for _, event := range events {
		stream.WriteString("data: " + event + "\n\n")
	}
	return stream.String()
}

const (
	started  = `{"type":"RUN_STARTED","threadId":"t1","runId":"r1","input":` + input + `}`
	opened   = `{"type":"TEXT_MESSAGE_START","messageId":"m1","role":"assistant"}`
	closed   = `{"type":"TEXT_MESSAGE_END","messageId":"m1"}`
	finished = `{"type":"RUN_FINISHED","threadId":"t1","runId":"r1"}`
)

func text(delta string) string {
	return `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"` + delta + `"}`
}

var streamHeader = map[string]string{
	"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "Connection": "keep-alive", "X-Accel-Buffering": "no",
}

// blocking yields one delta, sends its input to begun, and waits for its end.
func blocking(begun chan<- *agui.RunAgentInput) agent.Func {
	return func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			if !yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil) ||
				!yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "hi"}, nil) {
				return
			}
			begun <- in
			<-ctx.Done()
		}
	}
}

func TestRunConnectAndSuggestStreamAsTheReferenceDoes(t *testing.T) {
	for name, serve := range map[string]func(*core.Config) func(route, body string) request{
		"multi-route": func(*core.Config) func(route, body string) request {
			return func(route, body string) request {
				return request{method: "POST", path: base + "/agent/%C3%A4%2Fb/" + route, body: body}
			}
		},
		"single-route": func(config *core.Config) func(route, body string) request {
			config.SingleRoute = true
			return func(route, body string) request {
				return request{method: "POST", path: base, body: `{"method":"agent/` + route + `","params":{"agentId":"ä/b"},"body":` + body + `}`}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := core.Config{BasePath: base}
			to := serve(&config)
			handler := newRuntime(t, config)
			empty := answer{200, "", streamHeader}
			checkAnswer(t, handler, to("connect", input), empty)
			checkAnswer(t, handler, to("suggest", input), answer{200, frames(
				`{"type":"RUN_STARTED","threadId":"t1","runId":"r1"}`, opened, text("hi"), text(" there"), closed, finished), streamHeader})
			checkAnswer(t, handler, to("connect", input), empty)
			checkAnswer(t, handler, to("run", input), answer{200, frames(
				started, opened, text("hi"), text(" there"), closed, finished), streamHeader})
			checkAnswer(t, handler, to("connect", input), answer{200, frames(
				started, opened, text("hi there"), closed, finished), streamHeader})
		})
	}
}

func TestBodiesThatAreNoRunInput(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(input, old, replacement, 1) }
	handler := newRuntime(t, core.Config{})
	for _, test := range []struct{ name, body, detail string }{
		{"nothing", "", ""},
		{"broken JSON", "{", ""},
		{"null", "null", ""},
		{"a list", "[]", ""},
		{"text", `"x"`, ""},
		{"an empty object", "{}", "threadId"},
		{"two inputs", input + input, ""},
		{"a thread id that is a number", with(`"t1"`, "1"), "threadId"},
		{"no run id", with(`"runId":"r1",`, ""), "runId"},
		{"messages that are an object", with(`"messages":[]`, `"messages":{}`), "messages"},
		{"a message of an unknown role", with(`"messages":[]`, `"messages":[{"id":"a","role":"zzz","content":"x"}]`), "messages[0].role"},
		{"a message without an id", with(`"messages":[]`, `"messages":[{"role":"user","content":"x"}]`), "messages[0].id"},
		{"a tool whose name is a number", with(`"tools":[]`, `"tools":[{"name":1,"description":"","parameters":{}}]`), "tools[0].name"},
	} {
		for _, route := range []string{"run", "connect", "suggest"} {
			t.Run(route+" of "+test.name, func(t *testing.T) {
				got := request{method: "POST", path: "/agent/default/" + route, body: test.body}.to(handler)
				if got.Code != 400 || !strings.HasPrefix(got.Body.String(), `{"error":"Invalid request body","details":"`) ||
					!strings.Contains(got.Body.String(), test.detail) {
					t.Errorf("got %d %s, want 400 with details about %q", got.Code, got.Body, test.detail)
				}
			})
		}
	}
}

func TestRunIsLenientWhereTheReferenceIs(t *testing.T) {
	for name, r := range map[string]request{
		"about a byte order mark":    {body: "\ufeff" + input},
		"about fields it can't know": {body: strings.Replace(input, "{", `{"x":1,`, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			r.method, r.path = "POST", "/agent/default/run"
			if got := r.to(newRuntime(t, core.Config{})); got.Code != 200 {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
		})
	}
}

func TestAgentsThatAreNotThere(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base})
	for _, id := range []string{"nope", "__proto__", "Default"} {
		for _, route := range []string{"run", "connect", "suggest"} {
			// Even before its body is looked at.
			checkAnswer(t, handler, request{method: "POST", path: base + "/agent/" + id + "/" + route, body: "{"},
				answer{404, `{"error":"Agent not found","message":"Agent '` + id + `' does not exist"}`, nil})
		}
	}
	checkAnswer(t, handler, request{method: "POST", path: base + "/agent/nope/stop/t", body: "{}"},
		answer{404, `{"error":"Agent not found","message":"Agent 'nope' does not exist"}`, nil})
	for _, path := range []string{"/agent/%E4/run", "/agent/%25zz/x/run", "/agent//run", "/agent/default/stop/%E4", "/agent/%E4/stop/t"} {
		checkAnswer(t, handler, request{method: "POST", path: base + path, body: input}, answer{404, nothing, nil})
	}
}

func TestStopAnswers(t *testing.T) {
	handler := newRuntime(t, core.Config{BasePath: base})
	none := answer{200, `{"stopped":false,"message":"No active run for thread 't9'."}`, nil}
	invalid := answer{400, `{"error":"Invalid stop request"}`, nil}
	for _, test := range []struct {
		body string
		want answer
	}{
		{"", none}, {"  ", none}, {"{}", none},
		{`{"runId":"r"}`, answer{200, `{"stopped":false,"message":"Run 'r' is not the active run for thread 't9'."}`, nil}},
		{`{"runId":""}`, answer{400, `{"error":"Invalid runId"}`, nil}},
		{`{"runId":1}`, answer{400, `{"error":"Invalid runId"}`, nil}},
		{`{"x":1}`, invalid}, {`{"runId":"r","x":1}`, invalid}, {"[]", invalid}, {"null", invalid}, {"{", invalid}, {"3", invalid},
	} {
		t.Run("body "+test.body, func(t *testing.T) {
			checkAnswer(t, handler, request{method: "POST", path: base + "/agent/default/stop/t9", body: test.body}, test.want)
		})
	}
	checkAnswer(t, handler, request{method: "POST", path: base + "/agent/default/stop/a%2Fb%20c"},
		answer{200, `{"stopped":false,"message":"No active run for thread 'a/b c'."}`, nil})
}

func TestARunIsFollowedLockedAndStopped(t *testing.T) {
	begun := make(chan *agui.RunAgentInput, 1)
	server := httptest.NewServer(newRuntime(t, core.Config{Agents: agents(blocking(begun))}))
	defer server.Close()
	running := post(t, server.URL+"/agent/default/run", input)
	<-begun
	following := post(t, server.URL+"/agent/default/connect", input)

	second := post(t, server.URL+"/agent/default/run", strings.Replace(input, `"r1"`, `"r2"`, 1))
	if got, want := <-second.body, `{"error":"Thread is locked","code":"agent_thread_locked","message":"Thread already running"}`; second.StatusCode != 409 || got != want {
		t.Errorf("a second run: %d %s", second.StatusCode, got)
	}
	for _, stop := range []struct{ body, want string }{
		{`{"runId":"other"}`, `{"stopped":false,"message":"Run 'other' is not the active run for thread 't1'."}`},
		{`{"runId":"r1"}`, `{"stopped":true,"interrupt":{"type":"RUN_ERROR","message":"Run stopped by user","code":"STOPPED"}}`},
	} {
		if got := <-post(t, server.URL+"/agent/default/stop/t1", stop.body).body; got != stop.want {
			t.Errorf("stop %s: %s", stop.body, got)
		}
	}
	want := frames(started, opened, text("hi"), closed, finished)
	if got := <-running.body; got != want {
		t.Errorf("the run streamed\n%s\nwant\n%s", got, want)
	}
	if got := <-following.body; got != want {
		t.Errorf("the follower got\n%s\nwant\n%s", got, want)
	}
}

// answered is a response whose body is read to its end meanwhile.
type answered struct {
	*http.Response
	body <-chan string
}

func post(t *testing.T, url, body string) answered {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		if err != nil {
			data = append(data, err.Error()...)
		}
		read <- string(data)
	}()
	return answered{response, read}
}

func TestABodyThatIsTooLargeIsRefusedUnread(t *testing.T) {
	server := httptest.NewServer(newRuntime(t, core.Config{MaxBodyBytes: 1000}))
	defer server.Close()
	large := strings.Repeat("{", 2000) // would not parse
	for _, path := range []string{"/agent/default/run", "/agent/default/connect", "/agent/default/suggest", "/agent/default/stop/t", "/threads"} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %t", path, chunked), func(t *testing.T) {
				var body io.Reader = strings.NewReader(large)
				if chunked {
					body = io.MultiReader(body) // hides the length
				}
				response, err := http.Post(server.URL+path, "application/json", body)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				got, _ := io.ReadAll(response.Body)
				if want := `{"error":"Request body too large","code":"request_body_too_large","message":"The request body is larger than 1000 bytes."}`; response.StatusCode != 413 || string(got) != want {
					t.Errorf("got %d %s", response.StatusCode, got)
				}
			})
		}
	}
}

func TestABodyOfTheLimitIsServed(t *testing.T) {
	handler := newRuntime(t, core.Config{MaxBodyBytes: int64(len(input))})
	if got := (request{method: "POST", path: "/agent/default/run", body: input}).to(handler); got.Code != 200 {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if got := (request{method: "POST", path: "/agent/default/run", body: input + " "}).to(handler); got.Code != 413 {
		t.Errorf("one byte more: %d %s", got.Code, got.Body)
	}
}

func TestAPanicOfAnAgentEndsItsRunAlone(t *testing.T) {
	panicking := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
			panic("sk-secret")
		}
	})
	handler := newRuntime(t, core.Config{Agents: agents(panicking)})
	for _, route := range []string{"run", "suggest"} {
		got := request{method: "POST", path: "/agent/default/" + route, body: input}.to(handler)
		stream := got.Body.String()
		if got.Code != 200 || !strings.Contains(stream, closed) || !strings.Contains(stream, `{"type":"RUN_ERROR"`) || strings.Contains(stream, "sk-secret") {
			t.Errorf("%s: %d\n%s", route, got.Code, stream)
		}
	}
}

func TestARunThatOnResponseRefusesNeverBegins(t *testing.T) {
	refuse := true
	ran := false
	spy := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		ran = true
		return greeter(ctx, in)
	})
	handler := newRuntime(t, core.Config{Agents: agents(spy), Hooks: core.Hooks{
		OnResponse: func(_ *http.Request, route core.Route, _ *core.Response) error {
			if refuse && route.Name == core.RouteRun {
				return &core.HTTPError{Status: 402, Body: "Payment Required"}
			}
			return nil
		},
	}})
	run := request{method: "POST", path: "/agent/default/run", body: input}
	if got := run.to(handler); got.Code != 402 || ran {
		t.Errorf("got %d %s, the agent ran: %t", got.Code, got.Body, ran)
	}
	refuse = false
	if got := run.to(handler); got.Code != 200 || !ran {
		t.Errorf("the thread is still locked: %d %s", got.Code, got.Body)
	}
}
