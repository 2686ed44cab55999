package core_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

func TestConnectByGET(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	request{method: "POST", path: "/agent/default/run", body: input}.to(handler)
	whole := frames(started, opened, text("hi there"), closed, finished)
	for _, test := range []struct {
		name string
		path string
		want answer
	}{
		{"a thread", "/agent/default/connect?threadId=t1", answer{200, whole, streamHeader}},
		{"an unknown thread", "/agent/default/connect?threadId=t2", answer{200, "", streamHeader}},
		{"no thread", "/agent/default/connect", answer{400, `{"error":"Invalid request","details":"threadId: required in the query"}`, nil}},
		{"an unknown agent", "/agent/nope/connect?threadId=t1", answer{404, `{"error":"Agent not found","message":"Agent 'nope' does not exist"}`, nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkAnswer(t, handler, request{method: "GET", path: test.path}, test.want)
		})
	}
}

func TestConnectResumesForThoseWhoAsk(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	request{method: "POST", path: "/agent/default/run", body: input}.to(handler)
	plain := frames(started, opened, text("hi there"), closed, finished)
	// Six events were sent: the last is number 6 of the thread.
	numbered := frames(started, opened, text("hi there"), closed) + "id: 6\n" + frames(finished)
	rest := "id: 4\n" + frames(text(" there")) + "id: 5\n" + frames(closed) + "id: 6\n" + frames(finished)
	lastSeen := func(json string) string { return strings.Replace(input, "{", `{"lastSeenEventId":`+json+`,`, 1) }
	for _, test := range []struct {
		name   string
		method string
		query  string
		body   string
		header string
		want   string
	}{
		{"not asked", "POST", "", input, "", plain},
		{"null in the body is not asking", "POST", "", lastSeen("null"), "", plain},
		{"a number in the body is not asking", "POST", "", lastSeen("3"), "", plain},
		{"nothing seen yet, in the body", "POST", "", lastSeen(`""`), "", numbered},
		{"nothing seen yet, in the query", "GET", "&lastSeenEventId=0", "", "", numbered},
		{"an id of somebody else", "POST", "", lastSeen(`"evt_9"`), "", numbered},
		{"a negative id", "POST", "", lastSeen(`"-1"`), "", numbered},
		{"inside a joined delta, in the body", "POST", "", lastSeen(`"3"`), "", rest},
		{"inside a joined delta, in the query", "GET", "&lastSeenEventId=3", "", "", rest},
		{"inside a joined delta, in the header", "GET", "", "", "3", rest},
		{"the header wins", "GET", "&lastSeenEventId=0", "", "5", "id: 6\n" + frames(finished)},
		{"everything seen", "POST", "", lastSeen(`"6"`), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request{method: test.method, path: "/agent/default/connect?threadId=t1" + test.query, body: test.body}
			if test.header != "" {
				r.header = http.Header{"Last-Event-Id": {test.header}}
			}
			checkAnswer(t, handler, r, answer{200, test.want, streamHeader})
		})
	}
}

func TestConnectGoesOnWhereARunsStreamBrokeOff(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	run := func(runID, query string) request {
		body := strings.Replace(input, `"r1"`, `"`+runID+`"`, 1)
		return request{method: "POST", path: "/agent/default/run" + query, body: body}
	}
	first := run("r1", "").to(handler)
	if strings.Contains(first.Body.String(), "id: ") {
		t.Errorf("ids that nobody asked for: %s", first.Body)
	}
	// The first run's events have the numbers 1 to 6.
	second := run("r2", "?lastSeenEventId=0").to(handler).Body.String()
	begun, rest, found := strings.Cut(second, "id: 10\n")
	if !found || !strings.HasPrefix(begun, "id: 7\ndata: {\"type\":\"RUN_STARTED\"") {
		t.Fatalf("the second run's stream is %s", second)
	}
	resumed := request{method: "GET", path: "/agent/default/connect?threadId=t1", header: http.Header{"Last-Event-Id": {"9"}}}
	checkAnswer(t, handler, resumed, answer{200, "id: 10\n" + rest, streamHeader})
}

