package hostile_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agent/remote"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/intelligence/managed"
	"github.com/copilotkit-go/runtime/test/intelligencetest"
)

// deployment is a runtime whose threads a platform keeps, on a server.
type deployment struct {
	t        *testing.T
	platform *intelligencetest.Platform
	runtime  *core.Runtime
	server   *httptest.Server
	log      syncBuffer
	// answers is all that clients got.
	answers strings.Builder
}

// deploy starts a runtime with an agent, inside what around puts there. At its end neither
// the log nor an answer may have the project's key, and no thread may be locked.
func deploy(t *testing.T, answer agent.Agent, around func(http.Handler) http.Handler) *deployment {
	t.Helper()
	d := &deployment{t: t, platform: intelligencetest.New(t)}
	logger := slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := managed.New(managed.Options{APIKey: d.platform.Key, APIURL: d.platform.URL, WSURL: d.platform.GatewayURL, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	d.runtime, err = core.New(core.Config{
		Agents: map[string]agent.Agent{"default": answer}, Logger: logger,
		Identify:     func(r *http.Request) (access.User, error) { return access.User{ID: r.Header.Get("X-User")}, nil },
		Intelligence: &intelligence.Config{Platform: client, ServeMemories: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := http.Handler(d.runtime)
	if around != nil {
		handler = around(handler)
	}
	d.server = httptest.NewServer(handler)
	t.Cleanup(func() {
		d.server.Close()
		if err := d.runtime.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := client.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		for what, text := range map[string]string{"log": d.log.String(), "answers": d.answers.String()} {
			if strings.Contains(text, d.platform.Key) {
				t.Errorf("the %s have the key: %s", what, text)
			}
		}
	})
	return d
}

// ask sends a request in a user's name.
func (d *deployment) ask(user, method, path, body string) (status int, answer string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-User", user)
	response, err := d.server.Client().Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatalf("%s %s breaks off: %v", method, path, err)
	}
	d.answers.Write(read)
	return response.StatusCode, string(read)
}

func (d *deployment) run(user, threadID, runID string) (status int, answer string) {
	d.t.Helper()
	id, err := json.Marshal(threadID)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.ask(user, http.MethodPost, "/agent/default/run", fmt.Sprintf(
		`{"threadId":%s,"runId":%q,"messages":[{"id":"m-%s","role":"user","content":"hello"}],"tools":[],"context":[],"state":{},"forwardedProps":{}}`,
		id, runID, runID))
}

// wait waits for the runs that go on.
func (d *deployment) wait() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if err := d.runtime.Wait(ctx); err != nil {
		d.t.Fatal("runs go on: ", err)
	}
}

// gated is an agent that answers once gate is closed.
func gated(gate <-chan struct{}) agent.Func {
	return func(ctx context.Context, input *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			select {
			case <-gate:
				yield(agui.RunFinishedEvent{ThreadID: input.ThreadID, RunID: input.RunID}, nil)
			case <-ctx.Done():
			}
		}
	}
}

// open is a gate that is.
func open() <-chan struct{} {
	gate := make(chan struct{})
	close(gate)
	return gate
}

// compressor is a layer that holds back what is written until its handler has returned.
type compressor struct {
	http.ResponseWriter
	writer *gzip.Writer
}

func (c *compressor) WriteHeader(status int) {
	c.Header().Del("Content-Length")
	c.Header().Set("Content-Encoding", "gzip")
	c.ResponseWriter.WriteHeader(status)
}

func (c *compressor) Write(p []byte) (int, error) { return c.writer.Write(p) }
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func compressed(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &compressor{w, gzip.NewWriter(w)}
		handler.ServeHTTP(c, r)
		if err := c.writer.Close(); err != nil {
			panic(err)
		}
	})
}

