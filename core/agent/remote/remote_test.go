package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/core/agui"
)

func TestEventsPassThroughAsTheyWereSent(t *testing.T) {
	sent := []string{
		`{"type":"RUN_STARTED","threadId":"t1","runId":"r1","newField":{"kept":[1, 2]}}`,
		`{"runId":"r1","delta":"<b> \u00e9","messageId":"m1","type":"TEXT_MESSAGE_CHUNK"}`,
		`{"type":"RUN_FINISHED","threadId":"t1","runId":"r1","result":1.50}`,
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		io.WriteString(w, ": hello\r\n\r\nevent: message\r\n")
		for _, event := range sent {
			io.WriteString(w, "data: "+event+"\r\n\r\n")
		}
	})
	events, err := collect(newAgent(t, remote.Config{URL: server.URL}).Run(t.Context(), input(t)))
	if err != nil {
		t.Fatal(err)
	}
	for i, event := range events {
		if got := string(event.(agui.Encoded).JSON()); got != sent[i] {
			t.Errorf("event %d is %s, sent was %s", i, got, sent[i])
		}
	}
	if len(events) != len(sent) {
		t.Errorf("got %d events of %d", len(events), len(sent))
	}
}

func TestTheRequestCarriesTheWholeInputAndTheRightHeaders(t *testing.T) {
	var got *http.Request
	var body []byte
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, body = r, readAll(t, r.Body)
	})
	configured := newAgent(t, remote.Config{URL: server.URL + "/run?x=1", Headers: map[string]string{"authorization": "Bearer server"}})
	ctx := agent.WithForwardedHeaders(t.Context(), http.Header{
		"Authorization": {"Bearer browser"},
		"X-Tenant":      {"acme"},
	})
	if _, err := collect(configured.Run(ctx, input(t))); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Authorization": "Bearer server",
		"X-Tenant":      "acme",
		"Accept":        "text/event-stream",
		"Content-Type":  "application/json",
	}
	for name, value := range want {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != value {
			t.Errorf("header %s is %q, want %q", name, values, value)
		}
	}
	if got.Method != "POST" || got.URL.String() != "/run?x=1" {
		t.Errorf("the request was %s %s", got.Method, got.URL)
	}
	assertSameJSON(t, body, inputJSON)
}

func TestCancellingClosesTheConnectionToTheRemoteAgent(t *testing.T) {
	left := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for event, err := range newAgent(t, remote.Config{URL: server.URL}).Run(ctx, input(t)) {
		if err != nil {
			t.Fatalf("a cancelled run yields no error, got %v", err)
		}
		if event.EventType() != agui.EventTypeRunStarted {
			t.Fatalf("got %s", event.EventType())
		}
		cancel()
	}
	await(t, left)
}

func TestAReaderThatStopsClosesTheConnection(t *testing.T) {
	left := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	})
	for range newAgent(t, remote.Config{URL: server.URL}).Run(t.Context(), input(t)) {
		break
	}
	await(t, left)
}

func TestEventsOfANewerProtocolAreLeftOut(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n")
		io.WriteString(w, "data: {\"type\":\"SOMETHING_NEW\",\"x\":1}\n\n")
		io.WriteString(w, "data: {\"type\":\"RUN_FINISHED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n")
	})
	var got []agui.EventType
	for event, err := range newAgent(t, remote.Config{URL: server.URL}).Run(t.Context(), input(t)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event.EventType())
	}
	if want := []agui.EventType{agui.EventTypeRunStarted, agui.EventTypeRunFinished}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFailuresHaveACodeAndASafeMessage(t *testing.T) {
	const secret = "sk-secret-value"
	cases := []struct {
		name   string
		code   string
		answer http.HandlerFunc
	}{
		{"an HTTP error", remote.CodeStatus, func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, secret, http.StatusBadGateway)
		}},
		{"a page in HTML", remote.CodeProtocol, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, secret)
		}},
		{"protobuf though it was declined", remote.CodeProtocol, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.ag-ui.event+proto")
		}},
		{"something that is no event", remote.CodeProtocol, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data: {\"key\":\""+secret+"\"}\n\n")
		}},
		{"an event larger than allowed", remote.CodeBroken, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data: {\"type\":\"RAW\",\"event\":\""+strings.Repeat(secret, 1000)+"\"}\n\n")
		}},
		{"a connection that breaks off", remote.CodeBroken, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\ndata: {\"ty")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"a connection that is closed in the middle of an event", remote.CodeBroken, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\ndata: {\"ty")
		}},
		{"a redirect to another host", remote.CodeUnreachable, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/?key="+secret, http.StatusTemporaryRedirect)
		}},
		{"a connection that is never answered", remote.CodeUnreachable, func(w http.ResponseWriter, r *http.Request) {
			panic(http.ErrAbortHandler)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server := serve(t, c.answer)
			failing := newAgent(t, remote.Config{URL: server.URL + "/?token=" + secret, MaxEventBytes: 4 << 10})
			_, err := collect(failing.Run(t.Context(), input(t)))
			var failure *agent.Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, want an *agent.Error", err)
			}
			if failure.Code != c.code {
				t.Errorf("code is %s, want %s (%v)", failure.Code, c.code, err)
			}
			if strings.Contains(failure.Message, secret) {
				t.Errorf("the message for the client quotes the remote agent: %s", failure.Message)
			}
		})
	}
}