func TestAFollowerThatComesAgainMissesNothing(t *testing.T) {
	const deltas = 50
	proceed := make(chan struct{})
	counting := agent.Func(func(_ context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1"}, nil)
			for i := range deltas {
				<-proceed
				if !yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: fmt.Sprintf("<%d>", i)}, nil) {
					return
				}
			}
		}
	})
	server := httptest.NewServer(newRuntime(t, core.Config{Agents: agents(counting)}))
	defer server.Close()
	running := post(t, server.URL+"/agent/default/run", input)

	got, last := "", "0"
	for i := range deltas {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/agent/default/connect?threadId=t1&lastSeenEventId="+last, nil)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		proceed <- struct{}{}
		delta := fmt.Sprintf("<%d>", i)
		for event, err := range agui.ReadSSE(response.Body, 1<<20) {
			if err != nil {
				t.Fatal(err)
			}
			if event.ID == "" {
				t.Errorf("an event without an id: %s", event.Data)
			}
			last = event.ID
			if encoded, err := agui.ParseEncoded(event.Data); err != nil {
				t.Error(err)
			} else if e, _ := encoded.Decode(); e != nil {
				if content, ok := e.(agui.TextMessageContentEvent); ok {
					got += content.Delta
					if content.Delta == delta {
						break
					}
				}
			}
		}
		cancel()
		response.Body.Close()
	}
	<-running.body
	want := ""
	for i := range deltas {
		want += fmt.Sprintf("<%d>", i)
	}
	if got != want {
		t.Errorf("followed %s\nwant %s", got, want)
	}
}

// elsewhere is an agent that keeps threads of its own.
type elsewhere struct {
	agent.Agent
	connect func(yield func(agui.Event, error) bool)
}

func (e elsewhere) Connect(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
	return e.connect
}

