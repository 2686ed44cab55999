package main

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
)

const runInput = `{"threadId":"t1","runId":"r1","state":{},"messages":[],"tools":[],"context":[],"forwardedProps":{}}`

// flooding returns an agent that yields a number of deltas as fast as they are taken,
// each after a pause.
func flooding(deltas int, pause time.Duration) agent.Func {
	return func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			more := yield(agui.TextMessageStartEvent{MessageID: "m1"}, nil)
			for i := 0; more && i < deltas && ctx.Err() == nil; i++ {
				time.Sleep(pause)
				more = yield(agui.TextMessageContentEvent{MessageID: "m1", Delta: "x"}, nil)
			}
			if more && ctx.Err() == nil {
				_ = yield(agui.TextMessageEndEvent{MessageID: "m1"}, nil) && yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
			}
		}
	}
}

func runRequest(ctx context.Context) *http.Request {
	r := httptest.NewRequest("POST", "/agent/default/run", strings.NewReader(runInput)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestARunEndsInGoodOrderThoughNobodyReadsItsAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		deadline, by time.Duration
		deltas       int
		pause        time.Duration
		end          string
	}{
		"before the instance's deadline": {10 * time.Second, 9 * time.Second, 1 << 30, time.Millisecond, "DEADLINE_EXCEEDED"},
		"at the write timeout, without":  {0, 30 * time.Second, 10, 0, "RUN_FINISHED"},
		"at the write timeout before it": {15 * time.Minute, 30 * time.Second, 10, 0, "RUN_FINISHED"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runtime, err := core.New(core.Config{
					Agents: map[string]agent.Agent{"default": flooding(test.deltas, test.pause)},
					Logger: slog.New(slog.DiscardHandler),
					// It would wait for the stuck write at a mutex, where the bubble's time stands still.
					KeepAlive: -1,
				})
				if err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if test.deadline > 0 {
					limited, cancel := context.WithTimeout(ctx, test.deadline)
					defer cancel()
					ctx = limited
				}
				began := time.Now()
				answer := stream(runtime, runRequest(ctx))
				if _, err := answer.Read(make([]byte, 10)); err != nil {
					t.Fatal(err)
				}
				<-answer.done
				if took := time.Since(began); took > test.by {
					t.Errorf("the handler returned after %s, want %s at most", took, test.by)
				}
				if err := answer.Close(); err != nil {
					t.Error(err)
				}
				history := httptest.NewRecorder()
				runtime.ServeHTTP(history, httptest.NewRequest("GET", "/threads/t1/events", nil))
				if !strings.Contains(history.Body.String(), test.end) {
					t.Errorf("recorded is %s, want an end by %s", history.Body, test.end)
				}
			})
		})
	}
}

func TestAnAnswerWithoutWriteDeadlinesEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failure error
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for failure == nil {
				_, failure = io.WriteString(w, "more")
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		answer := stream(handler, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		<-answer.done
		if err := ctx.Err(); err != nil || failure == nil {
			t.Errorf("it ended with %v, and the instance's time with %v", failure, err)
		}
	})
}

func TestAWriteDeadlineThatIsExtendedInTimeHarmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			controller := http.NewResponseController(w)
			for _, text := range []string{"one ", "two ", "three"} {
				if err := controller.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
					t.Error(err)
				}
				if _, err := io.WriteString(w, text); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
			}
			if _, err := io.WriteString(w, " late"); err == nil {
				t.Error("a write after the deadline went through")
			}
		})
		answer := stream(handler, httptest.NewRequest("GET", "/", nil))
		if text, err := io.ReadAll(answer); string(text) != "one two three" || err != nil {
			t.Errorf("read %q, %v", text, err)
		}
		if err := answer.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNoHeaderOfAConnectionLeavesTheFunction(t *testing.T) {
	runtime, err := core.New(core.Config{Agents: map[string]agent.Agent{"default": flooding(1, 0)}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	answer := stream(runtime, runRequest(t.Context()))
	defer answer.Close()
	if _, err := io.Copy(io.Discard, answer); err != nil {
		t.Fatal(err)
	}
	if answer.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the answer has the headers %v", answer.header)
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Transfer-Encoding"} {
		if value, ok := answer.header[name]; ok {
			t.Errorf("%s: %s", name, value)
		}
	}
}