func TestTheLogGetsNoSecretThatAnErrorQuotes(t *testing.T) {
	// As a proxy's page for debugging does it: the whole request.
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "can't handle %s %s at http://%s%s\n", r.Method, r.URL, r.Host, r.URL)
		r.Header.Write(w)
		io.WriteString(w, strings.Repeat("and more ", 1000))
	})
	configured := newAgent(t, remote.Config{
		URL:     server.URL + "/agents/0123456789?api_key=topsecret",
		Headers: map[string]string{"X-Api-Key": "configured-key"},
	})
	ctx := agent.WithForwardedHeaders(t.Context(), http.Header{"Authorization": {"Bearer browser-token"}})
	_, err := collect(configured.Run(ctx, input(t)))
	if err == nil || !strings.Contains(err.Error(), "can't handle POST") || !strings.Contains(err.Error(), "Accept: text/event-stream") {
		t.Fatalf("the error doesn't quote the answer: %v", err)
	}
	for _, secret := range []string{"topsecret", "0123456789", "configured-key", "browser-token"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s is in the error: %v", secret, err)
		}
	}
	if len(err.Error()) > 4<<10 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}

	server.Close()
	_, err = collect(configured.Run(ctx, input(t)))
	if err == nil || strings.Contains(err.Error(), "topsecret") || strings.Contains(err.Error(), "0123456789") {
		t.Errorf("the address of a server that is away: %v", err)
	}
}

// A RUN_ERROR is what the remote agent says to its clients.
func TestARunErrorOfTheRemoteAgentPassesAsItIs(t *testing.T) {
	const sent = `{"type":"RUN_ERROR","message":"no credit left on key sk-1234567890","code":"CREDIT"}`
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: "+sent+"\n\n")
	})
	events, err := collect(newAgent(t, remote.Config{URL: server.URL}).Run(t.Context(), input(t)))
	if err != nil || len(events) != 1 || string(events[0].(agui.Encoded).JSON()) != sent {
		t.Errorf("got %v, %v", events, err)
	}
}

func TestHeadersThatCanNotBeSentAreRefused(t *testing.T) {
	for name, value := range map[string]string{
		"":            "value",
		"X Key":       "value",
		"X-Key:":      "value",
		"X-Line\n":    "value",
		"X-Key":       "secret\r\nX-Other: value",
		"X-Other-Key": "secret\x00",
	} {
		_, err := remote.New(remote.Config{URL: "http://127.0.0.1/", Headers: map[string]string{name: value}})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestConnectAsksTheRemoteAgentForItsHistory(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/connect" {
			t.Errorf("asked %s", r.URL.Path)
		}
		io.WriteString(w, "data: {\"type\":\"MESSAGES_SNAPSHOT\",\"messages\":[]}\n\n")
	})
	with := newAgent(t, remote.Config{URL: server.URL + "/run", ConnectURL: server.URL + "/connect"})
	events, err := collect(with.Connect(t.Context(), input(t)))
	if err != nil || len(events) != 1 || events[0].EventType() != agui.EventTypeMessagesSnapshot {
		t.Errorf("got %v and %v", events, err)
	}
	without := newAgent(t, remote.Config{URL: server.URL + "/run"})
	if events, err := collect(without.Connect(t.Context(), input(t))); err != nil || len(events) != 0 {
		t.Errorf("without a ConnectURL: got %v and %v", events, err)
	}
}

func TestABadURLIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, url := range []string{"", "localhost:8000", "ftp://host/", "https:///path", "http://user:secret@[bad"} {
		_, err := remote.New(remote.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

const inputJSON = `{"threadId":"t1","runId":"r1","parentRunId":"r0","state":{"n":1},
	"messages":[{"id":"m1","role":"user","content":[{"type":"text","text":"hi"}],"later":true}],
	"tools":[{"name":"f","description":"d","parameters":{"type":"object"}}],
	"context":[{"description":"d","value":"v"}],"forwardedProps":{"a":null},
	"resume":[{"interruptId":"i1","status":"resolved","payload":{"ok":true}}],"unknown":[1]}`

func input(t *testing.T) *agui.RunAgentInput {
	t.Helper()
	in, err := agui.UnmarshalRunAgentInput([]byte(inputJSON))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func newAgent(t *testing.T, config remote.Config) *remote.Agent {
	t.Helper()
	a, err := remote.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func collect(events func(func(agui.Event, error) bool)) ([]agui.Event, error) {
	var all []agui.Event
	for event, err := range events {
		if err != nil {
			return all, err
		}
		all = append(all, event)
	}
	return all, nil
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return data
}

func assertSameJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Errorf("the remote agent got\n%s\nwant\n%s", x, y)
	}
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the remote agent was not told within 30 s")
	}
}

// BenchmarkRun is the cost of one event on its way through.
func BenchmarkRun(b *testing.B) {
	const run = 1000
	answer := "data: {\"type\":\"RUN_STARTED\",\"threadId\":\"t1\",\"runId\":\"r1\"}\n\n" +
		strings.Repeat("data: {\"type\":\"TEXT_MESSAGE_CHUNK\",\"messageId\":\"m1\",\"delta\":\"some words \"}\n\n", run)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for part := range slices.Chunk([]byte(answer), 200) {
			w.Write(part)
			w.(http.Flusher).Flush()
		}
	}))
	b.Cleanup(server.Close)
	remoteAgent, err := remote.New(remote.Config{URL: server.URL})
	if err != nil {
		b.Fatal(err)
	}
	in := &agui.RunAgentInput{ThreadID: "t1", RunID: "r1"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := collect(remoteAgent.Run(b.Context(), in)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/run, "ns/event")
}