func TestAManagedRunGoesOnBehindLayersThatHoldItsAnswerBack(t *testing.T) {
	for name, around := range map[string]func(http.Handler) http.Handler{
		"nothing":           nil,
		"a compressor":      compressed,
		"a timeout handler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "late") },
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			d := deploy(t, gated(gate), around)
			for i := range 3 { // on the same connection
				if status, answer := d.run("ann", fmt.Sprint("t", i), fmt.Sprint("r", i)); status != http.StatusOK || !strings.Contains(answer, "joinToken") {
					t.Fatalf("a run is answered %d %s", status, answer)
				}
				if status, _ := d.ask("ann", http.MethodGet, "/threads?agentId=default", ""); status != http.StatusOK {
					t.Errorf("threads are answered %d", status)
				}
			}
			close(gate)
			d.wait()
			for i := range 3 {
				if run := fmt.Sprint("r", i); !d.platform.Acked(run) {
					t.Errorf("run %s hasn't come to its end", run)
				}
			}
		})
	}
}

func TestIDsOfManagedThreadsAreNoPaths(t *testing.T) {
	d := deploy(t, gated(open()), nil)
	for i, id := range []string{"..", "../memories", "a/../b", `x\..\y`, ".", "", strings.Repeat("x", 513)} {
		for _, path := range []string{"run", "connect"} {
			body := fmt.Sprintf(`{"threadId":%q,"runId":"r%d","messages":[],"tools":[],"context":[],"state":{},"forwardedProps":{}}`, id, i)
			if status, answer := d.ask("ann", http.MethodPost, "/agent/default/"+path, body); status != http.StatusBadRequest {
				t.Errorf("%s of thread %q: %d %s", path, id, status, answer)
			}
		}
	}
	if requests := d.platform.Requests(); len(requests) > 0 {
		t.Errorf("the platform was asked for %s", requests[0].Path)
	}
	for i, id := range []string{"%2e%2e", "%2e%2e%2fmemories", "a/b", "a?b#c", "clear", "subscribe", "é\u202e", "a\x00b", "a b\r\nX: y", strings.Repeat("a/", 256)} {
		if status, answer := d.run("ann", id, fmt.Sprint("ok", i)); status != http.StatusOK {
			t.Errorf("a run of thread %q: %d %s", id, status, answer)
		}
		d.wait()
		if thread, ok := d.platform.Thread(id); !ok || thread.ID != id {
			t.Errorf("there is no thread %q", id)
		}
	}
}

func TestAManagedThreadIsItsUsersOnly(t *testing.T) {
	gate := make(chan struct{})
	d := deploy(t, gated(gate), nil)
	if status, answer := d.run("ann", "anns", "anns-run"); status != http.StatusOK {
		t.Fatal(answer)
	}
	if status, answer := d.run("bob", "bobs", "bobs-run"); status != http.StatusOK {
		t.Fatal(answer)
	}
	for _, request := range []struct{ method, path, body string }{
		{"POST", "/agent/default/run", `{"threadId":"anns","runId":"x","messages":[],"tools":[],"context":[],"state":{},"forwardedProps":{},"userId":"ann","user_id":"ann"}`},
		{"POST", "/agent/default/connect", `{"threadId":"anns","runId":"x","messages":[],"tools":[],"context":[],"state":{},"forwardedProps":{},"userId":"ann","endUserId":"ann"}`},
		{"POST", "/agent/default/stop/anns", `{}`},
		{"POST", "/agent/default/stop/anns", `{"runId":"anns-run"}`},
		{"PATCH", "/threads/anns", `{"agentId":"default","name":"bob's","userId":"ann","end_user_id":"ann"}`},
		{"PATCH", "/threads/anns?userId=ann", `{"agentId":"other","agentId":"default","name":"bob's"}`},
		{"POST", "/threads/anns/archive", `{"agentId":"default","userId":"ann"}`},
		{"DELETE", "/threads/anns", `{"agentId":"default","userId":"ann"}`},
		{"DELETE", "/threads/anns", ``},
		{"GET", "/threads/anns/messages?userId=ann", ``},
		{"GET", "/threads/anns/events?userId=ann", ``},
		{"GET", "/threads/anns/state?userId=ann", ``},
	} {
		if status, answer := d.ask("bob", request.method, request.path, request.body); status < 400 || strings.Contains(answer, "hello") {
			t.Errorf("%s %s %s: %d %s", request.method, request.path, request.body, status, answer)
		}
	}
	// Nor by way of a thread of his own.
	if status, answer := d.ask("bob", "POST", "/agent/default/stop/bobs", `{"runId":"anns-run"}`); status != http.StatusOK || !strings.Contains(answer, `"stopped":false`) {
		t.Errorf("stop of another thread's run: %d %s", status, answer)
	}
	if thread, ok := d.platform.Thread("anns"); !ok || d.platform.Lock("anns") != "anns-run" || d.platform.Ended("anns-run") {
		t.Errorf("ann's thread became %+v", thread)
	}
	close(gate)
	d.wait()
}

