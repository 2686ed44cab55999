package core_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/internal/runner"
	"github.com/copilotkit-go/runtime/core/store"
)

func TestAnOutageOfTheStoreIsWarnedOfOnceAMinuteForEachCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		down := &unreachable{}
		handler := newRuntime(t, core.Config{Store: down, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		failing := func(cause error) {
			for i := range 5 {
				// What is being done differs with each request.
				down.err = fmt.Errorf("read thread %d: %w: %w", i, store.ErrUnavailable, cause)
				checkStatus(t, request{method: "GET", path: "/threads"}.to(handler).Code, 503)
				checkStatus(t, request{method: "POST", path: "/agent/default/run", body: input}.to(handler).Code, 503)
			}
		}
		check := func(when string, lines int) {
			t.Helper()
			if n := strings.Count(log.String(), "the store can't be reached"); n != lines || strings.Count(log.String(), "\n") != lines {
				t.Errorf("%s there are %d lines, want %d:\n%s", when, n, lines, &log)
			}
		}
		refused := fmt.Errorf("dial tcp 10.0.0.1:6379: %w", syscall.ECONNREFUSED)
		failing(refused)
		check("after failures of one cause", 1)
		if !strings.Contains(log.String(), "dial tcp 10.0.0.1:6379: connection refused") || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("the cause is missing: %s", &log)
		}
		failing(errors.New("NOAUTH Authentication required"))
		check("after another cause", 2)
		time.Sleep(time.Minute - 1)
		failing(refused)
		check("within the minute", 2)
		time.Sleep(time.Nanosecond)
		failing(refused)
		check("after a minute", 3)
	})
}

func TestWhatIsNoOutageIsNotWarnedOf(t *testing.T) {
	var log bytes.Buffer
	handler := newRuntime(t, core.Config{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	checkStatus(t, request{method: "DELETE", path: "/threads/nope", body: `{"agentId":"default"}`}.to(handler).Code, 404)
	checkStatus(t, request{method: "POST", path: "/transcribe", body: "{}"}.to(handler).Code, 503)
	if log.Len() > 0 {
		t.Errorf("logged: %s", &log)
	}
}

func checkStatus(t *testing.T, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("status %d, want %d", got, want)
	}
}

func TestTheEndOfARunWhoseThreadWasDeletedIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		begun := make(chan *agui.RunAgentInput, 1)
		handler := newRuntime(t, core.Config{Agents: agents(blocking(begun)), Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
		answered := make(chan string, 1)
		go func() {
			answered <- request{method: "POST", path: "/agent/default/run", body: input}.to(handler).Body.String()
		}()
		<-begun
		checkStatus(t, request{method: "DELETE", path: "/threads/t1", body: `{"agentId":"default"}`}.to(handler).Code, 200)
		if answer := <-answered; !strings.Contains(answer, runner.CodeLeaseLost) {
			t.Errorf("the run ends with %s", answer)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "lease lost") {
			t.Errorf("%d lines:\n%s", n, &log)
		}
	})
}
