package core_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

// unread is an answer that nobody reads: after the head each Write blocks, until its
// deadline where deadlines are known, or until it is released.
type unread struct {
	*httptest.ResponseRecorder
	released chan struct{}
	deadline <-chan time.Time
}

func (w *unread) Write(p []byte) (int, error) {
	select {
	case <-w.deadline:
		return 0, os.ErrDeadlineExceeded
	case <-w.released:
		return len(p), nil
	}
}

// unreadWithDeadlines knows write deadlines, as the servers' answers do.
type unreadWithDeadlines struct{ unread }

func (w *unreadWithDeadlines) SetWriteDeadline(at time.Time) error {
	w.deadline = time.After(time.Until(at))
	return nil
}

func TestARunWhoseClientReadsNothing(t *testing.T) {
	endless := func(size int) agent.Agent {
		return agent.Func(func(ctx context.Context, _ *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
			return func(yield func(agui.Event, error) bool) {
				yield(agui.TextMessageStartEvent{MessageID: "m1", Role: agui.RoleAssistant}, nil)
				for yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: strings.Repeat("x", size)}, nil) {
					time.Sleep(time.Second / 4)
				}
			}
		})
	}
	for name, test := range map[string]struct {
		agent     agent.Agent
		deadlines bool
		// limit is the platform's.
		limit time.Duration
		// recorded is when the run is recorded at the latest, with end.
		recorded time.Duration
		end      string
	}{
		"ends before the platform's deadline, after a small answer": {endless(10), true, 20 * time.Second, 19 * time.Second, "DEADLINE_EXCEEDED"},
		"ends before it after a large one":                          {endless(1 << 18), true, 20 * time.Second, 19 * time.Second, "DEADLINE_EXCEEDED"},
		"ends before it where writes have no deadlines":             {endless(10), false, 20 * time.Second, 19 * time.Second, "DEADLINE_EXCEEDED"},
		"ends before it where a large answer's writes have none":    {endless(1 << 18), false, 20 * time.Second, 19 * time.Second, "DEADLINE_EXCEEDED"},
		"is recorded when the agent is done":                        {greeter, true, 0, 0, "RUN_FINISHED"},
		"is so where writes have no deadlines":                      {greeter, false, 0, 0, "RUN_FINISHED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// A comment would wait for a lock, which holds the bubble's time.
				runtime := newRuntime(t, core.Config{Agents: agents(test.agent), KeepAlive: -1})
				ctx, cancel := context.WithCancel(t.Context())
				if test.limit > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.limit)
				}
				defer cancel()
				w := unread{ResponseRecorder: httptest.NewRecorder(), released: make(chan struct{})}
				var answer http.ResponseWriter = &w
				if test.deadlines {
					answer = &unreadWithDeadlines{w}
				}
				returned := make(chan struct{})
				go func() {
					defer close(returned)
					runtime.ServeHTTP(answer, request{method: "POST", path: "/agent/default/run", body: input}.build().WithContext(ctx))
				}()
				time.Sleep(test.recorded)
				synctest.Wait()
				if history := get(t.Context(), runtime, "/threads/t1/events").Body.String(); !strings.Contains(history, test.end) {
					t.Errorf("recorded is %.300s, want an end by %s", history, test.end)
				}
				if test.deadlines && test.limit > 0 {
					<-returned
					if ctx.Err() != nil {
						t.Error("the handler returned after the deadline")
					}
				}
				close(w.released)
				<-returned
			})
		})
	}
}
