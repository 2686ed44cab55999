package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// pausing yields "hi" after each pause.
func pausing(pauses ...time.Duration) agent.Func {
	return func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
			for _, pause := range pauses {
				time.Sleep(pause)
				yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "hi"}, nil)
			}
			yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil)
			yield(agui.RunFinishedEvent{ThreadID: "t1", RunID: "r1"}, nil)
		}
	}
}

func TestASilentStreamIsKeptAlive(t *testing.T) {
	const comment = ": keep-alive\n\n"
	for _, test := range []struct {
		name      string
		keepAlive time.Duration
		pauses    []time.Duration
		want      string
	}{
		{"by default every 15 seconds", 0, []time.Duration{40 * time.Second},
			frames(started, opened) + comment + comment + frames(text("hi"), closed, finished)},
		{"counted from the last event", 0, []time.Duration{10 * time.Second, 10 * time.Second, 16 * time.Second},
			frames(started, opened, text("hi"), text("hi")) + comment + frames(text("hi"), closed, finished)},
		{"as often as set", 30 * time.Second, []time.Duration{40 * time.Second},
			frames(started, opened) + comment + frames(text("hi"), closed, finished)},
		{"not at all when it is off", -1, []time.Duration{time.Hour},
			frames(started, opened, text("hi"), closed, finished)},
	} {
		for _, route := range []string{"run", "connect"} {
			t.Run(test.name+", "+route, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					handler := newRuntime(t, core.Config{Agents: agents(pausing(test.pauses...)), KeepAlive: test.keepAlive})
					r := request{method: "POST", path: "/agent/default/" + route, body: input}
					var wait sync.WaitGroup
					if route == "connect" {
						wait.Go(func() { request{method: "POST", path: "/agent/default/run", body: input}.to(handler) })
						synctest.Wait()
					}
					if got := r.to(handler).Body.String(); got != test.want {
						t.Errorf("got\n%s\nwant\n%s", got, test.want)
					}
					wait.Wait()
				})
			})
		}
	}
}

// bare is a ResponseWriter that can nothing but write.
type bare struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *bare) Header() http.Header         { return b.header }
func (b *bare) WriteHeader(status int)      { b.status = status }
func (b *bare) Write(p []byte) (int, error) { return b.body.Write(p) }

func TestAStreamNeedsNoMoreThanAResponseWriter(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	w := &bare{header: http.Header{}}
	handler.ServeHTTP(w, request{method: "POST", path: "/agent/default/run", body: input}.build())
	if want := frames(started, opened, text("hi"), text(" there"), closed, finished); w.status != 200 || w.body.String() != want {
		t.Errorf("got %d\n%s", w.status, &w.body)
	}
}

// recording is a ResponseWriter that notes in which order it is used.
type recording struct {
	bare
	calls []string
}

func (r *recording) Write(p []byte) (int, error) {
	r.calls = append(r.calls, fmt.Sprintf("write %.30s", p))
	return r.bare.Write(p)
}

func (r *recording) FlushError() error {
	r.calls = append(r.calls, "flush")
	return nil
}

func (r *recording) SetReadDeadline(deadline time.Time) error {
	r.calls = append(r.calls, fmt.Sprint("read deadline off: ", deadline.IsZero()))
	return nil
}

func (r *recording) SetWriteDeadline(deadline time.Time) error {
	call := "no deadline"
	if !deadline.IsZero() {
		call = fmt.Sprint("deadline in ", time.Until(deadline))
	}
	r.calls = append(r.calls, call)
	return nil
}

func TestEachEventIsFlushedUnderADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := newRuntime(t, core.Config{
			Agents: agents(pausing(time.Second, 7*time.Second)), WriteTimeout: 20 * time.Second,
		})
		w := &recording{bare: bare{header: http.Header{}}}
		handler.ServeHTTP(w, request{method: "POST", path: "/agent/default/run", body: input}.build())
		// What comes in a burst may be sent together: only what the pauses part is certain.
		calls := strings.Join(w.calls, "\n")
		for _, want := range []string{
			"read deadline off: true\ndeadline in 20s\nwrite data: {\"type\":\"RUN_STARTED\"", // with the head
			"flush\nwrite data: {\"type\":\"TEXT_MESSAGE_CO\nflush\ndeadline in 20s\nwrite",   // there are 19 s left, and then 12
			"deadline in 20s\nwrite data: {\"type\":\"TEXT_MESSAGE_CO\nflush",
			"flush\nno deadline",
		} {
			if !strings.Contains(calls, want) {
				t.Errorf("calls\n%s\nlack\n%s", calls, want)
			}
		}
		if writes, flushes := strings.Count(calls, "write "), strings.Count(calls, "flush"); flushes != writes {
			t.Errorf("%d flushes for %d writes", flushes, writes)
		}
	})
}