// A remote agent decides about the bytes of its events, and not about whose they are.
func TestARemoteAgentsEventsStayThoseOfTheirRun(t *testing.T) {
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{
			`{"type":"RUN_STARTED","threadId":"another","runId":"another"}`,
			"{\"type\":\"CUSTOM\",\"name\":\"\xff\",\"value\":1,\"thread\\u0049d\":\"another\",\"runId\":\"another\",\"metadata\":{\"cpki_event_id\":\"mine\"}," +
				"\"metadata\":{\"cpki_event_s\\u0065q\":9,\"kept\":true},\"__proto__\":{\"threadId\":\"another\"},\"thread_id\":1,\"run_id\":null}",
			`{"type":"CUSTOM","name":"large","value":"` + strings.Repeat("x", 1<<20) + `"}`,
			`{"type":"CUSTOM","name":"deep","value":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}`,
			`{"type":"CUSTOM","name":"half of a character","value":"\ud800\u0000"}`,
			`{"type":"RUN_FINISHED","threadId":"another","runId":"another"}`,
			`{"type":"CUSTOM","name":"after the end","value":1}`,
		} {
			fmt.Fprintf(w, "data: %s\n\n", event)
		}
	}))
	defer peer.Close()
	answer, err := remote.New(remote.Config{URL: peer.URL})
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, answer, nil) // whose platform refuses what is of another run
	if status, answer := d.run("ann", "thread", "run"); status != http.StatusOK {
		t.Fatal(answer)
	}
	d.wait()
	var types []string
	for _, event := range d.platform.RunEvents("run") {
		types = append(types, event.Type)
		if strings.Contains(string(event.JSON), "mine") {
			t.Errorf("an event has an id of the agent's: %s", event.JSON)
		}
	}
	if got := strings.Join(types, " "); got != "RUN_STARTED CUSTOM CUSTOM CUSTOM CUSTOM RUN_FINISHED" || !d.platform.Acked("run") {
		t.Errorf("what came is %s\n%s", got, d.log.String())
	}
}

// The platform is sent the key with everything, and may quote it.
func TestAPlatformThatQuotesTheKey(t *testing.T) {
	quoting := func(status int) intelligencetest.RouteFault {
		return intelligencetest.RouteFault{Status: status, Body: `{"error":"`, EchoKey: true}
	}
	for name, fault := range map[string]func(*intelligencetest.Platform){
		"in place of a thread": func(p *intelligencetest.Platform) { p.Fault("GET /api/threads/{id}", quoting(500)) },
		"in place of a lock":   func(p *intelligencetest.Platform) { p.Fault("POST /api/threads/{id}/lock", quoting(401)) },
		"in place of messages": func(p *intelligencetest.Platform) { p.Fault("GET /api/threads/{id}/messages", quoting(200)) },
		"when it refuses a run": func(p *intelligencetest.Platform) {
			p.SetFaults(func(f *intelligencetest.Faults) { f.JoinReject = p.Key })
		},
		"when it refuses events": func(p *intelligencetest.Platform) {
			p.SetFaults(func(f *intelligencetest.Faults) { f.RefuseEventsForGood = p.Key })
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t, gated(open()), nil)
			fault(d.platform)
			status, answer := d.run("ann", "thread", "run")
			d.wait()
			if log := d.log.String(); !strings.Contains(log, "[redacted]") && !strings.Contains(log, "it isn't JSON") {
				t.Errorf("a run was answered %d %s, and the log doesn't say why: %s", status, answer, log)
			}
			if holder := d.platform.Lock("thread"); holder != "" {
				t.Errorf("%s has the lock", holder)
			}
		})
	}
}