func TestConnectAsksAnAgentThatKeepsThreads(t *testing.T) {
	head := frames(`{"type":"RUN_STARTED","threadId":"t1","runId":"old"}`, opened, text("old"))
	history := func(end func(yield func(agui.Event, error) bool)) func(yield func(agui.Event, error) bool) {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.RunStartedEvent{ThreadID: "t1", RunID: "old"}, nil)
			yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
			yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "old"}, nil)
			end(yield)
		}
	}
	for _, test := range []struct {
		name    string
		connect func(yield func(agui.Event, error) bool)
		want    string
	}{
		{"that knows it", history(func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil)
			yield(agui.RunFinishedEvent{ThreadID: "t1", RunID: "old"}, nil)
		}), head + frames(closed, `{"type":"RUN_FINISHED","threadId":"t1","runId":"old"}`)},
		{"that doesn't", func(func(agui.Event, error) bool) {}, ""},
		{"that fails with a message", history(func(yield func(agui.Event, error) bool) {
			yield(nil, &agent.Error{Code: "gone", Message: "It is gone"})
		}), head + frames(`{"type":"RUN_ERROR","message":"It is gone","code":"gone"}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{Agents: agents(elsewhere{greeter, test.connect})})
			connect := request{method: "POST", path: "/agent/default/connect", body: input}
			checkAnswer(t, handler, connect, answer{200, test.want, streamHeader})
			if got := (request{method: "GET", path: "/threads"}).to(handler).Body.String(); got != `{"threads":[],"nextCursor":null}` {
				t.Errorf("asking left a trace: %s", got)
			}
			// A thread of this runtime's own is shown from its store.
			request{method: "POST", path: "/agent/default/run", body: input}.to(handler)
			checkAnswer(t, handler, connect, answer{200, frames(started, opened, text("hi there"), closed, finished), streamHeader})
		})
	}
	for name, connect := range map[string]func(yield func(agui.Event, error) bool){
		"an error": func(yield func(agui.Event, error) bool) { yield(nil, errors.New("sk-secret")) },
		"a panic":  func(func(agui.Event, error) bool) { panic("sk-secret") },
	} {
		t.Run("that fails with "+name, func(t *testing.T) {
			handler := newRuntime(t, core.Config{Agents: agents(elsewhere{greeter, connect})})
			got := request{method: "POST", path: "/agent/default/connect", body: input}.to(handler).Body.String()
			if !strings.Contains(got, "RUN_ERROR") || strings.Contains(got, "sk-secret") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestConnectAsksNoAgentForThreadsThatHaveOwners(t *testing.T) {
	handler := newRuntime(t, core.Config{
		Agents: agents(elsewhere{greeter, func(yield func(agui.Event, error) bool) {
			yield(agui.RunStartedEvent{ThreadID: "t1", RunID: "somebody's"}, nil)
		}}),
		Identify: func(*http.Request) (access.User, error) { return access.User{ID: "ann"}, nil },
	})
	checkAnswer(t, handler, request{method: "POST", path: "/agent/default/connect", body: input}, answer{200, "", streamHeader})
}

func TestThreadRoutesShowFinishedRunsAndWhatTheLiveOneWasAsked(t *testing.T) {
	begun := make(chan *agui.RunAgentInput, 1)
	stateful := agent.Func(func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		if in.RunID == "r2" {
			return blocking(begun)(ctx, in)
		}
		return func(yield func(agui.Event, error) bool) {
			for _, event := range []agui.Event{
				agui.StateSnapshotEvent{Snapshot: []byte(`{"n":1}`)},
				agui.StateDeltaEvent{Delta: []byte(`[{"op":"replace","path":"/n","value":2}]`)},
				agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant},
				agui.TextMessageContentEvent{MessageID: "m1", Delta: "a <b> & c"},
				agui.TextMessageEndEvent{MessageID: "m1"},
				agui.ToolCallStartEvent{ToolCallID: "c1", ToolCallName: "look", ParentMessageID: "m1"},
				agui.ToolCallArgsEvent{ToolCallID: "c1", Delta: "{}"},
				agui.ToolCallEndEvent{ToolCallID: "c1"},
				agui.ToolCallResultEvent{MessageID: "m2", ToolCallID: "c1", Content: "seen", Role: agui.RoleTool},
			} {
				if !yield(event, nil) {
					return
				}
			}
		}
	})
	server := httptest.NewServer(newRuntime(t, core.Config{Agents: agents(stateful)}))
	defer server.Close()
	asked := strings.Replace(input, `"messages":[]`, `"messages":[{"id":"u1","role":"user","content":[{"type":"text","text":"hey"}]}]`, 1)
	<-post(t, server.URL+"/agent/default/run", asked).body
	asked = strings.NewReplacer(`"r1"`, `"r2"`, `[{"id":"u1"`, `[{"id":"u2","role":"user","content":"more"},{"id":"u1"`).Replace(asked)
	live := post(t, server.URL+"/agent/default/run", asked)
	<-begun
	awaitStored(t, server.URL, "/agent/default/connect?threadId=t1", `"runId":"r2"`)
	for path, want := range map[string]string{
		"/threads/t1/messages": `{"messages":[{"id":"u1","role":"user","content":[{"type":"text","text":"hey"}]},` +
			`{"id":"m1","role":"assistant","content":"a <b> & c","toolCalls":[{"id":"c1","name":"look","args":"{}"}]},` +
			`{"id":"m2","role":"tool","content":"seen","toolCallId":"c1"},` +
			`{"id":"u2","role":"user","content":"more"}]}`,
		"/threads/t1/state": `{"state":{"n":2}}`,
	} {
		if got := get(t.Context(), server.Config.Handler, path).Body.String(); got != want {
			t.Errorf("GET %s\n  %s\nwant\n  %s", path, got, want)
		}
	}
	events := get(t.Context(), server.Config.Handler, "/threads/t1/events").Body.String()
	if !strings.HasPrefix(events, `{"events":[{"type":"RUN_STARTED"`) || strings.Contains(events, `"r2"`) || !strings.HasSuffix(events, "]}") {
		t.Errorf("events: %s", events)
	}
	listed := get(t.Context(), server.Config.Handler, "/threads?agentId=default").Body.String()
	if !strings.Contains(listed, `"lastRunAt":"20`) {
		t.Errorf("threads: %s", listed)
	}
	<-post(t, server.URL+"/agent/default/stop/t1", "").body
	<-live.body
}

// awaitStored follows a stream until it has sent what is in the store then.
func awaitStored(t *testing.T, server, path, text string) {
	t.Helper()
	response, err := http.Get(server + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("%s ended without %s", path, text)
}

// unreadable is a store that knows its threads and can't read them.
type unreadable struct{ store.Store }

func (unreadable) Read(context.Context, store.Key, int64, bool) (store.Page, error) {
	return store.Page{}, fmt.Errorf("the disk is full: %w", store.ErrUnavailable)
}

func TestAThreadThatCanNotBeReadIsNotShownAsAnEmptyOne(t *testing.T) {
	threads := memory.New(memory.Limits{})
	defer threads.Close()
	if got := (request{method: "POST", path: "/agent/default/run", body: input}).to(newRuntime(t, core.Config{Store: threads})); got.Code != http.StatusOK {
		t.Fatalf("the run is answered with %d %s", got.Code, got.Body)
	}
	got := get(t.Context(), newRuntime(t, core.Config{Store: unreadable{threads}}), "/agent/default/connect?threadId=t1")
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), `"code":"store_unavailable"`) {
		t.Errorf("got %d %q", got.Code, got.Body)
	}
}