func TestAClientThatDoesNotReadCannotHoldARun(t *testing.T) {
	large := strings.Repeat("x", 1<<16)
	const deltas = 256 // 16 MiB: more than any socket buffers
	flooding := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			yield(agui.TextMessageStartEvent{MessageID: "m1"}, nil)
			for range deltas {
				if !yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: large}, nil) {
					return
				}
			}
		}
	})
	after := make(chan core.Answer, 1)
	server := httptest.NewServer(newRuntime(t, core.Config{
		Agents: agents(flooding), WriteTimeout: 100 * time.Millisecond,
		Hooks: core.Hooks{AfterRequest: func(_ *http.Request, answer core.Answer) error { after <- answer; return nil }},
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /agent/default/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(input), input)
	select {
	case outcome := <-after:
		if n := len(outcome.Messages[0].Content.Text()); n != deltas*len(large) {
			t.Errorf("the run made %d bytes, want %d", n, deltas*len(large))
		}
	case <-time.After(time.Minute):
		t.Fatal("the run never ended")
	}
}

func TestDebugEventsShowWhatRunsSend(t *testing.T) {
	server := httptest.NewServer(newRuntime(t, core.Config{
		Development: true,
		Identify: func(r *http.Request) (access.User, error) {
			return access.User{ID: r.Header.Get("X-User")}, nil
		},
	}))
	t.Cleanup(server.Close) // after the watchers have left
	watch := func(user string) iter.Seq2[string, error] {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/cpk-debug-events", nil)
		r.Header.Set("X-User", user)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		for name, want := range streamHeader {
			if got := response.Header.Get(name); got != want && name != "Connection" {
				t.Errorf("header %s: %q, want %q", name, got, want)
			}
		}
		first := make([]byte, len(": connected\n\n"))
		if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != ": connected\n\n" {
			t.Fatalf("began with %q, %v", first, err)
		}
		return func(yield func(string, error) bool) {
			for event, err := range agui.ReadSSE(response.Body, 1<<20) {
				if !yield(string(event.Data), err) {
					return
				}
			}
		}
	}
	anonymous, ann := watch(""), watch("ann")
	<-post(t, server.URL+"/agent/default/suggest", strings.Replace(input, `"t1"`, `"hidden"`, 1)).body
	<-post(t, server.URL+"/agent/default/run", input).body
	<-post(t, server.URL+"/agent/default/connect", input).body
	want := []string{started, opened, text("hi"), text(" there"), closed, finished, started, opened, text("hi there"), closed, finished}
	n := 0
	for data, err := range anonymous {
		if err != nil {
			t.Fatal(err)
		}
		head, tail := `{"timestamp":1`, `,"agentId":"default","threadId":"t1","runId":"r1","event":`+want[n]+`}`
		if !strings.HasPrefix(data, head) || !strings.HasSuffix(data, tail) {
			t.Errorf("event %d: %s\nwant %s…%s", n, data, head, tail)
		}
		if n++; n == len(want) {
			break
		}
	}
	// Ann saw nothing of it: the first she gets is her own.
	r, _ := http.NewRequest("POST", server.URL+"/agent/default/run", strings.NewReader(strings.Replace(input, `"t1"`, `"anns"`, 1)))
	r.Header.Set("X-User", "ann")
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for data := range ann {
		if !strings.Contains(data, `"threadId":"anns"`) {
			t.Errorf("ann got %s", data)
		}
		break
	}
}

// stuck is a ResponseWriter whose writes after the first wait.
type stuck struct {
	bare
	mu      sync.Mutex
	writes  int
	release chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.writes++
	first := s.writes == 1
	s.mu.Unlock()
	if !first {
		<-s.release
	}
	return s.bare.Write(p)
}

func TestASlowDebugWatcherHoldsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deltas = 5000
		chatty := agent.Func(func(context.Context, *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				yield(agui.TextMessageStartEvent{MessageID: "m1"}, nil)
				for range deltas {
					yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "x"}, nil)
				}
			}
		})
		handler := newRuntime(t, core.Config{Agents: agents(chatty), Development: true, KeepAlive: -1})
		ctx, cancel := context.WithCancel(t.Context())
		watcher := &stuck{bare: bare{header: http.Header{}}, release: make(chan struct{})}
		var wait sync.WaitGroup
		wait.Go(func() {
			handler.ServeHTTP(watcher, httptest.NewRequest("GET", "/cpk-debug-events", nil).WithContext(ctx))
		})
		synctest.Wait()
		request{method: "POST", path: "/agent/default/run", body: input}.to(handler)
		close(watcher.release)
		synctest.Wait()
		cancel()
		wait.Wait()
		seen, dropped := strings.Count(watcher.body.String(), "data: "), 0
		for _, comment := range regexp.MustCompile(`: (\d+) events dropped`).FindAllStringSubmatch(watcher.body.String(), -1) {
			n, _ := strconv.Atoi(comment[1])
			dropped += n
		}
		if dropped == 0 {
			t.Error("nothing tells of dropped events")
		}
		// The run's and the message's start and end are around the deltas.
		if seen+dropped != deltas+4 {
			t.Errorf("%d seen and %d dropped of %d", seen, dropped, deltas+4)
		}
	})
}

// failing is a ResponseWriter whose client is gone.
type failing struct{ bare }

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestARunGoesOnWithoutItsClient(t *testing.T) {
	handler := newRuntime(t, core.Config{})
	handler.ServeHTTP(&failing{bare{header: http.Header{}}}, request{method: "POST", path: "/agent/default/run", body: input}.build())
	checkAnswer(t, handler, request{method: "POST", path: "/agent/default/connect", body: input},
		answer{200, frames(started, opened, text("hi there"), closed, finished), streamHeader})
}