func TestAManagedRunThatIsGivenUpBeforeItBegins(t *testing.T) {
	type faults = intelligencetest.Faults
	asked := func(pattern string) func(*intelligencetest.Platform) bool {
		return func(p *intelligencetest.Platform) bool { return len(p.Requests(pattern)) > 0 }
	}
	hanging := func(pattern string, fault intelligencetest.RouteFault) func(*intelligencetest.Platform) {
		return func(p *intelligencetest.Platform) { p.Fault(pattern, fault) }
	}
	const threads = "/api/threads/{id}"
	for name, phase := range map[string]struct {
		hang    func(*intelligencetest.Platform)
		reached func(*intelligencetest.Platform) bool
	}{
		"while its thread is looked up": {hanging("GET "+threads, intelligencetest.RouteFault{Delay: time.Hour}), asked("GET " + threads)},
		"while its lock is given": {
			hanging("POST "+threads+"/lock", intelligencetest.RouteFault{Delay: 300 * time.Millisecond, Late: true}), asked("POST " + threads + "/lock")},
		"while its history comes": {hanging("GET "+threads+"/messages", intelligencetest.RouteFault{Flood: true}), asked("GET " + threads + "/messages")},
		"while the gateway lets it in": {
			func(p *intelligencetest.Platform) { p.SetFaults(func(f *faults) { f.JoinDelay = time.Hour }) },
			func(p *intelligencetest.Platform) bool { return len(p.Frames()) > 0 }},
	} {
		t.Run(name+", by its client", func(t *testing.T) {
			d := deploy(t, gated(open()), nil)
			phase.hang(d.platform)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			answered := make(chan error, 1)
			go func() {
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.server.URL+"/agent/default/run", strings.NewReader(
					`{"threadId":"thread","runId":"run","messages":[],"tools":[],"context":[],"state":{},"forwardedProps":{}}`))
				if err == nil {
					request.Header = http.Header{"Content-Type": {"application/json"}, "X-User": {"ann"}}
					_, err = d.server.Client().Do(request)
				}
				answered <- err
			}()
			d.platform.Await(t, "the run "+name, func() bool { return phase.reached(d.platform) })
			leave()
			if err := <-answered; err == nil {
				t.Error("it is answered")
			}
			d.wait()
			if holder := d.platform.Lock("thread"); holder != "" {
				t.Errorf("%s has the lock", holder)
			}
			if log := d.log.String(); strings.Contains(log, "level=WARN") || strings.Contains(log, "level=ERROR") {
				t.Errorf("that a client has left is logged as a failure: %s", log)
			}
		})
		t.Run(name+", by the end of the runtime", func(t *testing.T) {
			d := deploy(t, gated(open()), nil)
			phase.hang(d.platform)
			answered := make(chan int, 1)
			go func() {
				status, _ := d.run("ann", "thread", "run")
				answered <- status
			}()
			d.platform.Await(t, "the run "+name, func() bool { return phase.reached(d.platform) })
			if err := d.runtime.Close(); err != nil {
				t.Error(err)
			}
			if status := <-answered; status != http.StatusServiceUnavailable {
				t.Errorf("it is answered %d", status)
			}
			if holder := d.platform.Lock("thread"); holder != "" {
				t.Errorf("%s has the lock", holder)
			}
		})
	}
}
